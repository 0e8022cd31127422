"""Waiting for a record without holding up the event loop.

Each event loop has a desk at which its tasks hand in their records. With durability "normal", where a commit costs microseconds
and flushes nothing, the desk writes all that came in one round of the loop by itself, in one transaction, which spares two
changes of thread. Where that would wait for anything (another writer holds the file, the disk has failed), and with durability
"full" always, the writer's thread does it.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop, Future, sleep
from collections.abc import Awaitable

from counterseal.enforce.core.errors import Unavailable
from counterseal.enforce.ledger.writer import Writer, settle

_RETRY = 0.005
"""Seconds between looks at a full queue."""


class Desk:
    """Where the tasks of one event loop hand in their records."""

    def __init__(self, loop: AbstractEventLoop, writer: Writer, timeout: float) -> None:
        self.loop = loop
        self._writer = writer
        self._direct = writer.direct
        self._timeout = timeout
        self._lines: list[str] = []
        self._futures: list[Future[None]] = []
        self._young: set[Future[None]] = set()
        self._old: set[Future[None]] = set()
        self._watching = False

    def hand_in(self, line: str) -> Awaitable[None]:
        """Write a line; done when it is durable."""
        if self._direct is not None:
            future = self.loop.create_future()
            if not self._lines:
                self.loop.call_soon(self._write_round)
            self._lines.append(line)
            self._futures.append(future)
            return future
        if self._writer.full():
            return self._when_there_is_room(line)
        return self._queue(line)

    def _queue(self, line: str) -> Future[None]:
        future = self.loop.create_future()
        self._writer.submit(line, future)
        self._watch(future)
        return future

    async def _when_there_is_room(self, line: str) -> None:
        deadline = self.loop.time() + self._timeout
        while self._writer.full():
            if self.loop.time() >= deadline:
                raise Unavailable("the ledger cannot be used: more comes in than it can write")
            await sleep(_RETRY)
        await self._queue(line)

    def _write_round(self) -> None:
        lines, futures = self._lines, self._futures
        self._lines, self._futures = [], []
        if self._direct is not None and self._direct.write(lines):
            settle(futures, None)
            return
        for line, future in zip(lines, futures, strict=True):
            if self._writer.full():
                settle([future], "the ledger cannot be used: more comes in than it can write")
                continue
            try:
                self._writer.submit(line, future)
            except Unavailable as error:
                settle([future], str(error))
            else:
                self._watch(future)

    # A disk that hangs tells nobody. One timer for all who wait: who is still waiting at its second call has waited long enough.

    def _watch(self, future: Future[None]) -> None:
        self._young.add(future)
        if not self._watching:
            self._watching = True
            self.loop.call_later(self._timeout, self._give_up)

    def _give_up(self) -> None:
        settle([future for future in self._old if not future.done()], "the ledger does not answer")
        self._old = {future for future in self._young if not future.done()}
        self._young = set()
        self._watching = bool(self._old)
        if self._watching:
            self.loop.call_later(self._timeout, self._give_up)
