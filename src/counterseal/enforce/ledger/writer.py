"""The one thread of a process that writes a ledger: it commits whatever has queued in one transaction, and seals.

A commit that survives a power cut takes milliseconds, however many records are in it; so everybody who comes meanwhile goes into
the next one together (group commit).
"""

from __future__ import annotations

import logging
import os
import threading
import time
from asyncio import AbstractEventLoop, Future
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TypeVar
from weakref import WeakSet

from counterseal.enforce.core.clock import now
from counterseal.enforce.core.errors import ConfigurationError, Unavailable
from counterseal.enforce.ledger.seals import Checkpoint, Sealer
from counterseal.enforce.ledger.store import Store, explain

_log = logging.getLogger("counterseal.ledger")

Result = TypeVar("Result")

LARGEST_BATCH = 4096
"""Records of one transaction."""
SEAL_ROWS = 1000
"""Records of one checkpoint."""


class Ticket:
    """What a waiting thread holds. The lock is taken until the record is durable, or is not going to be."""

    __slots__ = ("lock", "problem", "settled")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.lock.acquire()
        self.problem: str | None = None
        self.settled = False

    def settle(self, problem: str | None) -> None:
        """Let the thread go on. What was said first counts."""
        if not self.settled:
            self.settled = True
            self.problem = problem
            self.lock.release()


Waiter = Ticket | Future[None]
Job = tuple[str, Waiter]
_STOPPED = "the ledger cannot be used: its writer was stopped"


class Direct:
    """A second connection, for writing without the writer's thread; it never waits."""

    def __init__(self, store: Store, noted: Callable[[int], None]) -> None:
        """Args:
        store: the connection.
        noted: called with how many records have been written.
        """
        self.store = store
        self.lock = threading.Lock()
        self.closed = False
        self._noted = noted

    def write(self, lines: list[str]) -> bool:
        """Write lines if that can be done at once; otherwise nothing has been written, and the thread is to try."""
        if not self.lock.acquire(blocking=False):
            return False
        try:
            if self.closed:
                return False
            self.store.open()
            self.store.write(lines)
        except (Unavailable, *self.store.errors):
            # Not the end of it: the thread waits for locks, connects anew, and says what is wrong to those who wait.
            self.store.close()
            return False
        finally:
            self.lock.release()
        self._noted(len(lines))
        return True


