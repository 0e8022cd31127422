"""Remembering what a function does: the same call under the same facts has the same outcome."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from counterseal.audit.surface.flow import Event
from counterseal.audit.surface.values import Labels, Value
from counterseal.guarantees import Evidence

VOLATILE = frozenset(
    {
        "django.http.HttpRequest.method",
        "flask.request.method",
        "flask.request.path",
        "flask.request.endpoint",
        "flask.request.blueprint",
        "starlette.requests.Request.method",
        "starlette.requests.Request.url.path",
        "starlette.requests.Request.path",
    }
)
"""Shared attributes that differ from route to route: what decides by one serves this route only."""
_OPAQUE = frozenset({"continuation", "lambda", "depends", "registering", "cond"})
_BY_IDENTITY = frozenset({"query", "result", "seq"})
_DEEPEST = 3
_LARGEST = 24


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """The outcome of one call."""

    result: Value
    before: Labels
    """Facts that held when it was called."""
    facts: Labels
    heap: Mapping[str, Value]
    """What it left in shared objects."""
    dead: bool
    events: tuple[Event, ...]
    log: tuple[tuple[str, Evidence], ...]
    pins: tuple[Any, ...]
    """What the key names by identity: kept alive so that no other object gets the same identity."""
    rests_on: Mapping[str, Any]
    """The shared attributes that it read or wrote, as they were before: signatures, `ABSENT` where there was nothing."""

    def fits(self, heap: Mapping[str, Value]) -> bool:
        """Whether it would do the same with these shared attributes."""
        return all(picture(heap.get(name)) == before for name, before in self.rests_on.items())


ABSENT = ("absent",)


def picture(v: Value | None) -> Any:
    """The signature of a shared attribute."""
    return ABSENT if v is None else signature(v)


def rests_on(used: Iterable[str], heap: Mapping[str, Value]) -> dict[str, Any] | None:
    """What a call rests on that used these shared attributes; ``None`` when it is not to be remembered."""
    found = {name: picture(heap.get(name)) for name in used}
    return None if None in found.values() else found


def signature(v: Value, depth: int = 0) -> Any:
    """A hashable picture of a value; ``None`` when a call with it must not be remembered."""
    if v.kind in _OPAQUE or depth > _DEEPEST:
        return None
    items: Any = None
    if v.items is not None:
        items = _items(v, depth)
        if items is None:
            return None
    extra: Any = None
    if v.kind == "func" and v.extra:
        extra = tuple([id(scope) for scope in v.extra])
    elif isinstance(v.extra, str) or (isinstance(v.extra, tuple) and v.extra[:1] == ("declared",)):
        extra = v.extra
    elif v.extra is not None and v.kind in _BY_IDENTITY:
        extra = id(v.extra)
    const = v.const if isinstance(v.const, str | int | float | bool | None) else None
    return (v.kind, v.ref, v.may, v.must, v.null, type(const), const, v.name, v.type, v.true, v.false, v.site, items, extra)


def _items(v: Value, depth: int) -> Any:
    """The members of a value, as part of its signature."""
    if v.kind == "func":
        return signature(v.items, depth + 1) if isinstance(v.items, Value) else ()
    if v.kind in ("obj", "inst", "config"):
        return id(v.items) if v.items else ()
    if len(v.items) > _LARGEST:
        return None
    out: list[Any] = []
    for part in v.items.items() if isinstance(v.items, dict) else enumerate(v.items):
        key, member = part
        if isinstance(member, Value):
            member = signature(member, depth + 1)
            if member is None:
                return None
        elif not isinstance(member, str):
            return None
        out.append((key, member))
    return tuple(out)


def key_of(ref: Any, variables: Mapping[str, Value], facts: Labels, websocket: bool) -> Any:
    """The key of a call; ``None`` when it is not to be remembered."""
    parts = []
    for name, v in variables.items():
        sig = signature(v)
        if sig is None:
            return None
        parts.append((name, sig))
    return (ref, tuple(parts), identity_facts(facts), websocket)


def identity_facts(facts: Labels) -> Labels:
    """The facts on which what a function does may depend; links and ties are carried over from call to call."""
    known = _IDENTITY.get(facts)
    if known is None:
        known = _IDENTITY[facts] = frozenset(f for f in facts if not f.startswith(("link:", "tie:")))
    return known


def moved(events: tuple[Event, ...], before: Labels, now: Labels, first: int) -> list[Event]:
    """The same events at another place of a flow: facts that held before the call are replaced by those that hold now."""
    facts: dict[Labels, Labels] = {}
    out = []
    for i, event in enumerate(events):
        held = facts.get(event.facts)
        if held is None:
            held = facts[event.facts] = (event.facts - before) | now
        out.append(copied(event, first + i, held))
    return out


def copied(event: Event, seq: int, facts: Labels) -> Event:
    """The same event at another position, under other facts."""
    cls = type(event)
    rest = _REST.get(cls)
    if rest is None:
        names = [f.name for f in dataclasses.fields(cls)]
        rest = _REST[cls] = attrgetter(*names[len(_HEAD) :])
    return cls(event.place, event.function, facts, seq, *rest(event))


_HEAD = ("place", "function", "facts", "seq")
_IDENTITY: dict[Labels, Labels] = {}
_REST: dict[type[Event], Callable[[Event], tuple[Any, ...]]] = {}
