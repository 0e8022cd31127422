"""A clock that never goes back."""

from __future__ import annotations

from counterseal.enforce.core import clock


class Steady:
    """`core.clock` without its steps backwards: while the clock repeats a stretch of time, this one goes on from where it was.

    So a clock that was set back neither opens a limit nor keeps one closed until the lost time is made good. Not thread-safe.
    """

    __slots__ = ("_latest", "_offset")

    def __init__(self) -> None:
        self._latest = clock.now()
        self._offset = 0.0

    def now(self) -> float:
        """Seconds; equal to the clock's for as long as that has not been set back."""
        instant = clock.now() + self._offset
        if instant < self._latest:
            self._offset += self._latest - instant
            return self._latest
        self._latest = instant
        return instant
