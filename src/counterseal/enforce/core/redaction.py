"""What of ``changes`` and ``details`` goes on record: no secret, nothing without bound, nothing that JSON cannot say."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Set
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any
from uuid import UUID

REDACTED = "[redacted]"
MAX_VALUE = 1000
"""Characters of one text value."""
MAX_ITEMS = 50
"""Members of one list or mapping."""
MAX_DEPTH = 6
"""Levels of lists and mappings in each other."""
_KNOWN_NAMES = 4096
_TEXTUAL = (UUID, Decimal, date, time, timedelta)


class Redactor:
    """Decides by a field's name whether its value may be kept, and cuts the rest down to size."""

    def __init__(self, sensitive: Set[str] | Callable[[str], bool] | None = None) -> None:
        """Args: ``sensitive``: names in snake case, or a predicate over names as written; ``None``: the policy's own list."""
        test = sensitive if callable(sensitive) else _by_names(sensitive)
        self._is_sensitive = lru_cache(_KNOWN_NAMES)(test)

    def clean(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The fields as JSON values, sensitive ones redacted at every level."""
        return self._mapping(fields, MAX_DEPTH)

    def _mapping(self, fields: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for name, value in fields.items():
            if len(kept) == MAX_ITEMS:
                kept["[more]"] = len(fields) - MAX_ITEMS
                break
            text = shortened(str(name), MAX_VALUE)
            kept[text] = REDACTED if self._is_sensitive(text) else self._value(value, depth - 1)
        return kept

    def _value(self, value: Any, depth: int) -> Any:
        if isinstance(value, Enum):
            value = value.value
        if value is None or isinstance(value, (bool, int)):
            return value
        if isinstance(value, str):
            return shortened(str(value), MAX_VALUE)
        if isinstance(value, float):
            return value if math.isfinite(value) else str(value)
        if isinstance(value, _TEXTUAL):
            return shortened(str(value), MAX_VALUE)
        if isinstance(value, (Mapping, list, tuple, Set)):
            return self._members(value, depth)
        # The text of an unknown object may hold anything: an exception's message a password, a model's repr its fields.
        return f"[{len(value)} bytes]" if isinstance(value, (bytes, bytearray, memoryview)) else f"[{type(value).__name__}]"

    def _members(self, value: Mapping[Any, Any] | Iterable[Any], depth: int) -> Any:
        if depth <= 0:
            return "[too deep]"
        if isinstance(value, Mapping):
            return self._mapping(value, depth)
        members = list(value)
        kept = [self._value(member, depth - 1) for member in members[:MAX_ITEMS]]
        return kept if len(members) <= MAX_ITEMS else [*kept, f"[{len(members) - MAX_ITEMS} more]"]


def shortened(text: str, limit: int) -> str:
    """The text, or its beginning and how much was left out."""
    return text if len(text) <= limit else f"{text[:limit]}[{len(text) - limit} more]"


def _by_names(names: Set[str] | None) -> Callable[[str], bool]:
    """A test that also knows ``new_password`` and ``cardNumberAgain``: a sensitive name anywhere among the words counts."""
    # Here, because the package of the policy needs pydantic, which a ledger that only verifies does not.
    from counterseal.policy.sensitive import DEFAULTS, normal

    known = DEFAULTS if names is None else frozenset(map(normal, names))
    longest = max((name.count("_") + 1 for name in known), default=0)

    def test(name: str) -> bool:
        words = normal(name).split("_")
        return any(
            "_".join(words[start : start + length]) in known
            for length in range(1, min(longest, len(words)) + 1)
            for start in range(len(words) - length + 1)
        )

    return test
