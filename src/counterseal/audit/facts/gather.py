"""Facts of every file: from the cache where the content is known, else read anew, in parallel."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from counterseal.audit.facts.cache import Cache, content_digest
from counterseal.audit.facts.discover import SourceFile
from counterseal.audit.facts.workers import Extract, Failure, Task, run
from counterseal.audit.result import NotChecked


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What was found out about one file. ``facts`` is empty when ``error`` says why there are none."""

    path: str
    facts: bytes
    cached: bool
    error: NotChecked | None = None


def gather(
    files: Sequence[SourceFile],
    *,
    jobs: int,
    cache: Cache | None,
    extract: Extract,
    progress: Callable[[int, int], None] | None = None,
    meanwhile: Callable[[], object] | None = None,
) -> dict[str, FileRecord]:
    """Run ``extract(path, source)`` for every file; records by path, in the order of ``files``.

    ``jobs``: processes; 1 works in this one, as do few or small files whatever ``jobs`` says. ``extract`` is a function of a
    module, so that other processes find it by name. ``progress(done, total)`` is called after each file, never before the workers
    are started: a display may start its thread on the first call. ``meanwhile`` is called once while other processes work, if any
    do: what this process needs next can be loaded then. New facts are put into ``cache``, which the caller saves.

    A file that cannot be read, or that brings its worker down, has a record with an error. Nothing is raised for it.
    """
    records: dict[str, FileRecord] = {}
    pending: list[Task] = []
    digests: list[bytes] = []
    for file in files:
        try:
            source = Path(file.location).read_bytes()
        except OSError as error:
            records[file.path] = _failed(file.path, f"the file cannot be read: {error.strerror}")
            continue
        digest = content_digest(file.path, source) if cache is not None else b""
        facts = cache.get(digest) if cache is not None else None
        if facts is None:
            pending.append(Task(len(pending), file.path, source))
            digests.append(digest)
        else:
            records[file.path] = FileRecord(file.path, facts, cached=True)
    done = len(files) - len(pending)

    def finished(task: Task, outcome: bytes | Failure) -> None:
        nonlocal done
        done += 1
        if isinstance(outcome, Failure):
            records[task.path] = _failed(task.path, outcome.why)
        else:
            records[task.path] = FileRecord(task.path, outcome, cached=False)
            if cache is not None:
                cache.put(digests[task.number], outcome)
        if progress is not None:
            progress(done, len(files))

    run(pending, extract, jobs, finished, meanwhile)
    return {file.path: records[file.path] for file in files}


def default_jobs() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def _failed(path: str, why: str) -> FileRecord:
    return FileRecord(path, b"", cached=False, error=NotChecked(path, why, path))
