"""Remembering what a function does: the same call under the same facts has the same outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from counterseal.audit.surface.flow import Event
from counterseal.audit.surface.values import Labels, Value
from counterseal.guarantees import Evidence

VOLATILE = frozenset({
    "flask.request.method", "flask.request.path", "starlette.requests.Request.method", "starlette.requests.Request.url.path",
})  # fmt: skip
"""Shared attributes that differ from route to route: a function that reads one is not remembered."""
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


def signature(v: Value, depth: int = 0) -> Any:
    """A hashable picture of a value; ``None`` when it must not be remembered by (something that can change, or knows too much)."""
    if v.kind in ("continuation", "lambda", "dict", "depends", "registering"):
        return None
    items: Any = None
    if v.items is not None:
        if v.kind == "func":
            items = signature(v.items, depth + 1) if isinstance(v.items, Value) else None
            if isinstance(v.items, Value) and items is None:
                return None
        elif v.kind in ("obj", "inst", "config"):
            items = id(v.items) if v.items else None
        elif v.kind != "text" or depth > 2:
            return None
        else:
            items = tuple(p if isinstance(p, str) else signature(p, depth + 1) for p in v.items)
    if v.kind == "func" and v.extra:
        return None
    extra = id(v.extra) if v.kind in ("query", "result", "seq") and v.extra is not None else None
    const = v.const if isinstance(v.const, str | int | float | bool | type(None)) else repr(type(v.const))
    return (v.kind, v.ref, v.may, v.must, v.null, type(const), const, v.name, v.type, v.true, v.false, v.site, items, extra)


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
