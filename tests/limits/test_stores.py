"""What every store must do alike, on the real thing."""

from __future__ import annotations

import asyncio
import multiprocessing
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from counterseal.enforce.core.errors import ConfigurationError
from counterseal.enforce.core.limiter import Limiter, Meter, Verdict
from counterseal.enforce.limits import open_limits
from counterseal.enforce.limits.breaker import ClosableLimiter

HITS, LIMIT = 150, 200


async def ask(meter: Meter, key: str, cost: int = 1) -> Verdict:
    answer = meter.hit_async(key, cost)
    return answer if isinstance(answer, Verdict) else await answer


def test_it_is_a_limiter(limits: ClosableLimiter) -> None:
    assert isinstance(limits, Limiter)


def test_verdicts_count_down_and_then_refuse(limits: ClosableLimiter) -> None:
    meter = limits.meter("login", "3/minute")
    verdicts = [meter.hit("alice", 1) for _ in range(4)]
    assert [verdict.allowed for verdict in verdicts] == [True, True, True, False]
    assert [verdict.remaining for verdict in verdicts] == [2, 1, 0, 0]
    assert all(verdict.limit == 3 and verdict.window == 60 and 50 < verdict.reset_after <= 60 for verdict in verdicts)


def test_plain_and_awaited_hits_are_counted_together(limits: ClosableLimiter) -> None:
    meter = limits.meter("both", "2/minute")

    async def one() -> bool:
        verdict = await ask(meter, "alice")
        await limits.aclose()
        return verdict.allowed

    assert asyncio.run(one())
    assert meter.hit("alice", 1).allowed
    assert not meter.hit("alice", 1).allowed
    assert not asyncio.run(one()), "a second event loop has connections of its own"


def test_clients_limits_and_applications_do_not_use_up_each_other(address: str, limits: ClosableLimiter) -> None:
    meter = limits.meter("login", "1/minute")
    assert meter.hit("alice", 1).allowed
    assert not meter.hit("alice", 1).allowed
    assert meter.hit("bob", 1).allowed
    assert limits.meter("reset", "1/minute").hit("alice", 1).allowed
    elsewhere = open_limits(address, prefix="another application")
    assert elsewhere.meter("login", "1 per 2 minutes").hit("alice", 1).allowed
    elsewhere.close()


@pytest.mark.parametrize("key", ["x" * 100_000, "a/b:c d\r\n{e}\0", "\udcff", "ü", ""])
def test_whatever_a_client_sends_can_be_a_key(limits: ClosableLimiter, key: str) -> None:
    meter = limits.meter("keys", "1/minute")
    assert meter.hit(key, 1).allowed
    assert not meter.hit(key, 1).allowed
    assert meter.hit(key + "'", 1).allowed


def test_a_cost_counts_whole_or_not_at_all_against_every_rate(limits: ClosableLimiter) -> None:
    meter = limits.meter("cost", "5/minute; 6/hour")
    assert meter.hit("alice", 4).remaining == 1
    refused = meter.hit("alice", 3)
    assert (refused.allowed, refused.limit, refused.remaining) == (False, 6, 2), "the rate that refuses longest"
    assert meter.hit("alice", 1).allowed
    assert meter.hit("alice", 1).limit == 5
    assert meter.hit("bob", 5).allowed


def test_a_cost_above_the_limit_never_fits_and_leaves_no_trace(limits: ClosableLimiter) -> None:
    meter = limits.meter("large", "5/minute")
    verdict = meter.hit("alice", 6)
    assert (verdict.allowed, verdict.remaining, verdict.reset_after) == (False, 5, 60)
    assert meter.hit("alice", 5).allowed


@pytest.mark.parametrize("cost", [0, -5, True])
def test_a_cost_that_would_give_hits_back_is_an_error(limits: ClosableLimiter, cost: int) -> None:
    meter = limits.meter("negative", "5/minute")
    with pytest.raises(ValueError, match="cost"):
        meter.hit("alice", cost)
    with pytest.raises(ValueError, match="cost"):
        meter.hit_async("alice", cost)


