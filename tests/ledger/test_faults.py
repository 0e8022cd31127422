from __future__ import annotations

import asyncio
import ctypes
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from counterseal.enforce.core.errors import ConfigurationError, Unavailable
from counterseal.enforce.ledger import State, open_ledger, parse_key, reading, verify
from counterseal.enforce.ledger.ledger import Durability
from tests.ledger.records import KEY, lines, record
from tests.servers import PostgreSQL, running_postgresql

BOTH = pytest.mark.parametrize("durability", ["full", "normal"])


def check(path: Path) -> State:
    with reading(str(path)) as store:
        return verify(store, [parse_key(KEY.encode())]).state


@pytest.fixture
def limited() -> Iterator[Callable[[int], None]]:
    """Lets files grow up to a size and no further, which to SQLite is a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


@BOTH
def test_a_full_disk_is_unavailable_for_everyone_and_over_when_there_is_room(
    tmp_path: Path, limited: Callable[[int], None], durability: Durability
) -> None:
    path = tmp_path / "audit.db"
    with open_ledger(path, key=KEY, durability=durability, timeout=5) as ledger:
        ledger.append(record(0))
        limited(200_000)
        acknowledged = 1

        async def flood() -> int:
            outcomes = await asyncio.gather(*[ledger.append_async(record(n)) for n in range(1, 2001)], return_exceptions=True)
            assert {type(outcome) for outcome in outcomes} <= {type(None), Unavailable}
            return sum(outcome is None for outcome in outcomes)

        for _ in range(3):
            acknowledged += asyncio.run(flood())
        assert acknowledged < 6001
        limited(1)
        with pytest.raises(Unavailable, match="cannot be used"):
            ledger.append(record(5))
        limited(resource.RLIM_INFINITY)
        ledger.append(record(6))
    assert len(lines(path)) >= acknowledged + 1
    assert check(path) is State.INTACT


@BOTH
def test_a_read_only_disk_is_unavailable(tmp_path: Path, unprivileged: None, durability: Durability) -> None:
    path = tmp_path / "audit.db"
    with open_ledger(path, key=KEY) as ledger:
        ledger.append(record(0))
    path.chmod(0o400)
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(Unavailable, match=r"audit\.db cannot be used"):
            open_ledger(path, key=KEY, durability=durability)
        assert check(path) is State.INTACT, "reading needs no right to write"
    finally:
        tmp_path.chmod(0o700)


@BOTH
def test_a_file_that_was_moved_away_takes_nothing_and_works_again_when_it_is_back(tmp_path: Path, durability: Durability) -> None:
    path = tmp_path / "audit.db"
    with open_ledger(path, key=KEY, durability=durability) as ledger:
        ledger.append(record(0))
        time.sleep(0.2)
        path.rename(tmp_path / "elsewhere.db")
        with pytest.raises(Unavailable, match=r"there is no|moved or deleted"):
            ledger.append(record(1))
        assert not path.exists(), "a ledger that is gone is not begun anew in silence"
        (tmp_path / "elsewhere.db").rename(path)
        ledger.append(record(2))
    assert [number for number in ("0", "2") if f'"object_id":"{number}"' in "".join(lines(path))] == ["0", "2"]


def test_another_ledger_in_its_place_is_not_taken_for_it(tmp_path: Path) -> None:
    path, other = tmp_path / "audit.db", tmp_path / "other.db"
    open_ledger(other, key=KEY).close()
    with open_ledger(path, key=KEY) as ledger:
        ledger.append(record(0))
        other.rename(path)
        for suffix in ("-wal", "-shm"):
            Path(f"{path}{suffix}").unlink()
        with pytest.raises(Unavailable, match="another one stands in place"):
            ledger.append(record(1))


@BOTH
def test_someone_else_who_holds_the_file_does_not_block_the_loop(tmp_path: Path, durability: Durability) -> None:
    path = tmp_path / "audit.db"
    with open_ledger(path, key=KEY, durability=durability, timeout=20) as ledger, closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")

        async def during() -> None:
            waiting = asyncio.ensure_future(ledger.append_async(record(1)))
            longest = 0.0
            for _ in range(30):
                start = time.perf_counter()
                await asyncio.sleep(0.01)
                longest = max(longest, time.perf_counter() - start)
            assert longest < 0.5
            assert not waiting.done()
            other.rollback()
            await waiting

        asyncio.run(during())
    assert len(lines(path)) == 1


def test_someone_who_holds_the_file_for_too_long_makes_it_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    with open_ledger(path, key=KEY, timeout=0.4) as ledger, closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="locked"):
            ledger.append(record(1))
        other.rollback()
        ledger.append(record(2))


def test_more_than_it_can_write_is_unavailable_after_the_timeout(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    with open_ledger(path, key=KEY, timeout=0.6, capacity=10) as ledger, closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")

        async def flood() -> list[BaseException | None]:
            return await asyncio.gather(*[ledger.append_async(record(n)) for n in range(50)], return_exceptions=True)

        outcomes = asyncio.run(flood())
        assert all(isinstance(outcome, Unavailable) for outcome in outcomes)
        assert any("more comes in" in str(outcome) for outcome in outcomes)
        other.rollback()
        ledger.append(record(99))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_writer_that_dies_leaves_nobody_waiting_and_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    with open_ledger(path, key=KEY, timeout=20) as ledger:
        ledger.append(record(0))
        (thread,) = [thread for thread in threading.enumerate() if thread.name == "counterseal-ledger"]
        assert ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit)) == 1
        outcomes = []
        for number in range(1, 4):
            try:
                ledger.append(record(number))
                outcomes.append("written")
            except Unavailable:
                outcomes.append("unavailable")
        assert not thread.is_alive()
        assert outcomes[-1] == "written"
    assert len(lines(path)) == 1 + outcomes.count("written")


@BOTH
def test_a_forked_child_and_its_parent_both_go_on(tmp_path: Path, durability: Durability) -> None:
    path = tmp_path / "audit.db"
    script = f"""
