"""Runs one function over many files in several processes, and outlives every one of them.

Not a `concurrent.futures` pool: there one killed worker breaks the pool, and nobody knows which file it was. Here a worker
answers file by file, so the file that brought it down is the first without an answer.
"""

from __future__ import annotations

import gc
import multiprocessing
import multiprocessing.connection
import os
import signal
import struct
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

Extract = Callable[[str, bytes], bytes]

FILE_SECONDS = 60.0
"""A file that takes longer is given up (where worker processes are used)."""
_LAST_SECONDS = 5.0
"""A worker that has closed its connection gets this long to end by itself."""
_PER_WORKER_BYTES = 200_000
"""A further process pays off for this much source."""
_CHUNKS_PER_WORKER = 8
_COLLECT_BYTES = 8 << 20
"""Cyclic garbage is collected after this much source, not while a file is read."""
_ANSWER = struct.Struct("<I?")
"""Number of the task, and whether it failed."""


@dataclass(frozen=True, slots=True)
class Task:
    """One file."""

    number: int
    path: str
    source: bytes


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there are no facts of a file."""

    why: str


Finished = Callable[[Task, "bytes | Failure"], None]


def run(
    tasks: Sequence[Task], extract: Extract, jobs: int, finished: Finished, meanwhile: Callable[[], object] | None = None
) -> None:
    """Call ``extract(path, source)`` for every task, and ``finished`` with what it returned, or why it did not.

    ``meanwhile`` is called once while other processes work, if any do.

    On an exception (`KeyboardInterrupt` too) all workers are killed at once.
    """
    total = sum(len(task.source) for task in tasks)
    workers = min(jobs, total // _PER_WORKER_BYTES, len(tasks))
    if workers < 2:
        _run_here(tasks, extract, finished)
    else:
        _Crew(extract, finished, _chunks(tasks, total // (workers * _CHUNKS_PER_WORKER)), meanwhile).run(workers)


def _chunks(tasks: Sequence[Task], size: int) -> deque[list[Task]]:
    """Consecutive tasks of about ``size`` bytes each."""
    chunks: deque[list[Task]] = deque()
    room = 0
    for task in tasks:
        if room <= 0:
            chunks.append([])
            room = size
        chunks[-1].append(task)
        room -= len(task.source)
    return chunks


def _run_here(tasks: Iterable[Task], extract: Extract, finished: Finished) -> None:
    collecting = gc.isenabled()
    gc.disable()
    try:
        seen = 0
        for task in tasks:
            finished(task, _extract(extract, task.path, task.source))
            seen += len(task.source)
            if seen > _COLLECT_BYTES:
                gc.collect()
                seen = 0
    finally:
        if collecting:
            gc.enable()


def _extract(extract: Extract, path: str, source: bytes) -> bytes | Failure:
    try:
        return extract(path, source)
    except MemoryError:
        return Failure("not enough memory to analyse the file")
    except Exception as error:  # noqa: BLE001 (whatever is wrong with the analysis of one file must not hide the others)
        return Failure(_describe(error))


def _describe(error: Exception) -> str:
    """What went wrong in the tool, without the message: that could quote the audited file, and with it a secret."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""  # noqa: PTH119
    return f"the analysis of the file failed: {type(error).__name__}{where}; this is a defect of counterseal, please report it"


@dataclass(slots=True, eq=False)
class _Worker:
    process: BaseProcess
    connection: Connection
    unanswered: deque[Task] = field(default_factory=deque)
    since: float = 0.0
    """When it began the task that is first in ``unanswered`` (monotonic seconds)."""


