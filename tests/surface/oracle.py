"""Imports an application and prints the routing table that its framework has built: ``oracle.py module:app``."""

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
        child = getattr(route, "app", None)
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


def expanded(routes: Any) -> Iterator[Any]:
    """Routes of included routers one by one: newer versions of FastAPI keep them in one entry."""
    try:
        from fastapi.routing import iter_route_contexts
    except ImportError:
        yield from routes
        return
    yield from iter_route_contexts(routes)


def main() -> None:
    """Print the table as JSON."""
    sys.path.insert(0, str(Path.cwd()))
    module, _, name = sys.argv[1].partition(":")
    made = getattr(importlib.import_module(module), name.removesuffix("()"))
    app = made() if name.endswith("()") else made
    app = getattr(app, "app", app) if type(app).__module__.startswith("connexion") else app
    found = flask_routes(app) if hasattr(app, "url_map") else starlette_routes(app.routes)
    json.dump(sorted(set(found)), sys.stdout)


if __name__ == "__main__":
    main()
