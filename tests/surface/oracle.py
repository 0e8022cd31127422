"""Imports applications and prints the routing tables that its framework has built: ``oracle.py FOLDER=module:app ...``."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

VERBS = ("get", "head", "post", "put", "patch", "delete", "options", "trace")


def flask_routes(app: Any) -> Iterator[tuple[str, str]]:
    """Every rule of ``url_map`` without the methods that werkzeug and Flask add by themselves."""
    for rule in app.url_map.iter_rules():
        methods = set(rule.methods or ())
        if "GET" in methods:
            methods.discard("HEAD")
        if rule.provide_automatic_options:
            methods.discard("OPTIONS")
        for method in methods:
            yield method, rule.rule


def starlette_routes(routes: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every route of a Starlette or FastAPI application, mounts included."""
    for route in expanded(routes):
        path = prefix + route.path
        child: Any = getattr(route, "app", None)
        if "Mount" in type(getattr(route, "original_route", route)).__name__ and hasattr(child, "routes"):
            yield from starlette_routes(child.routes, path)
        elif type(child).__name__ == "StaticFiles":
            yield "GET", f"{path}/{{path:path}}"
        elif "WebSocket" in type(getattr(route, "original_route", route)).__name__:
            yield "WEBSOCKET", path
        else:
            methods = set(getattr(route, "methods", None) or ())
            if not methods and isinstance(getattr(route, "endpoint", None), type):
                methods = {v.upper() for v in VERBS if hasattr(route.endpoint, v)}
            if "GET" in methods:
                methods.discard("HEAD")
            for method in methods:
                yield method, path


def litestar_routes(app: Any) -> Iterator[tuple[str, str]]:
    """Every route of a Litestar application without what it adds for documents and for OPTIONS."""
    for route in app.routes:
        kind = type(route).__name__
        if kind == "HTTPRoute":
            handlers = [h for h in route.route_handlers if h.fn.__module__.partition(".")[0] != "litestar"]
            for handler in handlers:
                yield from ((str(getattr(method, "value", method)), route.path) for method in handler.http_methods)
        elif kind == "WebSocketRoute":
            yield "WEBSOCKET", route.path
        else:
            yield "ANY", route.path


def aiohttp_routes(app: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every route of an aiohttp application, those of applications inside it included."""
    for resource in app.router.resources():
        inner = getattr(resource, "_app", None)
        if inner is not None:
            yield from aiohttp_routes(inner)
            continue
        path = resource.canonical
        if type(resource).__name__ == "StaticResource":
            yield "GET", f"{path}/{{path:path}}"
            continue
        for route in resource:
            if isinstance(route.handler, type):
                yield from ((verb.upper(), path) for verb in VERBS if hasattr(route.handler, verb))
            elif route.method == "*":
                yield from ((verb, path) for verb in ("GET", "POST", "PUT", "PATCH", "DELETE"))
            elif route.method != "HEAD" or len(list(resource)) == 1:
                yield route.method, path


def expanded(routes: Any) -> Iterator[Any]:
    """Routes of included routers one by one: newer versions of FastAPI keep them in one entry."""
    try:
        from fastapi.routing import iter_route_contexts
    except ImportError:
        yield from routes
        return
    yield from iter_route_contexts(routes)


def routes_of(app: Any) -> Iterator[tuple[str, str]]:
    """The routes of an application of any of the frameworks."""
    if type(app).__name__ == "Litestar":
        return litestar_routes(app)
    if type(app).__module__.startswith("aiohttp"):
        return aiohttp_routes(app)
    return flask_routes(app) if hasattr(app, "url_map") else starlette_routes(app.routes)


def table(folder: Path, where: str) -> list[tuple[str, str]]:
    """The routing table of the application ``module:attribute`` in ``folder``."""
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        module, _, name = where.partition(":")
        made = getattr(importlib.import_module(module), name.removesuffix("()"))
        app = made() if name.endswith("()") else made
        app = getattr(app, "app", app) if type(app).__module__.startswith("connexion") else app
        return sorted(set(routes_of(app)))
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", "") or "").startswith(str(folder)):
                del sys.modules[name]
        importlib.invalidate_caches()


def main() -> None:
    """Print the table of every application given as ``folder=module:attribute``, by folder."""
    found = {}
    for given in sys.argv[1:]:
        folder, _, where = given.partition("=")
        found[folder] = table(Path(folder), where)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
