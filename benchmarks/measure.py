"""Run a command and say what it cost: CPU of it and all its children, wall time, peak memory of the whole tree."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SAMPLE_SECONDS = 0.02


@dataclass(frozen=True)
class Cost:
    """What one run of a command cost."""

    cpu: float
    """Seconds of user and system time, of the process and of every child that it waited for."""
    wall: float
    """Seconds from start to end."""
    memory: int
    """Most bytes held by the process tree at one moment; 0 where it was not watched. Shared pages count once (PSS)."""
    status: int
    """Exit code; negative: the signal that ended it."""


class CommandError(Exception):
    """A command that was to be measured failed: its figures would mean nothing."""


def run(
    command: Sequence[str], *, accept: frozenset[int], env: Mapping[str, str], cwd: Path, log: Path, watch_memory: bool = False
) -> Cost:
    """Run a command to its end and measure it. ``log`` takes what it prints.

    Raises:
        CommandError: it ended with an exit code that is not in ``accept``.
    """
    with log.open("wb") as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=env, cwd=cwd)
        watcher = _Watcher(process.pid) if watch_memory else None
        _, status, usage = os.wait4(process.pid, 0)  # the usage covers the children that the process has waited for
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    peak = watcher.stop() if watcher else 0
    if process.returncode not in accept:
        tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise CommandError(f"exit code {process.returncode} from {' '.join(command[:6])} ...\n{tail}")
    return Cost(usage.ru_utime + usage.ru_stime, wall, peak, process.returncode)


class _Watcher:
    """Samples the memory of a process tree (Linux: /proc) until it is told to stop."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peak = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """Bytes held at the highest sample."""
        self._end.set()
        self._thread.join()
        return self._peak

    def _watch(self) -> None:
        while not self._end.wait(SAMPLE_SECONDS):
            self._peak = max(self._peak, sum(map(_proportional_bytes, _tree(self._pid))))


def _tree(pid: int) -> list[int]:
    found, pending = [], [pid]
    while pending:
        current = pending.pop()
        found.append(current)
        with contextlib.suppress(OSError):  # a process may end while it is looked at
            for task in Path(f"/proc/{current}/task").iterdir():
                pending += map(int, (task / "children").read_text().split())
    return found


def _proportional_bytes(pid: int) -> int:
    with contextlib.suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
