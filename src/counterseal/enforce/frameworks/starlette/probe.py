"""The walk tests itself: what it saw must be what the framework's own matching finds. Nothing of the application is run.

For every entry a request is made up. First each route on the way is asked whether it matches, which shows that templates,
methods and endpoints were read rightly. Then the router itself is sent the request, with a probe in the place of the gate: what
it selects must be something that the walk saw. The second takes as many matchings as the table has routes, so a large table is
sampled.
"""

from __future__ import annotations

import re
from collections.abc import Coroutine, Iterator
from typing import Any

from starlette.convertors import Convertor
from starlette.exceptions import HTTPException
from starlette.routing import Host, Match, Mount

from counterseal.enforce.core.errors import ContractError
from counterseal.enforce.frameworks.starlette.gate import HERE, Probe, gate_classes, route_key
from counterseal.enforce.frameworks.starlette.table import ANY, SOCKET, Branch, Key, Leaf, Mounted, mount_key

_BUDGET = 100_000
"""Matchings that the second test may take: a fraction of a second."""
_PARAMETER = re.compile(r"{([a-zA-Z_][a-zA-Z0-9_]*)}")
_VALUES = ("counterseal", "1", "1.5", "00000000-0000-4000-8000-000000000000", "2026", "2026-01-01", "a", "A1", "en", "true")
Way = tuple[Mounted, ...]


def check(root: Branch) -> None:
    """Compare a walk with the framework's own matching.

    Raises:
        ContractError: they differ, so that a route could be missed.
    """
    gate_classes()
    ways = list(_ways(root, ()))
    known = {id(branch): _Known(branch) for branch in root.walk()}
    total = sum(len(branch.leaves) + len(branch.mounts) for branch in root.walk())
    every = max(1, len(ways) * total // _BUDGET)
    for number, (way, leaf) in enumerate(ways):
        for scope in _scopes(way, leaf):
            _asked(way, leaf, scope)
            if number % every == 0:
                _sent(root, known, scope)


class _Known:
    """What the walk saw of one router."""

    def __init__(self, branch: Branch) -> None:
        self.leaves: set[Key] = set().union(*(leaf.keys for leaf in branch.leaves))
        self.mounts = {item.key: item.branch for item in branch.mounts}


def _ways(branch: Branch, above: Way) -> Iterator[tuple[Way, Leaf]]:
    for leaf in branch.leaves:
        if leaf.view is not None:
            yield above, leaf
    for item in branch.mounts:
        if item.branch is not None:
            yield from _ways(item.branch, (*above, item))


def _scopes(way: Way, leaf: Leaf) -> Iterator[dict[str, Any]]:
    """A request for each method of a route; none where no value can be thought of for a parameter of its path."""
    path, host = "", "counterseal.invalid"
    for item in way:
        if isinstance(getattr(item.view, "original_route", item.view), Mount):
            here = _filled(item.view.path, item.view.param_convertors)
        else:
            here, host = "", _filled(item.view.host_format, item.view.param_convertors) or ""
        if here is None or not host:
            return
        path += here
    last = _filled(leaf.view.path_format, leaf.view.param_convertors)
    if last is None:
        return
    for method in sorted({key[2] for key in leaf.keys}):
        yield {
            "type": "websocket" if method == SOCKET else "http",
            "method": "GET" if method in (ANY, SOCKET) else method,
            "path": path + last,
            "raw_path": (path + last).encode(),
            "root_path": "",
            "query_string": b"",
            "scheme": "http",
            "server": ("counterseal.invalid", 80),
            "headers": [(b"host", host.encode())],
        }


def _filled(template: str, convertors: dict[str, Convertor[Any]]) -> str | None:
    values = {name: _value(convertor) for name, convertor in convertors.items()}
    if any(values.get(name) is None for name in _PARAMETER.findall(_plain(template))):
        return None
    return _PARAMETER.sub(lambda found: values[found[1]] or "", _plain(template))


def _plain(template: str) -> str:
    """``/{name:int}`` as ``/{name}``."""
    return re.sub(r"{([a-zA-Z_][a-zA-Z0-9_]*):[a-zA-Z_][a-zA-Z0-9_]*}", r"{\1}", template)


def _value(convertor: Convertor[Any]) -> str | None:
    return next((value for value in _VALUES if re.fullmatch(convertor.regex, value)), None)


def _asked(way: Way, leaf: Leaf, given: dict[str, Any]) -> None:
    """Ask each route on the way by itself."""
    scope = dict(given)
    for view in (*(item.view for item in way), leaf.view):
        match, child = view.matches(scope)
        if match is not Match.FULL:
            raise _differs(given, "the route that stands there does not match its own path")
        scope.update(child)
    if id(leaf.view.endpoint) not in {key[0] for key in leaf.keys}:
        raise _differs(given, "the route that stands there runs something else")


def _sent(root: Branch, known: dict[int, _Known], given: dict[str, Any]) -> None:
    """Send the request to the routers themselves."""
    branch: Branch | None = root
    scope = dict(given)
    while branch is not None:
        found = _selected(branch, scope)
        if found is None:
            # Something that stands before it takes the path, and answers 404.
            return
        route, scope = found
        seen = known[id(branch)]
        if isinstance(route, (Mount, Host)):
            key = mount_key(route)
            if key not in seen.mounts:
                raise _differs(given, f"the router selects {route!r}, which the walk did not see")
            branch = seen.mounts[key]
            continue
        if hasattr(route, "endpoint") and _key(route, scope) not in seen.leaves:
            raise _differs(given, f"the router selects {route!r}, which the walk did not see")
        return


def _key(route: Any, scope: Any) -> Key:
    return (id(route.endpoint), route.path_format, SOCKET) if scope["type"] == "websocket" else route_key(route, scope)


def _selected(branch: Branch, scope: dict[str, Any]) -> tuple[Any, dict[str, Any]] | None:
    probe = Probe()
    # What an outer router left behind is not there when a mounted application is called.
    mine = {name: value for name, value in scope.items() if name not in ("router", "route", "fastapi")}
    mine[HERE] = probe
    try:
        _run(branch.router.app(mine, _receive, _send))
    except HTTPException:
        return None
    return probe.found


def _run(routing: Coroutine[Any, Any, None]) -> None:
    """Matching waits for nothing: it is done in one go."""
    try:
        routing.send(None)
    except StopIteration:
        return
    routing.close()
    raise ContractError("the routing waits for something before a route is selected", "seal() cannot compare it with its walk")


async def _receive() -> Any:
    return {"type": "http.disconnect"}


async def _send(message: Any) -> None:
    return None


def _differs(scope: dict[str, Any], what: str) -> ContractError:
    where = f"{scope['method']} {scope['path']}"
    return ContractError(f"{where}: {what}", "this version of the framework is not known to Counterseal: please report it")
