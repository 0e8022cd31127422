"""Attributes of function objects: decorators leave marks on functions for others to read."""

from __future__ import annotations

from counterseal.audit.surface.values import Value, replace


class Marks(dict[str, Value]):
    """The attributes of one function object; it lies among the scopes that the function remembers."""


def mark(function: Value, name: str, value: Value) -> None:
    """``function.name = value``."""
    inner = _innermost(function)
    if inner.kind != "func":
        return
    scopes = inner.extra if isinstance(inner.extra, tuple) else ()
    held = next((scope for scope in scopes if isinstance(scope, Marks)), None)
    if held is None:
        held = Marks()
        inner.extra = (*scopes, held)
    held[f".{name}"] = value  # no variable has a name like that


def marked(function: Value, name: str) -> Value | None:
    """``function.name``; ``None`` when nobody has assigned it."""
    inner = _innermost(function)
    scopes = inner.extra if isinstance(inner.extra, tuple) else ()
    found = (scope[f".{name}"] for scope in reversed(scopes) if isinstance(scope, Marks) and f".{name}" in scope)
    return next(found, None)


def copy_marks(origin: Value, function: Value) -> Value:
    """``functools.wraps(origin)(function)``: the marks are copied, and change independently from then on."""
    scopes = _innermost(origin).extra
    held = [scope for scope in scopes if isinstance(scope, Marks)] if isinstance(scopes, tuple) else []
    if not held:
        return function
    own = function.extra if isinstance(function.extra, tuple) else ()
    merged = Marks({key: value for scope in held for key, value in scope.items()})
    return replace(function, extra=(*own, merged))


def _innermost(function: Value) -> Value:
    while function.kind == "wrapped" and isinstance(function.extra[0], Value):
        function = function.extra[0]
    return function
