"""What a hit costs: CPU per hit in each store, plain and awaited, beside the library limits in the same run.

    python benchmarks/limit_hits.py [--redis redis://127.0.0.1:6379/0] [--hits 2000]

Limits' moving window answers yes or no; what is left, which `Verdict` holds and headers need, is a second call there. Both are
shown. (A file called limits.py here would hide the library.)
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Any

from limits.aio import strategies as aio_strategies
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

from counterseal.enforce.core.limiter import Verdict
from counterseal.enforce.limits import open_limits
from limits import parse

ROUNDS = 5
RATE = "100/second"
TWO_RATES = "100/second; 100000/hour"
CALLERS = 500  # as many take turns: a realistic mix of known windows of a few hits each


def cpu(work: Callable[[], object], hits: int) -> float:
    """Microseconds of CPU for one call, the best of some rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(hits):
            work()
        best = min(best, (time.process_time() - start) / hits)
    return best * 1e6


async def cpu_async(work: Callable[[], Any], hits: int) -> float:
    """The same on an event loop, one call after the other."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(hits):
            answer = work()
            if isinstance(answer, Awaitable):
                await answer
        best = min(best, (time.process_time() - start) / hits)
    return best * 1e6


def callers() -> Callable[[], str]:
    """The next caller's key."""
    numbers = count()
    keys = [f"10.0.{number // 256}.{number % 256}" for number in range(CALLERS)]
    return lambda: keys[next(numbers) % CALLERS]


def plain(url: str, hits: int) -> dict[str, float]:
    """Code without an event loop."""
    limits = open_limits(url, prefix=f"benchmark {time.time()}", timeout=5)
    key, fresh = callers(), count()
    one, two = limits.meter("one", RATE), limits.meter("two", TWO_RATES)
    refused, flood = limits.meter("refused", "1/hour"), limits.meter("flood", "5/hour")
    refused.hit("alice", 1)
    figures = {
        "one rate": cpu(lambda: one.hit(key(), 1), hits),
        "two rates": cpu(lambda: two.hit(key(), 1), hits),
        "refused": cpu(lambda: refused.hit("alice", 1), hits),
        "new caller each": cpu(lambda: flood.hit(str(next(fresh)), 1), hits),
    }
    limits.close()
    return figures


async def awaited(url: str, hits: int) -> dict[str, float]:
    """Code on an event loop."""
    limits = open_limits(url, prefix=f"benchmark awaited {time.time()}", timeout=5)
    key, one = callers(), limits.meter("one", RATE)

    def hit() -> Verdict | Awaitable[Verdict]:
        return one.hit_async(key(), 1)

    figures = {"awaited": await cpu_async(hit, hits)}
    await limits.aclose()
    return figures


def library(url: str, hits: int) -> dict[str, float]:
    """The library limits, plain."""
    strategy, item, key = MovingWindowRateLimiter(storage_from_string(url)), parse(RATE), callers()

    def with_rest() -> None:
        caller = key()
        strategy.hit(item, "rest", caller)
        strategy.get_window_stats(item, "rest", caller)

    return {"limits: hit": cpu(lambda: strategy.hit(item, "hit", key()), hits), "limits: hit and rest": cpu(with_rest, hits)}


async def library_async(url: str, hits: int) -> dict[str, float]:
    """The library limits on an event loop."""
    options = {"implementation": "redispy"} if url.startswith("redis") else {}
    storage: Any = storage_from_string(f"async+{url}", **options)
    strategy, item, key = aio_strategies.MovingWindowRateLimiter(storage), parse(RATE), callers()

    async def with_rest() -> None:
        caller = key()
        await strategy.hit(item, "rest", caller)
        await strategy.get_window_stats(item, "rest", caller)

    figures = {
        "limits: awaited hit": await cpu_async(lambda: strategy.hit(item, "hit", key()), hits),
        "limits: awaited hit and rest": await cpu_async(with_rest, hits),
    }
    if url.startswith("redis"):
        await storage.bridge.get_connection().aclose()
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--redis", metavar="URL", help="a Redis whose keys may be added to; left out: not measured")
    parser.add_argument("--hits", type=int, default=2000, help="hits per round; default %(default)s")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for url in filter(None, ("memory://", f"sqlite:///{Path(folder) / 'limits.db'}", options.redis)):
            figures = plain(url, options.hits) | asyncio.run(awaited(url, options.hits))
            if not url.startswith("sqlite"):  # limits has no such store
                figures |= library(url, options.hits) | asyncio.run(library_async(url, options.hits))
            print(url.partition("://")[0])
            for name, figure in figures.items():
                print(f"  {name:32}{figure:8.2f} µs")


if __name__ == "__main__":
    main()
