"""Streams of servers that work in threads: followed to their end, and led from one kind of iterator to the other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import Any

from counterseal.enforce.core.adapter import Around, Finish

log = logging.getLogger("counterseal")
_END = object()


class BrokenOffError(Exception):
    """A stream was left before its end: the client hung up, or the server stopped."""


class End:
    """How an answer ended. Told once, in a thread without an event loop."""

    __slots__ = ("_finish", "_told", "complete", "failure")

    def __init__(self, finish: Finish, *, complete: bool) -> None:
        self._finish = finish
        self._told = False
        self.complete = complete
        """Whether every piece is out, as it is where nothing is produced piece by piece."""
        self.failure: BaseException | None = None

    def tell(self) -> None:
        """Say how it ended.

        Raises:
            Unavailable: that could not go on record.
        """
        if self._told:
            return
        self._told = True
        failure = self.failure
        if failure is None and not self.complete:
            failure = BrokenOffError("left before the end")
        try:
            pending = self._finish(failure)
            if pending is not None:
                waited(pending)
        except Exception as error:
            # Servers drop what is raised here: the answer is out. Somebody has to know all the same.
            log.error("the end of an answer is not on record: %s", type(error).__qualname__)
            raise


class Followed:
    """The pieces of a stream, each produced with the caller known."""

    __slots__ = ("_around", "_end", "_pieces")

    def __init__(self, pieces: Iterable[Any], around: Around, end: End) -> None:
        self._pieces = iter(pieces)
        self._around = around
        self._end = end

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            with self._around():
                return next(self._pieces)
        except StopIteration:
            self._end.complete = True
            raise
        except BaseException as error:
            # Not every server closes a response that has failed: this is told at once.
            self._end.failure = error
            self._end.tell()
            raise

    def close(self) -> None:
        """Leave the stream, at its end or before."""
        close = getattr(self._pieces, "close", None)
        try:
            if close is not None:
                close()
        except BaseException as error:
            self._end.failure = error
            self._end.tell()
            raise


class FollowedAsync:
    """The same on an event loop. The end is told in a thread: that may block."""

    __slots__ = ("_around", "_end", "_pieces")

    def __init__(self, pieces: AsyncIterable[Any], around: Around, end: End) -> None:
        self._pieces = aiter(pieces)
        self._around = around
        self._end = end

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        try:
            with self._around():
                return await anext(self._pieces)
        except StopAsyncIteration:
            self._end.complete = True
            raise
        except BaseException as error:
            self._end.failure = error
            await asyncio.to_thread(self._end.tell)
            raise


def closing(functions: Iterable[Callable[[], Any]], around: Around, end: End) -> Callable[[], None]:
    """What is run when a response is closed: the background work with the caller known, and then the end is told."""

    def close() -> None:
        try:
            for function in functions:
                with around():
                    function()
        except BaseException as error:
            end.failure = error
            raise
        finally:
            end.tell()

    return close


def plain(pieces: AsyncIterator[Any]) -> Iterator[Any]:
    """An async iterator for a server that takes plain ones, on an event loop of its own.

    Raises:
        RuntimeError: an event loop runs in this thread already.
    """
    with asyncio.Runner() as runner:
        try:
            while (piece := runner.run(_next(pieces))) is not _END:
                yield piece
        finally:
            close = getattr(pieces, "aclose", None)
            if close is not None:
                runner.run(_awaited(close()))


def waited(pending: Awaitable[Any]) -> Any:
    """The result of something awaitable, on an event loop of its own.

    Raises:
        RuntimeError: an event loop runs in this thread already.
    """
    return asyncio.run(_awaited(pending))


async def _awaited(pending: Awaitable[Any]) -> Any:
    return await pending


async def _next(pieces: AsyncIterator[Any]) -> Any:
    return await anext(pieces, _END)
