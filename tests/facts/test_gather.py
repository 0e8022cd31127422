"""Facts of many files, in real processes that are killed, crash and hang."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from counterseal.audit.facts import workers
from counterseal.audit.facts.cache import Cache
from counterseal.audit.facts.discover import SourceFile, discover
from counterseal.audit.facts.gather import FileRecord, default_jobs, gather
from tests.facts.extractors import measure

FILLER = "\n" + "x = 1  # filler to make a further process worth while\n" * 400


def code_base(root: Path, first_lines: dict[str, str] | None = None, count: int = 60) -> tuple[SourceFile, ...]:
    for number in range(count):
        (root / f"m{number:03}.py").write_text(FILLER)
    for name, line in (first_lines or {}).items():
        (root / name).write_text(line + FILLER)
    return discover(root).files


def expected(file: SourceFile, cached: bool = False) -> FileRecord:
    return FileRecord(file.path, f"{file.path}:{file.size}".encode(), cached)


def errors(records: dict[str, FileRecord]) -> dict[str, str]:
    assert all(record.error.incomplete and record.error.file == path for path, record in records.items() if record.error)
    return {path: record.error.why for path, record in records.items() if record.error is not None}


@pytest.mark.parametrize("jobs", [1, 2, 3, 100])
def test_every_file_has_its_record_in_order(tmp_path: Path, jobs: int) -> None:
    files = code_base(tmp_path)
    steps: list[tuple[int, int]] = []
    records = gather(files, jobs=jobs, cache=None, extract=measure, progress=lambda done, total: steps.append((done, total)))
    assert list(records) == [file.path for file in files]
    assert list(records.values()) == [expected(file) for file in files]
    assert steps == [(number, 60) for number in range(1, 61)]


def test_it_really_works_in_parallel_and_small_work_stays_here(tmp_path: Path) -> None:
    names = {f"m{number:03}.py": "pid" for number in range(60)}
    files = code_base(tmp_path, names)
    pids = {record.facts for record in gather(files, jobs=3, cache=None, extract=measure).values()}
    assert len(pids) == 3
    assert str(os.getpid()).encode() not in pids
    few = gather(files[:5], jobs=3, cache=None, extract=measure)
    assert {record.facts for record in few.values()} == {str(os.getpid()).encode()}


def test_no_files() -> None:
    assert gather((), jobs=2, cache=None, extract=measure) == {}


@pytest.mark.parametrize(
    ("line", "ending"),
    [("segfault", "signal SIGSEGV"), ("killed", "signal SIGKILL"), ("exit", "exit code 1"), ("hard exit", "exit code 0")],
)
def test_a_file_that_brings_its_worker_down_is_named_and_the_rest_is_done(tmp_path: Path, line: str, ending: str) -> None:
    bad = {"a_first.py": line, "m030a.py": line, "m030b.py": line, "z_last.py": line}
    files = code_base(tmp_path, bad)
    records = gather(files, jobs=2, cache=None, extract=measure)
    assert list(records) == [file.path for file in files]
    said = errors(records)
    assert set(said) == set(bad)
    assert {why.replace("exit code 7", "exit code 1") for why in said.values()} == {
        f"its analysis ended the process that did it ({ending})"
    }
    assert [records[file.path] for file in files if file.path not in bad] == [
        expected(file) for file in files if file.path not in bad
    ]


def test_a_file_whose_worker_was_killed_for_another_reason_is_read_after_all(tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.mkdir()
    files = code_base(code, {"m007.py": f"once {tmp_path / 'marker'}"})
    records = gather(files, jobs=2, cache=None, extract=measure)
    assert (tmp_path / "marker").exists()
    assert list(records.values()) == [expected(file) for file in files]


def test_every_worker_may_die(tmp_path: Path) -> None:
    files = code_base(tmp_path, {f"m{number:03}.py": "killed" for number in range(60)})
    assert len(errors(gather(files, jobs=4, cache=None, extract=measure))) == 60


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_defect_of_the_analysis_costs_one_file_and_quotes_nothing_of_it(tmp_path: Path, jobs: int) -> None:
    files = code_base(tmp_path, {"a.py": "raise", "b.py": "memory", "c.py": "recursion"})
    said = errors(gather(files, jobs=jobs, cache=None, extract=measure))
    assert set(said) == {"a.py", "b.py", "c.py"}
    assert said["a.py"].startswith("the analysis of the file failed: ValueError (extractors.py:")
    assert "filler" not in said["a.py"]
    assert said["b.py"] == "not enough memory to analyse the file"
    assert "RecursionError" in said["c.py"]


def test_a_file_that_takes_for_ever_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "FILE_SECONDS", 0.7)
    files = code_base(tmp_path, {"m010.py": "hang", "m050.py": "hang"})
    started = time.monotonic()
    said = errors(gather(files, jobs=2, cache=None, extract=measure))
    assert set(said) == {"m010.py", "m050.py"}
    assert set(said.values()) == {"its analysis took longer than 1 s"}
    assert time.monotonic() - started < 10


def test_a_file_that_is_gone_meanwhile(tmp_path: Path) -> None:
    files = code_base(tmp_path)
    (tmp_path / "m005.py").unlink()
    records = gather(files, jobs=2, cache=None, extract=measure)
    assert errors(records) == {"m005.py": "the file cannot be read: No such file or directory"}
    assert list(records) == [file.path for file in files]


def test_the_cache_serves_what_has_not_changed_and_only_that(tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.mkdir()
    files = code_base(code, {"a.py": "raise"})

    def run(jobs: int) -> dict[str, FileRecord]:
        cache = Cache(tmp_path / "cache", "k")
        records = gather(files, jobs=jobs, cache=cache, extract=measure)
        cache.save()
        return records

    good = [file for file in files if file.path != "a.py"]
    first = run(2)
    assert [first[file.path] for file in good] == [expected(file) for file in good]
    again = run(2)
    assert [again[file.path] for file in good] == [expected(file, cached=True) for file in good]
    assert not again["a.py"].cached
    assert again["a.py"].error is not None
    # Same size, same time, other content: found by content, so it is read anew.
    status = (code / "m003.py").stat()
    (code / "m003.py").write_text("pid" + FILLER[3:])
    (code / "m004.py").write_text("pid\n" + FILLER[4:])
    for name in ("m003.py", "m004.py"):
        os.utime(code / name, ns=(status.st_atime_ns, status.st_mtime_ns))
    changed = run(1)
    assert [path for path, record in changed.items() if not record.cached] == ["a.py", "m003.py", "m004.py"]
    assert changed["m004.py"].facts == str(os.getpid()).encode()


def test_with_other_threads_about_the_workers_are_not_forked(tmp_path: Path) -> None:
    files = code_base(tmp_path)
    release = threading.Event()
    thread = threading.Thread(target=release.wait)
    thread.start()
    try:
        records = gather(files, jobs=2, cache=None, extract=measure)
    finally:
        release.set()
        thread.join()
    assert list(records.values()) == [expected(file) for file in files]


def test_the_collector_is_left_as_it_was(tmp_path: Path) -> None:
    files = code_base(tmp_path, count=3)
    assert gc.isenabled()
    gather(files, jobs=1, cache=None, extract=measure)
    assert gc.isenabled()
    gc.disable()
    try:
        gather(files, jobs=1, cache=None, extract=measure)
        assert not gc.isenabled()
    finally:
        gc.enable()


PROGRAM = """
import sys
from pathlib import Path
from counterseal.audit.facts.discover import discover
from counterseal.audit.facts.gather import gather
from tests.facts.extractors import measure
files = discover(Path(sys.argv[1])).files
print("start", flush=True)
try:
    gather(files, jobs=2, cache=None, extract=measure, progress=lambda done, total: print(done, flush=True))
