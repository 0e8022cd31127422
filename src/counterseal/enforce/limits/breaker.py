"""What happens while the store of a limit does not answer."""

from __future__ import annotations

import time
from collections.abc import Awaitable
from typing import Protocol

from counterseal.enforce.core.errors import Unavailable
from counterseal.enforce.core.limiter import Limiter, Meter, Verdict
from counterseal.enforce.limits.names import check_cost

FAILURES = 3
"""Failures in a row after which the store is taken to be down."""
PAUSE = 1.0
"""Seconds between two attempts at a store that is down."""


class Breaker:
    """Keeps a store that is down from costing every request the whole timeout: only one attempt per `PAUSE` is made.

    The clock here is the monotonic one: it measures a machine, not a window, and tests of windows must not move it.
    """

    __slots__ = ("_failures", "_retry_at")

    def __init__(self) -> None:
        self._failures = 0
        self._retry_at = 0.0

    def admits(self) -> bool:
        """Whether to ask the store. Threads that ask at the same instant may all be told to: it costs them a timeout, no more."""
        if self._failures < FAILURES:
            return True
        moment = time.monotonic()
        if moment < self._retry_at:
            return False
        # Not cleared by the attempt's end: one that is cancelled never reports.
        self._retry_at = moment + PAUSE
        return True

    def failed(self) -> None:
        """The store did not answer."""
        self._failures += 1
        if self._failures >= FAILURES:
            self._retry_at = time.monotonic() + PAUSE

    def succeeded(self) -> None:
        """The store answered."""
        self._failures = 0


class ClosableLimiter(Limiter, Protocol):
    """A limiter that holds connections."""

    def close(self) -> None:
        """Give up what the process holds: files, and connections that are not an event loop's."""

    async def aclose(self) -> None:
        """The same, and the running event loop's connections."""


class GuardedLimiter:
    """Another limiter, behind a breaker.

    Args:
        store: the limiter whose store can fail.
        local: who counts while it does; ``None``: hits are refused with `Unavailable`.
    """

    def __init__(self, store: ClosableLimiter, local: Limiter | None) -> None:
        self._store = store
        self._local = local
        self._breaker = Breaker()

    def meter(self, name: str, rate: str) -> GuardedMeter:
        """See `Limiter.meter`."""
        local = self._local.meter(name, rate) if self._local is not None else None
        return GuardedMeter(self._store.meter(name, rate), self._breaker, local)

    def close(self) -> None:
        """See `ClosableLimiter.close`."""
        self._store.close()

    async def aclose(self) -> None:
        """See `ClosableLimiter.aclose`."""
        await self._store.aclose()


class GuardedMeter:
    """One limit behind a breaker."""

    __slots__ = ("_breaker", "_local", "_store")

    def __init__(self, store: Meter, breaker: Breaker, local: Meter | None) -> None:
        self._store = store
        self._breaker = breaker
        self._local = local

    def hit(self, key: str, cost: int = 1) -> Verdict:
        """See `Meter.hit`.

        Raises:
            ValueError: the cost is less than 1.
        """
        check_cost(cost)
        if not self._breaker.admits():
            return self._without(key, cost, None)
        try:
            verdict = self._store.hit(key, cost)
        except Unavailable as error:
            self._breaker.failed()
            return self._without(key, cost, error)
        self._breaker.succeeded()
        return verdict

    def hit_async(self, key: str, cost: int = 1) -> Verdict | Awaitable[Verdict]:
        """See `Meter.hit_async`.

        Raises:
            ValueError: the cost is less than 1.
        """
        check_cost(cost)
        if not self._breaker.admits():
            return self._without(key, cost, None)
        try:
            answer = self._store.hit_async(key, cost)
        except Unavailable as error:
            self._breaker.failed()
            return self._without(key, cost, error)
        if not isinstance(answer, Verdict):
            return self._awaited(answer, key, cost)
        self._breaker.succeeded()
        return answer

    async def _awaited(self, answer: Awaitable[Verdict], key: str, cost: int) -> Verdict:
        try:
            verdict = await answer
        except Unavailable as error:
            self._breaker.failed()
            return self._without(key, cost, error)
        self._breaker.succeeded()
        return verdict

    def _without(self, key: str, cost: int, error: Unavailable | None) -> Verdict:
        if self._local is not None:
            return self._local.hit(key, cost)
        raise error or Unavailable("the limits' store is down; it is asked again within a second")
