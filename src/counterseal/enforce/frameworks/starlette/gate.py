"""Only sealed routes run.

Whatever table a route came into, however and whenever, the framework runs it by one method: ``handle`` of the route that *its
own* matching has selected. So that is where it is decided: not by a path, not by watching the tables. The method is wrapped on
every class of routes, also on those that are defined later; requests of applications that are not sealed pass by one look-up.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import BaseRoute, Host, Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from counterseal.enforce.core.adapter import Entry
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.frameworks.starlette.table import ANY, SOCKET, Branch, Key, frontend_key, mount_key

HERE = "counterseal.seal"
"""Where a scope keeps the gate of the router that it has come to."""
KEPT = "__counterseal_gate__"
"""Where an application keeps its own."""
_WRAPPED = "__counterseal_gated__"
# An included router runs nothing by itself, it hands over to a route; a frontend is run by its group.
_BETWEEN = {("fastapi.routing", "_IncludedRouter"), ("fastapi.routing", "_FrontendRoute")}
_GROUP = ("fastapi.routing", "_FrontendRouteGroup")

Handle = Callable[[Any, Any, Any, Any], Coroutine[Any, Any, None]]
Admits = Callable[[Entry], bool]


class Gate:
    """What one router may hand requests to."""

    __slots__ = ("admits", "branches", "kept", "leaves", "prefix")

    def __init__(self, branch: Branch, admits: Admits, around: Starlette | None = None) -> None:
        owner = branch.app or around
        self.prefix = branch.prefix
        self.admits = admits
        self.kept = [branch.router, *(leaf.kept for leaf in branch.leaves), *(item.kept for item in branch.mounts)]
        """An identity tells things apart only as long as they live."""
        self.leaves: set[Key] = set()
        self.branches: dict[Key, Gate | Opened] = {}
        for leaf in branch.leaves:
            if all(admits(entry) for entry in leaf.entries):
                self.leaves |= leaf.keys
        for item in branch.mounts:
            if item.branch is not None:
                self.branches[item.key] = Gate(item.branch, admits, owner)
            elif item.entry is None or admits(item.entry):
                self.branches[item.key] = Opened(owner)


class Opened:
    """What is mounted there was not looked into, and somebody said why that is right."""

    __slots__ = ("owner",)

    def __init__(self, owner: Starlette | None) -> None:
        self.owner = owner
        """The application that it is mounted in, however deep."""


class Probe:
    """In the place of a gate: takes down what the framework selected, and runs nothing."""

    __slots__ = ("found",)

    def __init__(self) -> None:
        self.found: tuple[Any, Any] | None = None


def close(app: Starlette, branch: Branch, admits: Admits) -> None:
    """From now on, let only admitted routes of an application run."""
    gate_classes()
    setattr(app, KEPT, Gate(branch, admits))


def gate_classes() -> None:
    """Wrap ``handle`` of every class of routes, of those that come later too."""
    if BaseRoute.__dict__.get(_WRAPPED) is True:
        return
    setattr(BaseRoute, _WRAPPED, True)
    own = BaseRoute.__dict__.get("__init_subclass__")

    def subclassed(cls: type[BaseRoute], /, **kwargs: Any) -> None:
        if own is None:
            super(BaseRoute, cls).__init_subclass__(**kwargs)
        else:
            own.__func__(cls, **kwargs)
        _wrap(cls)

    BaseRoute.__init_subclass__ = classmethod(subclassed)  # type: ignore[assignment]
    pending: list[type[BaseRoute]] = BaseRoute.__subclasses__()
    while pending:
        cls = pending.pop()
        _wrap(cls)
        pending.extend(cls.__subclasses__())


def _wrap(cls: type[BaseRoute]) -> None:
    original = cls.__dict__.get("handle")
    if original is None or hasattr(original, _WRAPPED) or (cls.__module__, cls.__name__) in _BETWEEN:
        return
    wrapped = _container(original) if issubclass(cls, (Mount, Host)) else _leaf(original, _key_of(cls))
    setattr(wrapped, _WRAPPED, original)
    setattr(cls, "handle", wrapped)  # noqa: B010  a method is replaced, which type checkers do not allow


def _key_of(cls: type[BaseRoute]) -> Callable[[Any, Any], Key]:
    if issubclass(cls, Route):
        return route_key
    if issubclass(cls, WebSocketRoute):
        return _socket_key
    if (cls.__module__, cls.__name__) == _GROUP:
        return _group_key
    return _other_key


def route_key(route: Any, scope: Any) -> Key:
    """See `Key`, of a matched route."""
    standing = scope.get("fastapi")
    if standing is not None:
        context = standing.get("effective_route_context")
        if context is not None and context.original_route is route:
            return (id(route.endpoint), context.path_format, scope["method"] if context.methods else ANY)
    return (id(route.endpoint), route.path_format, scope["method"] if route.methods else ANY)


def _socket_key(route: Any, scope: Any) -> Key:
    return (id(route.endpoint), route.path_format, SOCKET)


def _group_key(route: Any, scope: Any) -> Key:
    return frontend_key(route)


def _other_key(route: Any, scope: Any) -> Key:
    return (id(route), "", ANY)


def _gate(scope: Any) -> Any:
    """The gate that a request has come to; ``None``: none, it passes."""
    gate = scope.get(HERE)
    if gate is None:
        return getattr(scope["app"], KEPT, None) if "app" in scope else None
    if gate.__class__ is Opened:
        app = scope.get("app")
        # An application behind what was not looked into may be sealed itself.
        return None if app is gate.owner else getattr(app, KEPT, None)
    return gate


def _leaf(original: Handle, key_of: Callable[[Any, Any], Key]) -> Handle:
    def handle(self: Any, scope: Any, receive: Any, send: Any) -> Coroutine[Any, Any, None]:
        # Every request comes through here: what is common is decided first, and without a further call.
        gate = scope.get(HERE) or getattr(scope.get("app"), KEPT, None)
        if gate.__class__ is Gate and key_of(self, scope) in gate.leaves:
            return original(self, scope, receive, send)
        gate = _gate(scope)
        if gate is None:
            return original(self, scope, receive, send)
        if gate.__class__ is Probe:
            gate.found = (self, scope)
            return _nothing()
        key = key_of(self, scope)
        if key in gate.leaves or _answers_405(self, scope):
            return original(self, scope, receive, send)
        return _refuse(gate, _entry(gate, self, key), scope, receive, send)

    return handle


def _container(original: Handle) -> Handle:
    def handle(self: Any, scope: Any, receive: Any, send: Any) -> Coroutine[Any, Any, None]:
        gate = _gate(scope)
        if gate is None:
            return original(self, scope, receive, send)
        if gate.__class__ is Probe:
            gate.found = (self, scope)
            return _nothing()
        key = mount_key(self)
        branch = gate.branches.get(key)
        if branch is None:
            return _refuse(gate, Entry(ANY, f"{gate.prefix}{key[1]}", self.app, "opaque"), scope, receive, send)
        scope[HERE] = branch
        return original(self, scope, receive, send)

    return handle


def _answers_405(route: Any, scope: Any) -> bool:
    """Whether the framework is about to say by itself that the method is not allowed."""
    if not isinstance(route, Route):
        return False
    standing = scope.get("fastapi")
    context = None if standing is None else standing.get("effective_route_context")
    methods = context.methods if context is not None and context.original_route is route else route.methods
    return methods is not None and len(methods) > 0 and scope["method"] not in methods


def _entry(gate: Gate, route: Any, key: Key) -> Entry:
    return Entry(key[2], f"{gate.prefix}{key[1]}", getattr(route, "endpoint", route))


async def _nothing() -> None:
    return None


async def _refuse(gate: Gate, entry: Entry, scope: Any, receive: Any, send: Any) -> None:
    gate.admits(entry)  # whoever sealed learns of it; the answer stands all the same
    document = Denied(503, "unsealed-route").problem()
    response = Response(json.dumps(document), 503, {"Cache-Control": "no-store"}, "application/problem+json")
    if scope["type"] != "websocket":
        await response(scope, receive, send)
        return
    socket = WebSocket(scope, receive, send)
    if "websocket.http.response" in scope.get("extensions", {}):
        await socket.send_denial_response(response)
    else:
        await socket.close(1013)
