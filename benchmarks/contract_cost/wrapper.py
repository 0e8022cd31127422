"""What the machinery costs when the clauses do nothing: a service function with an established caller."""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
from collections.abc import Callable
from typing import Any

from counterseal import Principal, Security, acting_as, contract, rule

SLICE = 500


def wrapper(requests: int) -> dict[str, float]:
    """CPU microseconds per call, less the call itself."""
    return {
        "plain function, no clause": _plain(0, requests),
        "async function, no clause": asyncio.run(_async(0, requests)),
        "async function, 4 rules": asyncio.run(_async(4, requests)),
        "async function, 8 rules": asyncio.run(_async(8, requests)),
        "async function, 16 rules": asyncio.run(_async(16, requests)),
    }


def _rules(count: int) -> list[Any]:
    return [rule(f"rule {number}", lambda call: True) for number in range(count)]


def _plain(count: int, requests: int) -> float:
    @contract(*_rules(count), layer="data")
    def guarded() -> None: ...

    def bare() -> None: ...

    with acting_as(Principal(id="ann"), Security()):
        return _slices(guarded, requests) - _slices(bare, requests)


def _slices(function: Callable[[], object], requests: int) -> float:
    found = []
    gc.collect()
    for _ in range(max(10, requests * 4 // SLICE)):
        start = time.process_time()
        for _ in range(SLICE):
            function()
        found.append((time.process_time() - start) / SLICE)
    return statistics.quantiles(found, n=10)[0] * 1e6


async def _async(count: int, requests: int) -> float:
    @contract(*_rules(count), layer="data")
    async def guarded() -> None: ...

    async def bare() -> None: ...

    with acting_as(Principal(id="ann"), Security()):
        return await _slices_async(guarded, requests) - await _slices_async(bare, requests)


async def _slices_async(function: Callable[[], Any], requests: int) -> float:
    found = []
    gc.collect()
    for _ in range(max(10, requests * 4 // SLICE)):
        start = time.process_time()
        for _ in range(SLICE):
            await function()
        found.append((time.process_time() - start) / SLICE)
    return statistics.quantiles(found, n=10)[0] * 1e6
