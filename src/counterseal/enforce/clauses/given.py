"""Whether what somebody wrote into a clause can be meant. Types are hints only: assistants pass anything."""

from __future__ import annotations


def is_text(value: object) -> bool:
    """Whether it is a text with something in it."""
    return isinstance(value, str) and bool(value.strip())


def is_count(value: object, low: int = 1, high: int | None = None) -> bool:
    """Whether it is a whole number in a range."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= low and (high is None or value <= high)


def is_function(value: object) -> bool:
    """Whether it can be called."""
    return callable(value)
