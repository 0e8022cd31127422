"""A clock that tests move."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from counterseal.enforce.core.clock import running_on


class MovableClock:
    """What time it is for identities, sessions, limits in memory and SQLite, and records.

    Not moved: the machine's own clock, which the application's other code and databases read, and a Redis server's.
    """

    def __init__(self) -> None:
        self._offset = 0.0
        self._frozen: float | None = None

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._offset + (time.time() if self._frozen is None else self._frozen)

    def advance(self, seconds: float) -> None:
        """Move it forward.

        Raises:
            ValueError: backward; expiry and limits have no meaning there.
        """
        if not seconds >= 0:
            raise ValueError(f"time goes forward, not by {seconds} seconds")
        self._offset += seconds

    def freeze(self) -> None:
        """Stop it; `advance` still moves it."""
        if self._frozen is None:
            self._frozen = time.time()

    def unfreeze(self) -> None:
        """Let it go on from where it stands."""
        if self._frozen is not None:
            self._offset += self._frozen - time.time()
            self._frozen = None


@contextmanager
def moved_clock() -> Iterator[MovableClock]:
    """A clock that holds for the whole process as long as the block runs."""
    made = MovableClock()
    with running_on(made.now):
        yield made