def test_bursts_at_the_edge_of_a_window_get_no_second_helping(limits: ClosableLimiter) -> None:
    meter = limits.meter("edge", "10/second")
    allowed: list[float] = []
    start = time.monotonic()
    while time.monotonic() < start + 2.5:
        before = time.monotonic()
        if meter.hit("alice", 1).allowed:
            allowed.append(before)
    for earlier, later in zip(allowed, allowed[10:], strict=False):
        assert later - earlier > 0.99, "eleven hits within a second"
    assert len(allowed) >= 20


def test_large_limits_are_not_exceeded(limits: ClosableLimiter) -> None:
    meter = limits.meter("many", "1000/hour")
    assert sum(meter.hit("alice", cost).allowed * cost for cost in [1] * 300 + [7] * 200) <= 1000
    verdict = meter.hit("alice", 1000)
    assert not verdict.allowed
    assert verdict.reset_after <= 3600 * (1 + 1 / 256)


def test_threads_get_exactly_the_limit(limits: ClosableLimiter) -> None:
    meter = limits.meter("threads", f"{LIMIT}/hour")
    allowed = [0] * 8

    def work(number: int) -> None:
        allowed[number] = sum(meter.hit("alice", 1).allowed for _ in range(HITS))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(allowed) == LIMIT


def test_tasks_get_exactly_the_limit(limits: ClosableLimiter) -> None:
    meter = limits.meter("tasks", f"{LIMIT}/hour")

    async def all_of_them() -> list[Verdict]:
        try:
            return await asyncio.gather(*(ask(meter, "alice") for _ in range(600)))
        finally:
            await limits.aclose()

    assert sum(verdict.allowed for verdict in asyncio.run(all_of_them())) == LIMIT


def _worker(address: str, prefix: str, awaited: bool) -> int:
    limits = open_limits(address, prefix=prefix, timeout=10)
    meter = limits.meter("processes", f"{LIMIT}/hour")

    async def tasks() -> int:
        answers = await asyncio.gather(*(ask(meter, "alice") for _ in range(HITS)))
        await limits.aclose()
        return sum(verdict.allowed for verdict in answers)

    return asyncio.run(tasks()) if awaited else sum(meter.hit("alice", 1).allowed for _ in range(HITS))


@pytest.mark.parametrize("address", ["sqlite", "redis"], indirect=True)
def test_four_processes_get_exactly_the_limit(address: str, tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        allowed = pool.starmap(_worker, [(address, str(tmp_path), awaited) for awaited in (False, True, False, True)])
    assert sum(allowed) == LIMIT, allowed


@pytest.mark.parametrize(
    "url",
    [
        "",
        "memory",
        "memory:///",
        "memory://local",
        "sqlite://",
        "sqlite:///",
        "sqlite://limits.db",
        "sqlite:///no/such/folder/limits.db",
        "postgresql://localhost/limits",
        "memcached://localhost",
        "redis:",
        "redis+cluster://localhost",
        "redis://:hunter2@localhost:notaport",
        "http://user:hunter2@localhost",
    ],
)
def test_an_address_that_cannot_work_is_refused_without_repeating_passwords(url: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        open_limits(url)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("options", [{"timeout": 0}, {"timeout": -1}, {"timeout": float("nan")}, {"timeout": 3600}])
def test_a_timeout_is_positive_and_short(options: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match="timeout"):
        open_limits(**options)  # type: ignore[arg-type]


def test_counting_in_memory_loads_no_driver() -> None:
    code = "import sys; from counterseal.enforce.limits import open_limits; open_limits(); print(*sys.modules)"
    loaded = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    assert loaded.isdisjoint({"limits", "redis", "sqlite3", "asyncio"})


def test_other_options_are_checked() -> None:
    with pytest.raises(ConfigurationError, match="on_outage"):
        open_limits(on_outage="allow")
    with pytest.raises(ConfigurationError, match="max_keys"):
        open_limits(max_keys=0)
