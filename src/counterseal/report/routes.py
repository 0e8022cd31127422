"""The route table of ``counterseal routes``: text for people, JSON for programs, OpenAPI for API tools."""

from __future__ import annotations

import re
from typing import Any

from rich.text import Text

from counterseal.audit.result import AuditResult, RouteKind, RouteReport
from counterseal.guarantees import Cell, Guarantee, State
from counterseal.report.clean import encodable, visible
from counterseal.report.jsontext import dump
from counterseal.report.layout import place
from counterseal.report.output import ReportError
from counterseal.report.summary import cell, summarize
from counterseal.report.terminal import STATE_STYLES, Page, columns, wants_color
from counterseal.report.version import VERSION
from counterseal.report.vocabulary import count

FORMATS = ("text", "json", "openapi")
"""The names that `render_routes` knows."""

Json = dict[str, Any]


def render_routes(
    result: AuditResult,
    format: str,  # noqa: A002 - the word that users type
    *,
    color: bool | None = None,
    width: int | None = None,
    encoding: str = "utf-8",
) -> str:
    """Return the route table of ``result`` in one of `FORMATS`; the other arguments are those of ``counterseal.report.render``.

    Raises:
        ReportError: there is no such format.

    """
    match format:
        case "text":
            page = Page(columns() if width is None else width, color=wants_color() if color is None else color)
            return encodable(_text(page, result), encoding)
        case "json":
            return dump([route_object(route) for route in result.routes])
        case "openapi":
            return dump(openapi(result))
        case _:
            raise ReportError(f"there is no route table format {format!r}. Choose one of: {', '.join(FORMATS)}.")


def route_object(route: RouteReport) -> Json:
    """Return one route as the JSON object that ``audit.schema.json`` describes. Every guarantee is in it."""
    cells = {guarantee.value: cell(route, guarantee) for guarantee in Guarantee}
    return {
        "method": route.method,
        "path": route.path,
        "handler": route.handler,
        "file": route.file,
        "line": route.line,
        "kind": route.kind.value,
        "framework": route.framework,
        "guarantees": {name: one.state.value for name, one in cells.items()},
        "evidence": {name: _evidence(one) for name, one in cells.items() if one.evidence},
    }


def _evidence(one: Cell) -> list[Json]:
    return [{"file": item.file, "line": item.line, "why": item.why} for item in one.evidence]


def _text(page: Page, result: AuditResult) -> str:
    if not result.routes:
        page.line(("No routes found: ", "bold white on red"), "nothing can be said about this application.")
    method = max((len(visible(route.method)) for route in result.routes), default=0)
    for route in result.routes:
        page.paragraph(Text(visible(route.path)), label=Text(visible(route.method).ljust(method) + " ", style="bold"))
        kind = "" if route.kind is RouteKind.HTTP else f"  {route.kind.value}"
        at = f"{place(visible(route.file), route.line)}  {visible(route.handler)}  {visible(route.framework)}{kind}"
        page.paragraph(Text(at, style="dim"), indent=method + 1)
        page.paragraph(_states(route), indent=method + 1)
    summary = summarize(result)
    unchecked = f", {count(len(summary.unchecked), 'thing')} not checked" if summary.unchecked else ""
    page.line((count(len(result.routes), "route") + unchecked, "bold"))
    return page.text()


def _states(route: RouteReport) -> Text:
    """Return the route's guarantees by state, best first; what is not asked for is left to the JSON."""
    text = Text()
    for state in State:
        names = [guarantee.value for guarantee in Guarantee if cell(route, guarantee).state is state]
        if names and state is not State.NOT_REQUIRED:
            text.append("; " if text else "").append(state.value, STATE_STYLES[state]).append(f": {', '.join(names)}")
    return text or Text("nothing is asked of it", style="dim")


# OpenAPI -----------------------------------------------------------------------------------------------------------------------

_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
_PARAMETER = re.compile(
    r"<(?:(?P<flask>[\w.]+)(?:\([^)]*\))?:)?(?P<flask_name>\w+)>"
    r"|\(\?P<(?P<regex_name>\w+)>(?:[^()]|\([^()]*\))*\)"
    r"|\{(?P<name>\w+)(?::(?P<starlette>[^{}]*))?\}"
)
_SCHEMAS: dict[str, Json] = {
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "uuid": {"type": "string", "format": "uuid"},
}


def openapi(result: AuditResult) -> Json:
    """Return the discovered HTTP routes as an OpenAPI 3.1.0 document.

    Each operation carries ``x-counterseal``: the route's object of the JSON table. Paths that differ only in the names of their
    parameters are one path to OpenAPI: the first spelling is kept. What OpenAPI cannot express (WebSockets, methods of its own,
    a second handler of the same operation) stands in ``x-counterseal-other-routes``: no route is lost.
    """
    paths: dict[str, Json] = {}
    spelling: dict[str, str] = {}
    others = []
    for route in result.routes:
        path, parameters = normalise(route.path)
        method = route.method.lower()
        path = spelling.setdefault(re.sub(r"\{\w+\}", "{}", path), path)
        if method not in _METHODS or method in paths.get(path, {}):
            others.append(route_object(route))
            continue
        item = paths.setdefault(path, {"parameters": _parameters(path, parameters)} if "{" in path else {})
        item[method] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Routes of {result.root}",
            "version": "0",
            "description": f"Read from the code by Counterseal {VERSION}; the application was not run.",
        },
        "paths": dict(sorted(paths.items())),
        "x-counterseal-other-routes": others,
    }


def normalise(path: str) -> tuple[str, dict[str, str]]:
    """Return ``path`` with every parameter as ``{name}``, and the converter that each parameter was declared with."""
    parameters: dict[str, str] = {}

    def replace(match: re.Match[str]) -> str:
        name = match["flask_name"] or match["regex_name"] or match["name"]
        while name in parameters:  # OpenAPI wants unique names in one path
            name += "_"
        parameters[name] = match["flask"] or match["starlette"] or ""
        return f"{{{name}}}"

    normal = _PARAMETER.sub(replace, path)
    return ("/" + normal.strip("^$").lstrip("/")), parameters


def _parameters(path: str, converters: dict[str, str]) -> list[Json]:
    names = re.findall(r"\{(\w+)\}", path)
    return [
        {"name": name, "in": "path", "required": True, "schema": _SCHEMAS.get(converters.get(name, ""), {"type": "string"})}
        for name in names
    ]


def _operation(route: RouteReport) -> Json:
    return {
        "summary": route.handler,
        "responses": {"default": {"description": "Not described: the application was read, not run."}},
        "x-counterseal": route_object(route),
    }
