"""Limits in memory: bounded, closed when full, exact under threads and tasks."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import tracemalloc
from collections.abc import Iterator

import pytest

from counterseal.enforce.core.limiter import Limiter
from counterseal.enforce.limits import open_limits
from counterseal.enforce.limits.memory import MemoryLimiter
from tests.limits.conftest import Hand


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_it_is_a_limiter() -> None:
    assert isinstance(open_limits(), Limiter)


def test_one_client_does_not_use_up_another_ones_limit() -> None:
    meter = open_limits().meter("login", "2/minute")
    assert [meter.hit("alice", 1).allowed for _ in range(3)] == [True, True, False]
    assert meter.hit("bob", 1).allowed


def test_one_limit_does_not_use_up_another_one() -> None:
    limits = open_limits()
    assert limits.meter("login", "1/minute").hit("alice", 1).allowed
    assert limits.meter("reset", "1/minute").hit("alice", 1).allowed
    assert open_limits().meter("login", "1/minute").hit("alice", 1).allowed


@pytest.mark.parametrize("twin", ["a" * 63, "a" * 64, "a" * 65, "a" * 10_000, "ä" * 100, "\udcff" * 70, "", "\0"])
def test_keys_of_any_kind_are_told_apart(twin: str) -> None:
    meter = open_limits().meter("keys", "1/minute")
    assert meter.hit(twin, 1).allowed
    assert not meter.hit(twin, 1).allowed
    assert meter.hit(twin + "b", 1).allowed


@pytest.mark.usefixtures("restless")
def test_eight_threads_get_exactly_the_limit() -> None:
    meter = open_limits().meter("threads", "1000/hour")
    allowed = [0] * 8

    def work(number: int) -> None:
        allowed[number] = sum(meter.hit("client", 1).allowed for _ in range(500))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(allowed) == 1000


def test_tasks_get_exactly_the_limit() -> None:
    meter = open_limits().meter("tasks", "1000/hour")

    async def one() -> bool:
        await asyncio.sleep(0)
        answer = meter.hit_async("client", 1)
        return (answer if not hasattr(answer, "__await__") else await answer).allowed

    async def all_of_them() -> list[bool]:
        return await asyncio.gather(*(one() for _ in range(4000)))

    assert sum(asyncio.run(all_of_them())) == 1000


def test_a_flood_of_addresses_takes_bounded_memory() -> None:
    meter = MemoryLimiter(max_keys=4000).meter("flood", "5/minute")
    for number in range(4000):  # the room that a single limit gets is full, and whatever is loaded lazily is loaded
        meter.hit(f"2001:db8::{number:x}", 1)
    tracemalloc.start()
    for number in range(100_000):
        meter.hit(f"2001:db8:1::{number:x}", 1)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert meter.size == 2000
    assert grown < 20_000, f"{grown} bytes for 100,000 more addresses"


def test_long_keys_take_no_more_memory_than_short_ones() -> None:
    meter = MemoryLimiter(max_keys=1000).meter("long", "5/minute")
    tracemalloc.start()
    for number in range(500):
        meter.hit(f"{number}" + "x" * 100_000, 1)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 500 * 1000


def test_a_flood_makes_nobody_forgotten_and_lets_nobody_through(hand: Hand) -> None:
    limits = MemoryLimiter(max_keys=100)
    meter = limits.meter("flood", "2/minute")
    assert [meter.hit("attacker", 1).allowed for _ in range(3)] == [True, True, False]
    assert meter.hit("victim", 1).allowed
    through = sum(meter.hit(f"address {number}", 1).allowed for number in range(10_000))
    assert through == 50 - 2 + 2, "those who found room, and two hits for all the others together"
    assert not meter.hit("attacker", 1).allowed
    assert meter.hit("victim", 1).remaining == 0
    assert limits.meter("other", "2/minute").hit("newcomer", 1).allowed, "a limit that is not flooded has room"
    hand.move(60)
    assert meter.hit("address 9999", 1).allowed, "what expired makes room"


def test_who_shared_a_window_does_not_get_a_second_one(hand: Hand) -> None:
    meter = MemoryLimiter(max_keys=2).meter("joint", "2/minute")
    assert meter.hit("first", 1).allowed  # takes the only room
    hand.move(59)
    assert [meter.hit("late", 1).allowed for _ in range(3)] == [True, True, False]
    hand.move(1)  # first is gone: there is room again
    assert not meter.hit("late", 1).allowed
    hand.move(59)
    assert meter.hit("late", 1).allowed


def test_a_limit_that_nobody_hits_any_more_makes_room_for_others(hand: Hand) -> None:
    limits = MemoryLimiter(max_keys=100)
    for name in ("one", "two", "three"):
        idle = limits.meter(name, "1/second")
        for number in range(100):
            idle.hit(str(number), 1)
    hand.move(2)
    busy = limits.meter("busy", "1/hour")
    allowed = sum(busy.hit(str(number), 1).allowed for number in range(50))
    assert allowed == 50


def test_old_keys_are_dropped_as_new_ones_come(hand: Hand) -> None:
    meter = MemoryLimiter(max_keys=1000).meter("old", "1/second")
    for number in range(5000):
        hand.move(0.1)
        assert meter.hit(str(number), 1).allowed
    assert meter.size <= 12


def test_a_refusal_that_found_everything_expired_does_not_stop_the_sweep(hand: Hand) -> None:
    meter = MemoryLimiter(max_keys=1000).meter("empty", "2/second")
    meter.hit("client", 1)
    hand.move(5)
    assert not meter.hit("client", 3).allowed
    assert meter.hit("other", 1).allowed
    assert meter.size == 1


def test_a_lock_that_was_held_at_a_fork_does_not_hold_up_the_child() -> None:
    limits = MemoryLimiter(max_keys=10)
    meter = limits.meter("fork", "2/minute")
    with limits.lock:  # as another thread would
        child = os.fork()
        if not child:
            signal.alarm(5)
            os._exit(0 if meter.hit("client", 1).allowed else 1)
        status = os.waitpid(child, 0)[1]
    assert os.waitstatus_to_exitcode(status) == 0


def test_a_clock_set_back_neither_opens_nor_blocks_for_longer_than_a_window(hand: Hand) -> None:
    meter = open_limits().meter("back", "1/minute")
    assert meter.hit("client", 1).allowed
    hand.move(-86_400)
    assert not meter.hit("client", 1).allowed
    hand.move(59)
    assert not meter.hit("client", 1).allowed
    hand.move(1)
    assert meter.hit("client", 1).allowed
