"""Rows in this process: for tests, and for applications that are one process and may forget everything at a restart."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from counterseal.enforce.core.errors import Unavailable
from counterseal.enforce.identity.stores.store import Row


class MemoryStore:
    """A store in memory.

    Args:
        limit: how many rows are kept, of all kinds. When they are used up nothing is dropped to make room, for a dropped
            revocation would let somebody in: new rows are refused.
    """

    def __init__(self, limit: int = 100_000) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._rows: dict[tuple[str, str], Row] = {}
        self._owned: dict[tuple[str, str], set[str]] = {}

    def fetch(self, kind: str, keys: Sequence[str]) -> list[Row | None]:
        """See `Store`."""
        return [self._rows.get((kind, key)) for key in keys]

    def put(self, kind: str, row: Row) -> None:
        """See `Store`."""
        with self._lock:
            if len(self._rows) >= self._limit and (kind, row.key) not in self._rows:
                self._drop_ended()
            self._remove(kind, row.key)
            self._rows[kind, row.key] = row
            self._owned.setdefault((kind, row.owner), set()).add(row.key)

    def swap(self, kind: str, old: Row, new: Row) -> bool:
        """See `Store`."""
        with self._lock:
            current = self._rows.get((kind, old.key))
            if current is None or current.value != old.value:
                return False
            self._rows[kind, old.key] = new
            return True

    def take(self, kind: str, key: str) -> Row | None:
        """See `Store`."""
        with self._lock:
            return self._remove(kind, key)

    def owned(self, kind: str, owner: str) -> list[Row]:
        """See `Store`."""
        with self._lock:
            rows = [self._rows[kind, key] for key in self._owned.get((kind, owner), ())]
        return [row for row in rows if row.alive]

    def clear(self, kind: str, owner: str, keep: str = "") -> int:
        """See `Store`."""
        with self._lock:
            keys = [key for key in self._owned.get((kind, owner), ()) if key != keep]
            for key in keys:
                self._remove(kind, key)
            return len(keys)

    def _remove(self, kind: str, key: str) -> Row | None:
        row = self._rows.pop((kind, key), None)
        if row is not None:
            keys = self._owned[kind, row.owner]
            keys.discard(key)
            if not keys:
                del self._owned[kind, row.owner]
        return row

    def _drop_ended(self) -> None:
        for kind, key in [place for place, row in self._rows.items() if not row.alive]:
            self._remove(kind, key)
        if len(self._rows) >= self._limit:
            raise Unavailable(f"the store in memory is full ({self._limit} rows)")