except KeyboardInterrupt:
    print("interrupted", flush=True)
    sys.exit(130)
"""


def started(root: Path) -> tuple[subprocess.Popen[str], list[int]]:
    """A run whose workers are at work, in a process group of its own, and its children."""
    command = [sys.executable, "-c", PROGRAM, str(root)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    while process.stdout.readline() != "2\n":
        assert process.poll() is None
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(children) == 2
    return process, [int(child) for child in children]


def wait_until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < deadline, "a worker outlives the run"
        time.sleep(0.01)


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
@pytest.mark.parametrize("to_group", [True, False])
def test_an_interrupt_ends_the_workers_at_once(tmp_path: Path, to_group: bool) -> None:
    code_base(tmp_path, {f"m{number:03}.py": "slow" for number in range(60)} | {"m020.py": "hang"})
    process, children = started(tmp_path)
    sent = time.monotonic()
    if to_group:
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out.splitlines()[-1], err) == (130, "interrupted", "")
    assert time.monotonic() - sent < 2
    wait_until_gone(children)


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_workers_do_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    code_base(tmp_path, {f"m{number:03}.py": "slow" for number in range(60)})
    process, children = started(tmp_path)
    process.kill()
    process.communicate(timeout=10)
    wait_until_gone(children)


@pytest.mark.skipif(sys.platform != "linux", reason="sets a limit of Linux")
def test_without_further_processes_it_works_in_this_one(tmp_path: Path) -> None:
    code_base(tmp_path)
    program = (
        "import multiprocessing.popen_fork, os, resource, sys; from pathlib import Path\n"
        "from counterseal.audit.facts.discover import discover; from counterseal.audit.facts.gather import gather\n"
        "from tests.facts.extractors import measure\n"
        "files = discover(Path(sys.argv[1])).files; os.setgid(54321); os.setuid(54321)\n"
        "resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))\n"
        "records = gather(files, jobs=2, cache=None, extract=measure)\n"
        "print(sum(record.error is None for record in records.values()))"
    )
    for parent in (tmp_path, *list(tmp_path.parents)[:3]):
        parent.chmod(0o755)
    shown = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, capture_output=True, text=True)
    assert shown.stdout == "60\n"


def test_jobs_default_to_the_processors_that_may_be_used() -> None:
    assert 1 <= default_jobs() <= (os.cpu_count() or 1)
