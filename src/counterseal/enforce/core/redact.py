"""What must not be on record: values of sensitive names, and more than anyone will read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

REDACTED = "[redacted]"
_MAX_TEXT = 500
_MAX_ITEMS = 50
_MAX_DEPTH = 6


def redacted(value: Any, sensitive: Callable[[str], bool], depth: int = 0) -> Any:
    """A JSON value in which values of sensitive names are replaced and long ones cut, at any depth."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return value if len(value) <= _MAX_TEXT else f"{value[:_MAX_TEXT]}..."
    if depth >= _MAX_DEPTH:
        return "..."
    if isinstance(value, Mapping):
        items = list(value.items())[:_MAX_ITEMS]
        return {str(name): REDACTED if sensitive(str(name)) else redacted(item, sensitive, depth + 1) for name, item in items}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redacted(item, sensitive, depth + 1) for item in list(value)[:_MAX_ITEMS]]
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return redacted(str(value), sensitive, depth)
