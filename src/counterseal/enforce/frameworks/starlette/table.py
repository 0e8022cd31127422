"""The routing table of an application, walked: every route, mount and router that a request could be handed to."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.routing import Host, Mount, Route, Router, WebSocketRoute
from starlette.staticfiles import StaticFiles

from counterseal.enforce.core.adapter import Entry
from counterseal.enforce.core.errors import ContractError

Key = tuple[int, str, str]
"""By what a matched route is told apart: the identity of what it runs, its own template, and the method."""
ANY = "*"
SOCKET = "WEBSOCKET"
_BELOW = "/{path:path}"
_GENERATED = ("fastapi.applications", "FastAPI.setup.")
_MIDDLEWARE = ("starlette.middleware.", "fastapi.middleware.")
_MAX_DEPTH = 32


@dataclass(eq=False, slots=True)
class Leaf:
    """A route that answers by itself."""

    view: Any
    """The route, or what stands for it in the router that includes it; ``None``: it cannot be asked by a made-up request."""
    kept: Any
    """What must not be freed while its identity tells routes apart."""
    keys: frozenset[Key]
    entries: tuple[Entry, ...]


@dataclass(eq=False, slots=True)
class Branch:
    """A router, with all that it can hand a request to."""

    router: Router
    prefix: str
    """The template of everything that it is mounted in."""
    app: Starlette | None = None
    """The application whose router it is; ``None``: a router by itself."""
    leaves: list[Leaf] = field(default_factory=list)
    mounts: list[Mounted] = field(default_factory=list)

    def walk(self) -> Iterator[Branch]:
        """Every router of the table, the outermost first."""
        yield self
        for mounted in self.mounts:
            if mounted.branch is not None:
                yield from mounted.branch.walk()

    @property
    def entries(self) -> Iterator[Entry]:
        """Every way in, here and below."""
        for branch in self.walk():
            for leaf in branch.leaves:
                yield from leaf.entries
            for mounted in branch.mounts:
                if mounted.entry is not None:
                    yield mounted.entry


@dataclass(eq=False, slots=True)
class Mounted:
    """What is mounted at a path or for a host."""

    view: Any
    key: Key
    kept: Any
    branch: Branch | None
    """``None``: it is not looked into."""
    entry: Entry | None
    """What stands for it as a whole when it is not looked into."""


def walked(app: Starlette) -> Branch:
    """The routing table of an application.

    Raises:
        ContractError: it is endless, or has a form that is not known.
    """
    return _branch(app, "", ())


def mount_key(route: Any) -> Key:
    """See `Key`, of a `Mount` or `Host`."""
    return (id(route.app), route.host if isinstance(route, Host) else route.path, ANY)


def _branch(app: Any, prefix: str, above: tuple[int, ...]) -> Branch:
    if id(app) in above or len(above) > _MAX_DEPTH:
        raise ContractError(f"{prefix}: an application is mounted in itself", "mount it once")
    is_app = isinstance(app, Starlette)
    router = app.router if is_app else app
    made = Branch(router, prefix, app if is_app else None)
    inside = (*above, id(app))
    for view in _views(router.routes):
        route = getattr(view, "original_route", view)
        if isinstance(route, (Mount, Host)):
            made.mounts.append(_mounted(view, route, prefix, inside))
        elif isinstance(route, Route):
            made.leaves.append(_route(view, route, prefix))
        elif isinstance(route, WebSocketRoute):
            made.leaves.append(_socket(view, route, prefix))
        else:
            made.leaves.append(_unknown(route, prefix))
    made.leaves.extend(_frontends(router, prefix))
    if getattr(router.default, "__func__", None) not in (Router.not_found, type(router).not_found):
        made.leaves.append(_default(router, prefix))
    return made


def _views(routes: Iterable[Any]) -> Iterator[Any]:
    """The routes, with those of included routers as they stand there.

    FastAPI 0.137 and later keeps included routers whole and makes their routes when they are needed; before, it copied them.
    """
    flatten = getattr(sys.modules.get("fastapi.routing"), "iter_route_contexts", None)
    if flatten is not None:
        yield from flatten(routes)
        return
    for route in routes:
        contexts = getattr(route, "effective_route_contexts", None)
        if contexts is None:
            yield route
            continue
        for context in contexts():
            yield context if context.starlette_route is None else _Standing(context.original_route, context.starlette_route)


class _Standing:
    """A route in the place where a router is included (FastAPI before it offered `iter_route_contexts`)."""

    def __init__(self, original: Any, effective: Any) -> None:
        self.original_route = original
        self._effective = effective

    def __getattr__(self, name: str) -> Any:
        return getattr(self._effective, name)


def _route(view: Any, route: Route, prefix: str) -> Leaf:
    methods, endpoint, path = view.methods, view.endpoint, prefix + view.path
    # A context of FastAPI without methods has an empty set, a route of Starlette none.
    known = sorted(methods) if methods else [ANY]
    keys = frozenset((id(endpoint), view.path_format, method) for method in known)
    # HEAD is what GET does, without its body.
    shown = [method for method in known if method != "HEAD" or "GET" not in known]
    return Leaf(view, endpoint, keys, tuple(_entries(endpoint, shown, path)))


def _entries(endpoint: Any, methods: list[str], path: str) -> Iterator[Entry]:
    plain = _bare(endpoint)
    if isinstance(plain, type) and issubclass(plain, HTTPEndpoint):
        for name in ("get", "head", "post", "put", "patch", "delete", "options", "query"):
            handler = getattr(plain, name, None)
            if handler is not None and (methods == [ANY] or name.upper() in methods):
                yield Entry(name.upper(), path, handler)
        return
    if not (inspect.isfunction(plain) or inspect.ismethod(plain)):
        yield from (Entry(method, path, None, "opaque") for method in methods)
        return
    module, qualified = _GENERATED
    is_generated = plain.__module__ == module and plain.__qualname__.startswith(qualified)
    yield from (Entry(method, path, endpoint, "generated" if is_generated else "route") for method in methods)


def _bare(endpoint: Any) -> Any:
    while isinstance(endpoint, functools.partial):
        endpoint = endpoint.func
    return endpoint


def _socket(view: Any, route: WebSocketRoute, prefix: str) -> Leaf:
    endpoint, path = view.endpoint, prefix + view.path
    plain = _bare(endpoint)
    entries: tuple[Entry, ...]
    if isinstance(plain, type) and issubclass(plain, WebSocketEndpoint):
        # Who may connect is decided in on_connect: the framework's own lets everybody in.
        names = ["on_connect", *(["on_receive"] if plain.on_receive is not WebSocketEndpoint.on_receive else [])]
        entries = tuple(Entry(SOCKET, path, getattr(plain, name)) for name in names)
    elif inspect.isfunction(plain) or inspect.ismethod(plain):
        entries = (Entry(SOCKET, path, endpoint),)
    else:
        entries = (Entry(SOCKET, path, None, "opaque"),)
    return Leaf(view, endpoint, frozenset({(id(endpoint), view.path_format, SOCKET)}), entries)


def _mounted(view: Any, route: Mount | Host, prefix: str, above: tuple[int, ...]) -> Mounted:
    at = prefix + (view.path if isinstance(route, Mount) else "")
    key = (id(view.app), view.path if isinstance(route, Mount) else view.host, ANY)
    inner = _unwrapped(getattr(view, "_base_app", view.app))
    if isinstance(inner, (Starlette, Router)):
        return Mounted(view, key, view.app, _branch(inner, at, above), None)
    is_static = isinstance(inner, StaticFiles)
    entry = Entry("GET" if is_static else ANY, at + _BELOW, None, "static" if is_static else "opaque")
    return Mounted(view, key, view.app, None, entry)


def _unwrapped(app: Any) -> Any:
    """What stands behind the framework's own middleware. Any other may answer as it likes, and is not looked through."""
    while type(app).__module__.startswith(_MIDDLEWARE) and hasattr(app, "app"):
        app = app.app
    return app


