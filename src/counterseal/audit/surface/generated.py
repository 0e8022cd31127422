"""Routes that no handler of the program stands behind: documentation pages, static files, OpenAPI-first operations."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from counterseal.audit.findings import Place
from counterseal.audit.result import NotChecked, RouteKind
from counterseal.audit.surface.core import Registration
from counterseal.audit.surface.flow import Flow
from counterseal.audit.surface.inject import Machine
from counterseal.audit.surface.listed import sequence
from counterseal.audit.surface.model import Route
from counterseal.audit.surface.program import Func
from counterseal.audit.surface.router import Mounted, text_of
from counterseal.audit.surface.routes import make_route
from counterseal.audit.surface.values import Value, const

_METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace")


def generated_routes(m: Machine, routes: Sequence[Route], prefixes: Mapping[str, Sequence[str]]) -> Iterator[Route]:
    """What frameworks add by themselves; ``prefixes``: below which paths each application is reached, by its site."""
    taken = {(r.method, r.path) for r in routes}
    for made in m.registrations:
        if made.kind == "made" and made.owner.extra == "app":
            for prefix in prefixes.get(made.owner.site, ()):
                for path, kind, name in _added(made):
                    if ("GET", prefix + path) not in taken:
                        yield _route(m, made, prefix + path, kind, name)
        for item in sequence(made.options.get("routes")) if made.kind == "made" else ():
            below = item.item("path") or item.item("0")
            if item.extra == "static" and below is not None:
                for prefix in prefixes.get(made.owner.site, ("",)):
                    yield _route(m, made, prefix + text_of(below).rstrip("/") + "/{path:path}", RouteKind.STATIC, item.name)
    yield from _made_by_libraries(m, taken)
    for r in m.registrations:
        static = (r.child is not None and r.child.extra == "static") or "fixed:static" in r.options
        if r.kind == "mount" and static and isinstance(r.path, Value):
            for prefix in prefixes.get(r.owner.site, ("",)):
                path = prefix + text_of(r.path).rstrip("/") + "/{path:path}"
                yield _route(m, r, path, RouteKind.STATIC, "StaticFiles")


def _route(m: Machine, r: Registration, path: str, kind: RouteKind, name: str) -> Route:
    return Route("GET", path, kind, m.know.framework(r.name), r.owner.site, name, r.place, (), Flow(name, r.place), None)


def _made_by_libraries(m: Machine, taken: set[tuple[str, str]]) -> Iterator[Route]:
    """Routers that libraries made: what they answer below their prefix only the running application knows."""
    made_here = {r.owner.site for r in m.registrations if r.kind == "made"}
    for r in m.registrations:
        child = r.child
        if r.kind != "include" or child is None or child.site in made_here or child.kind not in ("inst", "unknown"):
            continue
        prefix = r.options.get("prefix") or child.item("url_prefix") or child.item("0")
        if child.name and prefix is not None and isinstance(prefix.const, str):
            path = prefix.const.rstrip("/") + "/"
            if ("GET", path) not in taken:
                yield _route(m, r, path, RouteKind.GENERATED, child.name)


def _added(made: Registration) -> Iterator[tuple[str, RouteKind, str]]:
    if made.name.rpartition(".")[2] == "FastAPI":
        schema = _option(made.options.get("openapi_url"), "/openapi.json")
        if not schema:
            return
        yield schema, RouteKind.GENERATED, "FastAPI.openapi"
        docs = _option(made.options.get("docs_url"), "/docs")
        if docs:
            yield docs, RouteKind.GENERATED, "FastAPI.swagger_ui"
            yield "/docs/oauth2-redirect", RouteKind.GENERATED, "FastAPI.swagger_ui_redirect"
        redoc = _option(made.options.get("redoc_url"), "/redoc")
        if redoc:
            yield redoc, RouteKind.GENERATED, "FastAPI.redoc"
    elif "fixed:pages" in made.options:
        yield from _pages(made)
    elif made.name.rpartition(".")[2] == "Flask":
        folder = made.options.get("static_folder")
        if folder is None or not (folder.is_const and folder.const is None):
            url = _option(made.options.get("static_url_path"), "/static")
            yield f"{url.rstrip('/')}/<path:filename>", RouteKind.STATIC, "Flask.static"


def _pages(made: Registration) -> Iterator[tuple[str, RouteKind, str]]:
    """Pages that an application serves below one path unless it is told not to."""
    given = made.options.get("openapi")
    if given is not None and given.is_const and given.const is None:
        return
    root, *pages = str(made.options["fixed:pages"].const).split()
    chosen = _option(given.item("path") if given is not None else None, root)
    for page in ("", *pages):
        yield chosen.rstrip("/") + page, RouteKind.GENERATED, "openapi"


def _option(value: Value | None, default: str) -> str:
    if value is None:
        return default
    if value.kind == "text" and isinstance(value.items, list):
        return "".join(p if isinstance(p, str) else str(p.const) if p.is_const else "{unknown}" for p in value.items)
    if value.is_const:
        return str(value.const) if value.const else ""
    return default


def openapi_routes(m: Machine, routes: Sequence[Route], documents: Mapping[str, bytes]) -> tuple[list[Route], list[NotChecked]]:
    """Operations of OpenAPI-first applications: routes that stand only in a document that the program loads."""
    out: list[Route] = []
    problems: list[NotChecked] = []
    loaders = [r for r in m.registrations if r.kind == "view-adder" or (r.kind == "made" and r.owner.extra == "openapi-app")]
    if not loaders:
        return out, problems
    for path, text in sorted(documents.items()):
        if not path.endswith((".yaml", ".yml", ".json")):
            continue
        document = _load(path, text, problems)
        if (
            isinstance(document, dict)
            and isinstance(document.get("paths"), dict)
            and ("openapi" in document or "swagger" in document)
        ):
            out += _operations(m, path, text, document, loaders[0])
    return out, problems


def _load(path: str, text: bytes, problems: list[NotChecked]) -> Any:
    try:
        return json.loads(text) if path.endswith(".json") else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as error:
        problems.append(NotChecked(path, f"not a readable document: {type(error).__name__}", path))
        return None


def _operations(m: Machine, file: str, text: bytes, document: dict[str, Any], loader: Registration) -> Iterator[Route]:
    base = str(document.get("basePath") or "")
    for url in document.get("servers") or ():
        if isinstance(url, dict) and str(url.get("url", "")).startswith("/"):
            base = str(url["url"])
    lines = text.decode("utf-8", "replace").split("\n")
    for path, operations in document["paths"].items():
        for verb, operation in operations.items() if isinstance(operations, dict) else ():
            if verb not in _METHODS or not isinstance(operation, dict):
                continue
            name = ".".join(x for x in (operation.get("x-openapi-router-controller"), operation.get("operationId")) if x)
            target = m.program.dotted(name) if name else None
            line = next((i for i, row in enumerate(lines, 1) if str(operation.get("operationId", path)) in row), 1)
            full = base.rstrip("/") + path
            if isinstance(target, Func):
                registration = Registration(
                    "route",
                    loader.owner,
                    Place(file, line),
                    const(full),
                    (verb.upper(),),
                    Value(kind="func", ref=target),
                    name=loader.name,
                )
                yield make_route(
                    m, Mounted(registration, "", (), (), loader.owner), verb.upper(), full, Value(kind="func", ref=target), None
                )
            else:
                why = f"its handler {name or '(none)'} was not found in the program"
                yield Route(
                    verb.upper(),
                    full,
                    RouteKind.HTTP,
                    "connexion",
                    loader.owner.site,
                    name,
                    Place(file, line),
                    (),
                    Flow(name, Place(file, line), gave_up=(why,), failed=True),
                    None,
                )
