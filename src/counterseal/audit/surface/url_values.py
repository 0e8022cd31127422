"""Lists of URL patterns as values: what is known of them is kept when something else is added."""

from __future__ import annotations

from typing import Any

from counterseal.audit.surface.values import URL_KINDS, Value, union


def is_urls(value: Value) -> bool:
    """Whether a value is a list of URL patterns, or what a router makes one of."""
    return value.kind == "url-include" or (value.kind == "seq" and holds_urls(value.items))


def holds_urls(items: Any) -> bool:
    """Whether there are URL patterns among the elements of a list."""
    return isinstance(items, list) and any(isinstance(item, Value) and item.kind in URL_KINDS for item in items)


def joined_urls(left: Value, right: Value) -> Value:
    """One list after the other. What is not known stands in it as an element, so that it is not forgotten."""
    parts = [part for value in (left, right) for part in _elements(value)]
    return Value(kind="seq", items=parts, may=union([left, right]).may)


def _elements(value: Value) -> list[Value]:
    return value.items if value.kind == "seq" and isinstance(value.items, list) else [value]