@dataclass(slots=True)
class _Crew:
    extract: Extract
    finished: Finished
    chunks: deque[list[Task]]
    meanwhile: Callable[[], object] | None = None
    workers: list[_Worker] = field(default_factory=list)
    suspects: set[int] = field(default_factory=set)
    """Tasks whose worker died once: they are tried again, alone."""

    def run(self, count: int) -> None:
        try:
            for _ in range(count):
                self._hire()
            if self.meanwhile is not None:
                self.meanwhile()
            while self.workers:
                self._listen()
            for chunk in self.chunks:  # left only when no process could be started
                self._finish_here(chunk)
        finally:
            for worker in self.workers:
                worker.process.kill()
            for worker in self.workers:
                _bury(worker)

    def _hire(self) -> None:
        """Start a worker on the next chunk, if there is one."""
        if not self.chunks:
            return
        forked = _fork_is_safe()
        context = multiprocessing.get_context("fork") if forked else multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        inherited = [ours, *(worker.connection for worker in self.workers)] if forked else []
        process = context.Process(target=_work, args=(theirs, inherited, self.extract), daemon=True)
        try:
            process.start()
        except OSError:  # no more processes or memory: those that run do the rest, or this one
            ours.close()
            return
        finally:
            theirs.close()  # only the worker holds it now, so that its end is seen here
        worker = _Worker(process, ours)
        self.workers.append(worker)
        self._assign(worker)

    def _assign(self, worker: _Worker) -> None:
        if not self.chunks:
            self.workers.remove(worker)
            worker.process.kill()
            _bury(worker)
            return
        chunk = self.chunks.popleft()
        worker.unanswered = deque(chunk)
        worker.since = time.monotonic()
        with suppress(OSError):  # it died meanwhile: seen when it is listened to
            worker.connection.send([(task.number, task.path, task.source) for task in chunk])

    def _listen(self) -> None:
        now = time.monotonic()
        patience = max(0.0, min(worker.since + FILE_SECONDS - now for worker in self.workers))
        ready = set(multiprocessing.connection.wait([worker.connection for worker in self.workers], patience))
        for worker in list(self.workers):
            if worker.connection in ready:
                self._hear(worker)
            elif time.monotonic() - worker.since > FILE_SECONDS:
                worker.process.kill()
                self._lost(worker, f"its analysis took longer than {FILE_SECONDS:.0f} s", again=False)

    def _hear(self, worker: _Worker) -> None:
        try:
            answer = worker.connection.recv_bytes()
        except (EOFError, OSError):
            self._lost(worker, "its analysis ended the process that did it", again=True)
            return
        _, failed = _ANSWER.unpack_from(answer)
        task = worker.unanswered.popleft()
        worker.since = time.monotonic()
        content = answer[_ANSWER.size :]
        self.finished(task, Failure(content.decode()) if failed else content)
        if not worker.unanswered:
            self._assign(worker)

    def _lost(self, worker: _Worker, why: str, again: bool) -> None:
        """A worker is gone. The file it was at is tried once more, alone: it may have been killed for what others used."""
        self.workers.remove(worker)
        _bury(worker)
        guilty, *rest = worker.unanswered
        if rest:
            self.chunks.appendleft(rest)
        if again and guilty.number not in self.suspects:
            self.suspects.add(guilty.number)
            self.chunks.appendleft([guilty])
        else:
            self.finished(guilty, Failure(f"{why} ({_ending(worker.process.exitcode)})" if again else why))
        self._hire()

    def _finish_here(self, chunk: Sequence[Task]) -> None:
        for task in chunk:
            if task.number in self.suspects:
                self.finished(task, Failure("its analysis ended the process that did it"))
        _run_here([task for task in chunk if task.number not in self.suspects], self.extract, self.finished)


def _bury(worker: _Worker) -> None:
    worker.connection.close()
    worker.process.join(_LAST_SECONDS)
    if worker.process.is_alive():
        worker.process.kill()
        worker.process.join()


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        with suppress(ValueError):
            return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"


def _fork_is_safe() -> bool:
    """A forked process starts in milliseconds, but has copies of locks that other threads hold."""
    return sys.platform == "linux" and threading.active_count() == 1


def _work(connection: Connection, inherited: Sequence[Connection], extract: Extract) -> None:
    """The worker: answers chunk after chunk, until the parent is gone."""
    for each in inherited:  # copies of the parent's ends: with them open, nobody would notice that the parent is gone
        each.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    gc.disable()
    gc.freeze()
    seen = 0
    with suppress(EOFError, OSError):
        while True:
            for number, path, source in connection.recv():
                outcome = _extract(extract, path, source)
                failed = isinstance(outcome, Failure)
                content = outcome.why.encode() if isinstance(outcome, Failure) else outcome
                connection.send_bytes(_ANSWER.pack(number, failed) + content)
                seen += len(source)
            if seen > _COLLECT_BYTES:
                gc.collect()
                seen = 0