class Writer:
    """Queue and thread of one ledger in this process."""

    def __init__(
        self,
        store: Store,
        direct: Store | None,
        sealer: Sealer,
        *,
        capacity: int,
        seal_interval: float,
        anchor: Callable[[Checkpoint], None] | None,
    ) -> None:
        self.store = store
        self.capacity = capacity
        self.direct = Direct(direct, self.noted) if direct is not None else None
        self._sealer = sealer
        self._interval = seal_interval
        self._anchor = anchor
        self._closed = False
        self._watches = False
        self._reset()
        _writers.add(self)

    def _reset(self) -> None:
        """The state of a process in which nothing has happened yet: after a fork, the parent's locks and threads mean nothing."""
        self.busy = threading.RLock()
        """Held while the connection is in use."""
        self._starting = threading.Lock()
        self._queue: deque[Job] = deque()
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._asleep = False
        self._running = False
        self._thread: threading.Thread | None = None
        self._unsealed = 0
        self._seal_at = float("inf")

    # ------------------------------------------------------------------ called from anywhere

    def full(self) -> bool:
        """Whether so much is queued that callers must wait before they add to it."""
        return len(self._queue) >= self.capacity

    def submit(self, line: str, waiter: Waiter) -> None:
        """Queue a line; the waiter hears when it is durable.

        Raises:
            Unavailable: the ledger is closed.
        """
        if self._closed:
            raise Unavailable("the ledger cannot be used: it is closed")
        self._queue.append((line, waiter))
        self._wake()

    def watch(self) -> None:
        """From now on look for records that others write: their transactions commit without a word to us."""
        if not self._watches:
            self._watches = True
            self.noted(1)

    def noted(self, count: int) -> None:
        """Others have written so many records, which are to be sealed in time."""
        before = self._unsealed
        self._unsealed = before + count
        if before == 0 or before < SEAL_ROWS <= self._unsealed:
            self._wake()

    def _wake(self) -> None:
        # First something to do, then this look; in the thread first the mark, then a look for something to do. So one of the two
        # sees what the other has done. The same with the other mark, at the thread's end.
        if self._asleep:
            self._asleep = False
            self._bell.put(None)
        if not self._running:
            self._start()

    def exclusively(self, work: Callable[[Store, Sealer], Result]) -> Result:
        """Do something with the connection while the thread does not use it.

        Raises:
            Unavailable: the database does not do it.
        """
        with self.busy:
            try:
                self.store.open()
                return work(self.store, self._sealer)
            except self.store.errors as error:
                self._drop()
                raise self.store.unavailable(error) from error
            finally:
                self.noted(1)

    def close(self) -> None:
        """Write what has queued, seal it, disconnect. Later calls are refused."""
        self._closed = True
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            self._bell.put(None)
            thread.join()
        with self.busy:
            while self._queue:
                self._commit()
            self._seal()
            self.store.close()
        if self.direct is not None:
            with self.direct.lock:
                self.direct.closed = True
                self.direct.store.close()
        _writers.discard(self)

    def _start(self) -> None:
        with self._starting:
            if not self._running:
                self._running = True
                self._thread = threading.Thread(target=self._run, name="counterseal-ledger", daemon=True)
                self._thread.start()

    # ------------------------------------------------------------------ the thread

    def _run(self) -> None:
        try:
            while not self._closed:
                self._sleep()
                with self.busy:
                    self._commit()
                    if self._due():
                        self._seal()
        finally:
            # Whatever ended this thread: nobody waits for ever, and the next caller starts another one.
            self._running = False
            if not self._closed:
                while self._queue:
                    self._finish(self._batch(), _STOPPED)

    def _sleep(self) -> None:
        """Wait until there is something to do."""
        self._asleep = True
        if not self._queue and not self._closed:
            with suppress(Empty):
                self._bell.get(timeout=self._patience())
        self._asleep = False

    def _patience(self) -> float | None:
        """Seconds until something other than the queue needs doing."""
        if self._unsealed == 0 and not self._watches:
            return None
        if self._seal_at == float("inf"):
            self._seal_at = time.monotonic() + self._interval
        return max(0.0, self._seal_at - time.monotonic())

    def _due(self) -> bool:
        return self._unsealed >= SEAL_ROWS or time.monotonic() >= self._seal_at

    def _batch(self) -> list[Job]:
        """The first jobs of the queue. They stay there until they are done: a thread that dies takes none along."""
        queue = self._queue
        return [queue[place] for place in range(min(len(queue), LARGEST_BATCH))]

    def _finish(self, batch: Sequence[Job], problem: str | None) -> None:
        resolve(batch, problem)
        for _ in batch:
            self._queue.popleft()

    def _commit(self) -> None:
        batch = self._batch()
        if not batch:
            return
        problem: str | None = None
        try:
            self.store.open()
            self.store.write([line for line, _ in batch])
            self._unsealed += len(batch)
        except Unavailable as error:
            problem = str(error)
        except self.store.errors as error:
            problem = str(self.store.unavailable(error))
            self._drop()
        self._finish(batch, problem)

    def _seal(self) -> None:
        """Seal all there is. A failure leaves records unsealed, not unwritten: it is logged, and tried again."""
        self._seal_at = float("inf")
        self._unsealed = 0
        try:
            self.store.open()
            while (sealed := self._seal_some()) is not None:
                self._publish(sealed)
            if self.store.unsettled():
                self._unsealed += 1
        except (Unavailable, ConfigurationError, *self.store.errors) as error:
            _log.error("records of the ledger could not be sealed: %s", explain(error))
            self._unsealed = 1  # to be tried again after the interval
            self._drop()

    def _seal_some(self) -> Checkpoint | None:
        with self.store.sealing() as ours:
            if not ours:
                return None
            last = self.store.last_checkpoint()
            rows = self.store.sealable(0 if last is None else last.upto, SEAL_ROWS)
            if not rows:
                return None
            checkpoint = self._sealer.seal(last, rows, now())
            self.store.add_checkpoint(checkpoint)
        return checkpoint

    def _publish(self, checkpoint: Checkpoint) -> None:
        """Hand a durable checkpoint to whoever keeps it elsewhere. The next one stands for this one too: none is tried twice."""
        if self._anchor is None:
            return
        try:
            self._anchor(checkpoint)
        except Exception as error:  # noqa: BLE001  the application's own code: whatever it raises must not stop the ledger
            _log.error("checkpoint %d could not be anchored: %s", checkpoint.number, type(error).__name__)

    def _drop(self) -> None:
        """Let go of a connection that failed; the next attempt makes a new one."""
        try:
            self.store.close()
        except self.store.errors as error:
            _log.warning("the ledger's connection could not be closed: %s", explain(error))

    # ------------------------------------------------------------------ fork

    def before_fork(self) -> None:
        """No connection may cross a fork (https://sqlite.org/howtocorrupt.html section 2.6)."""
        self.busy.acquire()
        self._drop()
        if self.direct is not None:
            self.direct.lock.acquire()
            self.direct.store.close()

    def after_fork_in_parent(self) -> None:
        """Go on; the next batch connects anew."""
        if self.direct is not None:
            self.direct.lock.release()
        self.busy.release()

    def after_fork_in_child(self) -> None:
        """Begin anew. Who waits, waits in the parent."""
        self._reset()
        if self.direct is not None:
            self.direct.lock = threading.Lock()
        if self._watches:
            self._unsealed = 1


def resolve(batch: Sequence[Job], problem: str | None) -> None:
    """Tell all who wait what went wrong, or that nothing did.

    Those of one event loop are told by one call: waking a loop up costs more than writing a record.
    """
    loops: dict[AbstractEventLoop, list[Future[None]]] = {}
    for _, waiter in batch:
        if isinstance(waiter, Ticket):
            waiter.settle(problem)
        else:
            loops.setdefault(waiter.get_loop(), []).append(waiter)
    for loop, futures in loops.items():
        try:
            loop.call_soon_threadsafe(settle, futures, problem)
        except RuntimeError:
            _log.debug("an event loop ended before %d records that it waited for", len(futures))


def settle(futures: Sequence[Future[None]], problem: str | None) -> None:
    """End futures, on their own loop. Callers that gave up have ended theirs already."""
    for future in futures:
        if not future.done():
            if problem is None:
                future.set_result(None)
            else:
                future.set_exception(Unavailable(problem))  # one for each: a raised exception collects where it went


_writers: WeakSet[Writer] = WeakSet()
_at_fork: list[Writer] = []


def _before_fork() -> None:
    _at_fork[:] = list(_writers)
    for writer in _at_fork:
        writer.before_fork()


def _after_fork_in_parent() -> None:
    for writer in _at_fork:
        writer.after_fork_in_parent()
    _at_fork.clear()


def _after_fork_in_child() -> None:
    for writer in _at_fork:
        writer.after_fork_in_child()
    _at_fork.clear()


def hook_forks() -> None:
    """Have forks leave ledgers in order, from now on and in every process."""
    if not _hooked and hasattr(os, "register_at_fork"):
        _hooked.append(True)
        os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)


_hooked: list[bool] = []
