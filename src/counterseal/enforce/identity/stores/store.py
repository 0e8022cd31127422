"""What a store has to offer."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from counterseal.enforce.core import clock
from counterseal.enforce.core.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Row:
    """One thing kept: a session, an API key, a revocation. It holds no secret: what identifies it is a hash or public."""

    key: str
    """What it is found by."""
    owner: str
    """The principal to whom it belongs."""
    value: str
    """The rest, as JSON."""
    expires_at: float | None = None
    """When it ends, in seconds since the epoch; ``None``: it does not."""

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self.expires_at is None or clock.now() < self.expires_at

    def content(self) -> dict[str, Any]:
        """The value, read.

        Raises:
            Unavailable: somebody else has written into the store.
        """
        try:
            found = json.loads(self.value)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise Unavailable("a row of the store cannot be read")
        return found


def text(value: Mapping[str, Any]) -> str:
    """A row's value. The same content gives the same text.

    Raises:
        TypeError: it is not JSON.
    """
    return json.dumps(dict(value), separators=(",", ":"), sort_keys=True, allow_nan=False)


class Store(Protocol):
    """Where rows are kept, by kind and key. Every method may answer with an awaitable; each is atomic.

    Raises:
        Unavailable: from every method, when the store does not respond or is full. Rows that have ended may be gone, or
            may still be returned: whoever asks looks at `Row.alive`.
    """

    def fetch(self, kind: str, keys: Sequence[str]) -> Sequence[Row | None] | Awaitable[Sequence[Row | None]]:
        """The rows of these keys, in this order; ``None`` for each that is not there."""

    def put(self, kind: str, row: Row) -> Awaitable[None] | None:
        """Keep a row; one of the same key is replaced."""

    def swap(self, kind: str, old: Row, new: Row) -> bool | Awaitable[bool]:
        """Replace a row by one of the same key and owner, if its value is still the old one; whether it was."""

    def take(self, kind: str, key: str) -> Row | Awaitable[Row | None] | None:
        """Remove a row and return it. Of several callers at once, one gets it."""

    def owned(self, kind: str, owner: str) -> Sequence[Row] | Awaitable[Sequence[Row]]:
        """The rows of an owner that have not ended."""

    def clear(self, kind: str, owner: str, keep: str = "") -> int | Awaitable[int]:
        """Remove the rows of an owner, but for the one with the key ``keep``; how many there were."""