import asyncio, os, sys
from counterseal.enforce.ledger import open_ledger
from tests.ledger.records import KEY, record
ledger = open_ledger({str(path)!r}, key=KEY, durability={durability!r})
for n in range(50):
    ledger.append(record(n))
async def more(first):
    await asyncio.gather(*[ledger.append_async(record(first + n)) for n in range(200)])
for child in range(1, 5):
    if os.fork() == 0:
        asyncio.run(more(child * 1000))
        ledger.close()
        os._exit(0)
asyncio.run(more(9000))
for _ in range(4):
    assert os.wait()[1] == 0
ledger.close()
"""
    root = Path(__file__).resolve().parent.parent.parent
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(root), str(root / "src")])}
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True, timeout=60, env=environment)
    assert len(lines(path)) == 50 + 5 * 200
    assert check(path) is State.INTACT


def test_after_closing_everything_is_refused(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "audit.db", key=KEY)
    ledger.close()
    with pytest.raises(Unavailable, match="closed"):
        ledger.append(record(1))


def test_an_anchor_that_fails_does_not_stop_the_ledger(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def fails(checkpoint: object) -> None:
        raise RuntimeError("token=s3cret")

    path = tmp_path / "audit.db"
    with open_ledger(path, key=KEY, anchor=fails) as ledger:
        ledger.append(record(1))
    assert check(path) is State.INTACT
    assert "could not be anchored: RuntimeError" in caplog.text
    assert "s3cret" not in caplog.text


def test_a_signed_ledger_is_not_continued_without_its_key(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    with open_ledger(path, key=KEY) as ledger:
        ledger.append(record(1))
    with pytest.raises(ConfigurationError, match="is signed"):
        open_ledger(path)


def test_postgresql_that_is_restarted_is_unavailable_and_then_not(own_server: PostgreSQL) -> None:
    url = own_server.url()
    with open_ledger(url, key=KEY, timeout=5) as ledger:
        ledger.append(record(1))
        own_server.stop()
        with pytest.raises(Unavailable, match="PostgreSQL cannot be used"):
            ledger.append(record(2))
        own_server.start(own_server.ready)
        ledger.append(record(3))
        assert ledger.verify().problem_count == 0


@pytest.fixture
def own_server() -> Iterator[PostgreSQL]:
    with running_postgresql() as server:
        yield server
