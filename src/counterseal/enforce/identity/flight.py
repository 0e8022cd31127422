"""Doing something slow once for everybody who waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TookTooLong
from typing import Generic, TypeVar

from counterseal.enforce.core.errors import Unavailable
from counterseal.enforce.identity.steps import on_loop

R = TypeVar("R")


class Flight(Generic[R]):
    """A call in a thread of its own, at most one at a time.

    Args:
        call: what to do.
        patience: how long anybody waits for it, in seconds. A call that takes longer no longer counts as under way, so that
            one that hangs, or whose thread a fork left behind, does not bar the next.
    """

    def __init__(self, call: Callable[[], R], *, patience: float) -> None:
        self._call = call
        self._patience = patience
        self._lock = threading.Lock()
        self._current: tuple[Future[R], float] | None = None

    def under_way(self) -> bool:
        """Whether the call runs."""
        current = self._current
        return current is not None and not current[0].done() and time.monotonic() - current[1] < self._patience

    def start(self) -> Future[R]:
        """Start the call, or join the one under way; wait for neither."""
        with self._lock:
            if self._current is not None and self.under_way():
                return self._current[0]
            future: Future[R] = Future()
            future.set_running_or_notify_cancel()  # so that one waiter who is cancelled does not cancel it for the others
            self._current = (future, time.monotonic())
        threading.Thread(target=self._fly, args=(future,), name="counterseal-flight", daemon=True).start()
        return future

    def join(self) -> R | Awaitable[R]:
        """The result of the call; an awaitable for it when an event loop runs here.

        Raises:
            Unavailable: it takes too long, or what the call raised.
        """
        future = self.start()
        if on_loop():
            return self._awaited(future)
        try:
            return future.result(timeout=self._patience)
        except TookTooLong:
            raise Unavailable("the key server takes too long") from None

    async def _awaited(self, future: Future[R]) -> R:
        import asyncio

        try:
            async with asyncio.timeout(self._patience):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            raise Unavailable("the key server takes too long") from None

    def _fly(self, future: Future[R]) -> None:
        try:
            future.set_result(self._call())
        except BaseException as problem:  # noqa: BLE001  handed to everybody who waits
            future.set_exception(problem)
