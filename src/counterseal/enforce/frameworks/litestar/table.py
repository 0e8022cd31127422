"""Litestar's routing table: every way into an application, and what holds for all of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from litestar import Litestar
from litestar.handlers import ASGIRouteHandler, BaseRouteHandler, HTTPRouteHandler, WebsocketRouteHandler
from litestar.routes import ASGIRoute, HTTPRoute, WebSocketRoute

from counterseal.enforce.contract.guard import MARK, Guard
from counterseal.enforce.core.adapter import Adapter, Entry
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.errors import ContractError
from counterseal.enforce.frameworks.litestar.answers import PROBLEM, Refusal, refused
from counterseal.enforce.frameworks.litestar.exchange import LOOP, Connection, LitestarExchange
from counterseal.enforce.frameworks.litestar.signature import plain


def entries(app: Litestar) -> list[Entry]:
    """See `Adapter.entries`."""
    found = []
    seen: set[int] = set()
    for route in app.routes:
        for method, handler in _handlers(route):
            seen.add(id(handler))
            entry = _entry(method, route.path_format, handler)
            if entry is not None:
                found.append(entry)
    missed = [handler for handler in _matchable(app) if id(handler) not in seen]
    if missed:
        raise ContractError(f"Litestar's router matches {missed[0]}, which is in none of the application's routes")
    return found


def _handlers(route: Any) -> Iterator[tuple[str, BaseRouteHandler]]:
    if isinstance(route, HTTPRoute):
        for method, (handler, _) in route.route_handler_map.items():
            yield str(method), handler
    elif isinstance(route, WebSocketRoute):
        yield "WEBSOCKET", route.route_handler
    elif isinstance(route, ASGIRoute):
        yield "*", route.route_handler
    else:
        raise ContractError(f"a route of a kind that is not known: {type(route).__qualname__}")


def _matchable(app: Litestar) -> Iterator[BaseRouteHandler]:
    """The handlers that the router itself would find."""
    nodes = [app.asgi_router.root_route_map_node]
    known: set[int] = set()
    while nodes:
        node = nodes.pop()
        if id(node) in known:
            continue
        known.add(id(node))
        nodes.extend(node.children.values())
        for _, handler in node.asgi_handlers.values():
            yield handler


def _entry(method: str, path: str, handler: BaseRouteHandler) -> Entry | None:
    """What a handler is; ``None``: Litestar's own answer to OPTIONS, which runs nothing of the application."""
    endpoint = plain(handler.fn)
    module = getattr(endpoint, "__module__", None) or ""
    if isinstance(handler, ASGIRouteHandler):
        return Entry(method, path, endpoint, "static" if handler.is_static else "opaque")
    if method == "OPTIONS" and module == "litestar.routes.http":
        return None
    if module.startswith("litestar.static_files"):
        return Entry(method, path, endpoint, "static")
    if module.startswith(("litestar._openapi", "litestar.openapi")):
        return Entry(method, path, endpoint, "generated")
    return Entry(method, path, endpoint)


def bind(adapter: Adapter, app: Litestar) -> None:
    """Have contracts admit callers before Litestar reads what they sent, also on routes that are still to come.

    Raises:
        ContractError: a route under contract keeps its answers in a cache.
    """

    async def admission(connection: Connection, handler: BaseRouteHandler) -> None:
        guard = getattr(plain(handler.fn), MARK, None)
        scope = cast("dict[str, Any]", connection.scope)
        if isinstance(guard, Guard) and scope["type"] == "http":
            scope[LOOP] = asyncio.get_running_loop()
            await guard.admit(adapter, LitestarExchange(connection))

    for route in app.routes:
        for _, handler in _handlers(route):
            uncached(handler)
            first(handler, admission)
    app.guards.insert(0, admission)
    app.exception_handlers[Refusal] = refused


def uncached(handler: BaseRouteHandler) -> None:
    """Whether a route runs its function for every caller.

    Raises:
        ContractError: it keeps answers in a cache, and would give one caller's to the next.
    """
    if isinstance(handler, HTTPRouteHandler) and handler.cache and hasattr(plain(handler.fn), MARK):
        raise ContractError(
            f"{handler} keeps its answers in a cache, where no contract is asked", "leave cache= out, and cache data instead"
        )


def first(handler: BaseRouteHandler, guard: Any) -> None:
    """Put a guard ahead of all others of a route: Litestar's guards run before anything is read of the request."""
    guards = handler.resolve_guards()
    if guard not in guards:
        guards.insert(0, guard)


def enclose(app: Litestar, admits: Callable[[Entry], bool]) -> None:
    """See `Adapter.enclose`. Guards of the application hold for each route that is registered from now on."""

    async def closed(connection: Connection, handler: BaseRouteHandler) -> None:
        scope = cast("dict[str, Any]", connection.scope)
        kind = "WEBSOCKET" if isinstance(handler, WebsocketRouteHandler) else str(scope.get("method", "*"))
        entry = _entry(kind, str(scope.get("path_template", "")), handler)
        if entry is None or admits(entry):
            return
        denial = Denied(503, "unavailable", "the route was added after sealing")
        raise Refusal(503, json.dumps(denial.problem()).encode(), {"Cache-Control": "no-store", "Content-Type": PROBLEM})

    for route in app.routes:
        for _, handler in _handlers(route):
            first(handler, closed)
    app.guards.insert(0, closed)
    app.exception_handlers[Refusal] = refused


def document(app: Litestar, describe: Callable[[Any], Mapping[str, Any] | None]) -> None:
    """See `Adapter.document`. Litestar makes its document once, and serves that very object."""
    from litestar._openapi.plugin import OpenAPIPlugin

    if app.openapi_config is None:
        return
    paths = app.plugins.get(OpenAPIPlugin).provide_openapi_schema().get("paths", {})
    for route in app.routes:
        operations = paths.get(route.path_format or "/", {})
        for method, handler in _handlers(route):
            operation = operations.get(method.lower())
            said = None if operation is None else describe(plain(handler.fn))
            if said is not None:
                _merge(operation, said)


def _merge(document: dict[str, Any], said: Mapping[str, Any]) -> None:
    for name, value in said.items():
        known = document.get(name)
        if isinstance(known, dict) and isinstance(value, Mapping):
            _merge(known, value)
        else:
            document[name] = value
