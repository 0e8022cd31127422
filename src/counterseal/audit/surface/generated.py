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
from counterseal.audit.surface.model import Route
from counterseal.audit.surface.program import Func
from counterseal.audit.surface.router import Mounted
from counterseal.audit.surface.routes import make_route
from counterseal.audit.surface.values import Value, const

_METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace")


def generated_routes(m: Machine, routes: Sequence[Route]) -> Iterator[Route]:
    """What frameworks add by themselves."""
    taken = {(r.method, r.path) for r in routes}
    for made in m.registrations:
        if made.kind == "made" and made.owner.extra == "app":
            for path, kind, name in _added(made):
                if ("GET", path) not in taken:
                    yield Route(
                        "GET",
                        path,
                        kind,
                        m.know.framework(made.name),
                        made.owner.site,
                        name,
                        made.place,
                        (),
                        Flow(name, made.place),
                        None,
                    )
    made_here = {r.owner.site for r in m.registrations if r.kind == "made"}
    for r in m.registrations:
        if (
            r.kind == "include"
            and r.child is not None
            and r.child.site not in made_here
            and r.child.kind in ("inst", "unknown")
            and r.child.name
        ):
            prefix = r.options.get("prefix") or r.child.item("url_prefix") or r.child.item("0")
            if prefix is not None and isinstance(prefix.const, str) and ("GET", prefix.const.rstrip("/") + "/") not in taken:
                # A router that a library made: what it answers below its prefix only the running application knows.
                yield Route(
                    "GET",
                    prefix.const.rstrip("/") + "/",
                    RouteKind.GENERATED,
                    m.know.framework(r.name),
                    r.owner.site,
                    r.child.name,
                    r.place,
                    (),
                    Flow(r.child.name, r.place),
                    None,
                )
    for r in m.registrations:
        if (
            r.kind == "mount"
            and r.child is not None
            and r.child.extra == "static"
            and isinstance(r.path, Value)
            and isinstance(r.path.const, str)
        ):
            path = r.path.const.rstrip("/") + "/{path:path}"
            yield Route(
                "GET",
                path,
                RouteKind.STATIC,
                m.know.framework(r.name),
                r.owner.site,
                "StaticFiles",
                r.place,
                (),
                Flow("StaticFiles", r.place),
                None,
            )


def _added(made: Registration) -> Iterator[tuple[str, RouteKind, str]]:
    if made.name.rpartition(".")[2] == "FastAPI":
        schema = _option(made.options.get("openapi_url"), "/openapi.json")
        if not schema:
            return
        yield schema, RouteKind.GENERATED, "FastAPI.openapi"
        docs = _option(made.options.get("docs_url"), "/docs")
        if docs:
            yield docs, RouteKind.GENERATED, "FastAPI.swagger_ui"
            yield f"{docs.rstrip('/')}/oauth2-redirect", RouteKind.GENERATED, "FastAPI.swagger_ui_redirect"
        redoc = _option(made.options.get("redoc_url"), "/redoc")
        if redoc:
            yield redoc, RouteKind.GENERATED, "FastAPI.redoc"
    elif made.name.rpartition(".")[2] == "Flask":
        folder = made.options.get("static_folder")
        if folder is None or not (folder.is_const and folder.const is None):
            url = _option(made.options.get("static_url_path"), "/static")
            yield f"{url.rstrip('/')}/<path:filename>", RouteKind.STATIC, "Flask.static"


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
            out += _operations(m, path, text, document, loaders[0], problems)
    return out, problems


def _load(path: str, text: bytes, problems: list[NotChecked]) -> Any:
    try:
        return json.loads(text) if path.endswith(".json") else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as error:
        problems.append(NotChecked(path, f"not a readable document: {type(error).__name__}", path))
        return None


def _operations(
    m: Machine, file: str, text: bytes, document: dict[str, Any], loader: Registration, problems: list[NotChecked]
) -> Iterator[Route]:
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
                problems.append(
                    NotChecked(
                        f"{verb.upper()} {full}", f"its handler {name or '(none)'} was not found in the program", file, line
                    )
                )
                yield Route(
                    verb.upper(),
                    full,
                    RouteKind.HTTP,
                    "connexion",
                    loader.owner.site,
                    name,
                    Place(file, line),
                    (),
                    Flow(name, Place(file, line)),
                    None,
                )
