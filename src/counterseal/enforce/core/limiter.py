"""What a limiter has to offer. The kept one is in `counterseal.enforce.limits`."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a limiter says of one hit."""

    allowed: bool
    limit: int
    """Hits that the window allows."""
    remaining: int
    """Hits that are left in it."""
    reset_after: float
    """Seconds until a hit is possible again when it was refused, else until the window is empty."""
    window: int = 0
    """Seconds that the window lasts; 0: the limiter does not say."""


class Meter(Protocol):
    """One named limit, ready to count."""

    def hit(self, key: str, cost: int) -> Verdict:
        """Count ``cost`` hits against ``key``, or none at all if they do not all fit. For code that may block.

        Raises:
            Unavailable: the store does not answer.
        """

    def hit_async(self, key: str, cost: int) -> Verdict | Awaitable[Verdict]:
        """The same for code on an event loop. A store that never blocks answers at once.

        Raises:
            Unavailable: the store does not answer; also when awaited.
        """


@runtime_checkable
class Limiter(Protocol):
    """Where hits are counted."""

    def meter(self, name: str, rate: str) -> Meter:
        """A named limit, counted apart from all others of another name.

        Args:
            name: what is limited: ``update_profile``.
            rate: how often, in the notation of the library limits: ``5/minute``, ``100 per 10 minutes``.

        Raises:
            ConfigurationError: the rate cannot be read.
        """
