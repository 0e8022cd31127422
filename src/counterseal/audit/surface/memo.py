"""Remembering what a function does: the same call under the same facts has the same outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from counterseal.audit.surface.flow import Event
from counterseal.audit.surface.values import Labels, Value
from counterseal.guarantees import Evidence

VOLATILE = frozenset(
    {
        "flask.request.method",
        "flask.request.path",
        "flask.request.endpoint",
        "flask.request.blueprint",
        "starlette.requests.Request.method",
        "starlette.requests.Request.url.path",
    }
)
"""Shared attributes that differ from route to route: a function that reads one is not remembered."""
_OPAQUE = frozenset({"continuation", "lambda", "depends", "registering", "cond"})
_DEEPEST = 3
_LARGEST = 24
_set = object.__setattr__


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """The outcome of one call."""

    result: Value
    facts: Labels
    heap: Mapping[str, Value]
    dead: bool
    events: tuple[Event, ...]
    log: tuple[tuple[str, Evidence], ...]
    pins: tuple[Any, ...]
    """What the key names by identity: kept alive so that no other object gets the same identity."""


def signature(v: Value, depth: int = 0) -> Any:
    """A hashable picture of a value; ``None`` when a call with it must not be remembered."""
    if v.kind in _OPAQUE or depth > _DEEPEST:
        return None
    items: Any = None
    if v.items is not None:
        items = _items(v, depth)
        if items is None:
            return None
    extra: Any = v.extra
    if v.kind == "func" and v.extra:
        extra = tuple([id(scope) for scope in v.extra])
    elif extra is not None and not isinstance(extra, str) and not (isinstance(extra, tuple) and extra[:1] == ("declared",)):
        extra = id(extra)
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


def key_of(ref: Any, variables: Mapping[str, Value], facts: Labels, heap: Mapping[str, Value], websocket: bool) -> Any:
    """The key of a call; ``None`` when it is not to be remembered."""
    parts = []
    for name, v in variables.items():
        sig = signature(v)
        if sig is None:
            return None
        parts.append((name, sig))
    shared = []
    for name, v in heap.items():
        if name not in VOLATILE:
            sig = signature(v)
            if sig is None:
                return None
            shared.append((name, sig))
    return (ref, tuple(parts), facts, tuple(shared), websocket)


def copied(event: Event, seq: int) -> Event:
    """The same event at another position of a flow."""
    made: Event = object.__new__(type(event))
    for name in _fields(type(event)):
        _set(made, name, getattr(event, name))
    _set(made, "seq", seq)
    return made


def _fields(cls: type) -> tuple[str, ...]:
    names = _NAMES.get(cls)
    if names is None:
        names = _NAMES[cls] = tuple(cls.__dataclass_fields__)  # type: ignore[attr-defined]
    return names


_NAMES: dict[type, tuple[str, ...]] = {}
