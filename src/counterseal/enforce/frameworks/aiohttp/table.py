"""aiohttp's routing table: every way into an application, and what holds for all of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from aiohttp import hdrs, web
from aiohttp.abc import AbstractView
from aiohttp.web_urldispatcher import PrefixedSubAppResource, SystemRoute

from counterseal.enforce.core.adapter import Entry
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.errors import ContractError
from counterseal.enforce.frameworks.aiohttp.answers import problem


def entries(app: web.Application) -> list[Entry]:
    """See `Adapter.entries`."""
    return list(_walk(app))


def _walk(app: web.Application) -> Iterator[Entry]:
    if type(app.router) is not web.UrlDispatcher:
        raise ContractError(f"a router of a kind that is not known: {type(app.router).__qualname__}")
    for resource in app.router.resources():
        if isinstance(resource, PrefixedSubAppResource):
            # Applications chosen by domain are of this class too.
            yield from _walk(resource.get_info()["app"])
            continue
        found = False
        for route in resource:
            found = True
            yield from _of(route.method, resource.canonical, route.handler, static=isinstance(resource, web.StaticResource))
        if not found and not isinstance(resource, (web.PlainResource, web.DynamicResource)):
            yield Entry("*", resource.canonical, None, "opaque")


def _of(method: str, path: str, handler: Any, *, static: bool) -> Iterator[Entry]:
    if static:
        yield Entry(method, path, None, "static")
    elif isinstance(handler, type) and issubclass(handler, web.View):
        for name in sorted(hdrs.METH_ALL) if method == hdrs.METH_ANY else (method,):
            function = getattr(handler, name.lower(), None)
            if function is not None:
                yield Entry(name, path, plain(function))
    elif isinstance(handler, type) and issubclass(handler, AbstractView):
        yield Entry(method, path, None, "opaque")
    else:
        yield Entry(method, path, plain(handler))


def endpoint(request: web.Request) -> Any:
    """The function that a request is for: for a view, its method's."""
    handler: Any = request.match_info.handler
    if isinstance(handler, type):
        handler = getattr(handler, request.method.lower(), None)
    return plain(handler)


def plain(function: Any) -> Any:
    """A function without what it is bound to."""
    while True:
        if isinstance(function, partial):
            function = function.func
        elif hasattr(function, "__func__"):
            function = function.__func__
        else:
            return function


def enclose(app: web.Application, admits: Callable[[Entry], bool]) -> None:
    """See `Adapter.enclose`.

    Raises:
        ContractError: the application runs already.
    """

    @web.middleware
    async def closed(request: web.Request, handler: Any) -> web.StreamResponse:
        route = request.match_info.route
        if isinstance(route, SystemRoute) or all(map(admits, _matched(request))):
            answer: web.StreamResponse = await handler(request)
            return answer
        denial = Denied(503, "unavailable", "the route was added after sealing")
        return problem(503, json.dumps(denial.problem()).encode(), {"Cache-Control": "no-store"})

    try:
        app.middlewares.insert(0, closed)
    except RuntimeError:
        raise ContractError("the application runs already", "seal it before the server starts") from None


def _matched(request: web.Request) -> list[Entry]:
    """The entry that a request has been matched with; a view without such a method answers 405 by itself."""
    route = request.match_info.route
    resource = route.resource
    path = "" if resource is None else resource.canonical
    found = list(_of(route.method, path, route.handler, static=isinstance(resource, web.StaticResource)))
    mine = [entry for entry in found if entry.method in (request.method, hdrs.METH_ANY)]
    return mine or [entry for entry in found if entry.endpoint is not None][:1]
