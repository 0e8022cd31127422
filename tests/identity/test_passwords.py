"""Passwords."""

from __future__ import annotations

import asyncio
import statistics
import threading
import time
from typing import Any

import pytest

from counterseal.enforce.core.errors import ConfigurationError, Unavailable
from counterseal.enforce.identity.passwords import Passwords

CHEAP = Passwords(time_cost=2, memory_cost=19_456, parallelism=1)


def test_the_right_password_and_no_other() -> None:
    stored = CHEAP.hash("correct horse")
    assert stored.startswith("$argon2id$")
    assert stored != CHEAP.hash("correct horse")
    assert CHEAP.verify("correct horse", stored).ok
    for wrong in ("correct horsf", "", "Correct horse", "correct horse ", "correct horse\0"):
        assert not CHEAP.verify(wrong, stored)


@pytest.mark.parametrize("stored", [None, ""])
def test_nobody_has_no_password(stored: str | None) -> None:
    for password in ("", "x", "hunter2"):
        assert not CHEAP.verify(password, stored)


def test_an_unknown_user_takes_as_long_as_a_known_one() -> None:
    stored = CHEAP.hash("correct horse")
    times: dict[str | None, list[float]] = {stored: [], None: []}
    for _ in range(15):
        for kept, taken in times.items():
            start = time.process_time()
            CHEAP.verify("wrong", kept)
            taken.append(time.process_time() - start)
    ratio = statistics.median(times[stored]) / statistics.median(times[None])
    assert 0.7 < ratio < 1.4


def test_other_parameters_bring_a_new_hash() -> None:
    stored = CHEAP.hash("correct horse")
    assert CHEAP.verify("correct horse", stored).new_hash is None
    stronger = Passwords(time_cost=3, memory_cost=19_456, parallelism=1)
    verdict = stronger.verify("correct horse", stored)
    assert verdict.ok
    assert verdict.new_hash is not None
    assert stronger.verify("correct horse", verdict.new_hash).new_hash is None
    assert stronger.verify("wrong", stored).new_hash is None
    assert verdict.new_hash not in repr(verdict)


def test_length_is_bounded() -> None:
    for password in ("", "x" * 1025):
        with pytest.raises(ValueError, match="1024"):
            CHEAP.hash(password)
    stored = CHEAP.hash("x" * 1024)
    assert CHEAP.verify("x" * 1024, stored)
    start = time.perf_counter()
    assert not CHEAP.verify("x" * 50_000_000, stored)
    assert time.perf_counter() - start < 2


def test_any_text_is_a_password() -> None:
    for password in ("Grüße", "密码", "\ud800", "\0"):
        assert CHEAP.verify(password, CHEAP.hash(password))


@pytest.mark.parametrize("stored", ["plain", "$2b$12$abcdefghijklmnopqrstuv", "{}"])
def test_what_is_stored_has_to_be_a_hash_of_this_kind(stored: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        CHEAP.verify(stored, stored)
    assert stored not in str(caught.value)


def test_too_many_at_once_are_turned_away() -> None:
    narrow = Passwords(time_cost=2, memory_cost=65_536, parallelism=1, concurrent=1, patience=0.01)
    stored = narrow.hash("x")
    outcomes: list[str] = []

    def attempt() -> None:
        try:
            outcomes.append("right" if narrow.verify("x", stored) else "wrong")
        except Unavailable:
            outcomes.append("later")

    threads = [threading.Thread(target=attempt) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "wrong" not in outcomes
    assert {"right", "later"} == set(outcomes)


def test_on_an_event_loop_it_takes_a_thread() -> None:
    async def main() -> int:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.001)
                ticks += 1

        ticking = asyncio.create_task(tick())
        stored = await CHEAP.hash.aio("x")
        for _ in range(3):
            assert await CHEAP.verify.aio("x", stored)
        ticking.cancel()
        return ticks

    assert asyncio.run(main()) > 5


@pytest.mark.parametrize("settings", [{"time_cost": 1, "memory_cost": 8}, {"concurrent": 0}, {"max_length": 0}])
def test_settings_that_are_too_weak(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        Passwords(**settings)