def _unknown(route: Any, prefix: str) -> Leaf:
    """A route of a kind that nobody knows: what it does with a request cannot be told."""
    path = getattr(route, "path", None)
    at = prefix + (path if isinstance(path, str) else _BELOW)
    return Leaf(None, route, frozenset({(id(route), "", ANY)}), (Entry(ANY, at, None, "opaque"),))


def _default(router: Router, prefix: str) -> Leaf:
    """An application that answers whatever no route matches."""
    return Leaf(None, router.default, frozenset(), (Entry(ANY, prefix + _BELOW, None, "opaque"),))


def _frontends(router: Router, prefix: str) -> Iterator[Leaf]:
    """Files that FastAPI serves where nothing else matches (``app.frontend``)."""
    candidates = getattr(router, "_iter_low_priority_routes", None)
    if candidates is None:
        return
    for candidate in candidates():
        group = getattr(candidate, "original_route", candidate)
        below = getattr(candidate, "frontend_prefix", "")
        for item in getattr(group, "routes", None) or (None,):
            path = "" if item is None else item.path.rstrip("/")
            entry = Entry("GET", f"{prefix}{below}{path}{_BELOW}", None, "opaque" if item is None else "static")
            yield Leaf(None, group, frozenset({frontend_key(group)}), (entry,))


def frontend_key(group: Any) -> Key:
    """See `Key`, of a group of frontends. One that gets a further frontend is another group."""
    return (id(group), f"frontends:{len(getattr(group, 'routes', ()))}", ANY)
