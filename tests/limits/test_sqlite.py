"""Limits in a SQLite file: shared, bounded, closed when full or unreadable."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from counterseal.enforce.core.errors import ConfigurationError, Unavailable
from counterseal.enforce.core.limiter import Verdict
from counterseal.enforce.limits import open_limits
from counterseal.enforce.limits.breaker import FAILURES
from counterseal.enforce.limits.sqlite import SqliteLimiter
from tests.limits.conftest import Hand

TIMEOUT = 0.5
SLACK = 1.5  # what a busy machine adds; without a bound these would take for ever


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "limits.db"


@contextmanager
def _locked(path: Path) -> Iterator[sqlite3.Connection]:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


def _rows(path: Path) -> int:
    with sqlite3.connect(path) as reader:
        return int(reader.execute("SELECT count(*) FROM windows").fetchone()[0])


def test_a_locked_file_denies_within_the_timeout(path: Path) -> None:
    meter = open_limits(f"sqlite:///{path}", timeout=TIMEOUT).meter("login", "5/minute")
    assert meter.hit("alice", 1).allowed
    with _locked(path):
        for _ in range(FAILURES):
            start = time.perf_counter()
            with pytest.raises(Unavailable):
                meter.hit("alice", 1)
            assert time.perf_counter() - start < TIMEOUT + SLACK
        start = time.perf_counter()
        for _ in range(50):
            with pytest.raises(Unavailable):
                meter.hit("alice", 1)
        assert time.perf_counter() - start < TIMEOUT + SLACK
    time.sleep(1)
    assert meter.hit("alice", 1).remaining == 3


def test_an_event_loop_goes_on_while_the_file_is_locked(path: Path) -> None:
    meter = open_limits(f"sqlite:///{path}", timeout=TIMEOUT).meter("login", "5/minute")
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.005)
            ticks += 1

    async def wait(expected: type[Exception] | None, unlock: sqlite3.Connection) -> None:
        ticking = asyncio.create_task(tick())
        answer = meter.hit_async("alice", 1)
        assert not isinstance(answer, Verdict)
        if expected is None:
            asyncio.get_running_loop().call_later(TIMEOUT / 4, unlock.close)
            assert (await answer).allowed
        else:
            with pytest.raises(expected):
                await answer
        ticking.cancel()

    with _locked(path) as lock:
        asyncio.run(wait(Unavailable, lock))
        assert ticks > 10
        asyncio.run(wait(None, lock))


def test_a_file_of_something_else_is_refused_at_start_up(path: Path) -> None:
    path.write_bytes(b"this is not a database" * 100)
    with pytest.raises(ConfigurationError, match="cannot be used"):
        open_limits(f"sqlite:///{path}")


def test_a_row_of_something_else_denies(path: Path) -> None:
    meter = open_limits(f"sqlite:///{path}").meter("login", "5/minute")
    meter.hit("alice", 1)
    with sqlite3.connect(path) as other:
        other.execute("UPDATE windows SET state = x'ffff00'")
    with pytest.raises(Unavailable):
        meter.hit("alice", 1)


def test_a_full_disk_denies(path: Path) -> None:
    limits = SqliteLimiter(path, TIMEOUT, "app", 100_000)
    meter = limits.meter("login", "5/minute")
    assert limits._db is not None
    limits._db.execute("PRAGMA max_page_count = 20")

    def fill() -> None:
        for number in range(10_000):
            meter.hit(str(number), 1)

    with pytest.raises(Unavailable, match="full"):
        fill()
    limits._db.execute("PRAGMA max_page_count = 1000")
    assert meter.hit("alice", 1).allowed, "and it recovers"


def test_a_child_process_has_a_connection_of_its_own(path: Path) -> None:
    meter = open_limits(f"sqlite:///{path}").meter("login", "3/minute")
    assert meter.hit("alice", 1).allowed
    child = os.fork()
    if not child:
        os._exit(0 if meter.hit("alice", 1).remaining == 1 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert meter.hit("alice", 1).remaining == 0


def test_counts_outlive_the_process(path: Path) -> None:
    for remaining in (1, 0):
        limits = open_limits(f"sqlite:///{path}")
        assert limits.meter("login", "2/hour").hit("alice", 1).remaining == remaining
        limits.close()


def test_a_flood_stays_bounded_and_closed(path: Path, hand: Hand) -> None:
    limits = SqliteLimiter(path, TIMEOUT, "app", 400)
    meter = limits.meter("flood", "2/minute")
    assert [meter.hit("attacker", 1).allowed for _ in range(3)] == [True, True, False]
    through = sum(meter.hit(f"address {number}", 1).allowed for number in range(3000))
    assert through == 200 - 1 + 2, "those who found room, and two hits for all the others together"
    assert _rows(path) == 201
    assert not meter.hit("attacker", 1).allowed
    assert limits.meter("other", "2/minute").hit("newcomer", 1).allowed, "a limit that is not flooded has room"
    hand.move(61)
    for number in range(3000):
        meter.hit(f"later address {number}", 1)
        hand.move(1)
    assert _rows(path) < 200, "what expired goes"


def test_who_shared_a_window_does_not_get_a_second_one(path: Path, hand: Hand) -> None:
    meter = SqliteLimiter(path, TIMEOUT, "app", 2).meter("joint", "2/minute")
    assert meter.hit("first", 1).allowed  # takes the only room
    hand.move(59)
    assert [meter.hit("late", 1).allowed for _ in range(3)] == [True, True, False]
    hand.move(1)
    for _ in range(40):  # the sweep passes by
        assert not meter.hit("late", 1).allowed
    hand.move(59)
    assert meter.hit("late", 1).allowed


@pytest.mark.parametrize(("back", "rest"), [(30, 60), (60, 60), (86_400, 60)])
def test_a_clock_set_back_neither_opens_nor_locks_out(path: Path, hand: Hand, back: float, rest: float) -> None:
    meter = SqliteLimiter(path, TIMEOUT, "app", 1000).meter("back", "1/minute")
    assert meter.hit("alice", 1).allowed
    hand.move(-back)
    assert not meter.hit("alice", 1).allowed
    hand.move(rest - 1)
    assert not meter.hit("alice", 1).allowed
    hand.move(1 + min(back, 60) if back <= 60 else 1)
    assert meter.hit("alice", 1).allowed
