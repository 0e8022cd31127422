"""CPU per request, without a server: the ASGI application is called directly."""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

from contract_cost.shared import BODY

SLICE = 50


def scope(path: str, headers: list[tuple[bytes, bytes]], method: str = "PATCH") -> dict[str, Any]:
    """A request as a server hands it over."""
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path,
        "raw_path": path.encode(), "query_string": b"", "root_path": "", "scheme": "http", "headers": headers,
        "client": ("127.0.0.1", 40000), "server": ("127.0.0.1", 80), "state": {},
    }  # fmt: skip


def headers(token: str | None) -> list[tuple[bytes, bytes]]:
    """What a client sends."""
    given = [(b"host", b"bench"), (b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]
    return given + ([(b"authorization", f"Bearer {token}".encode())] if token else [])


async def request(app: Any, path: str, given: list[tuple[bytes, bytes]]) -> int:
    """One request; its status."""
    sent = False
    status = 0

    async def receive() -> dict[str, Any]:
        nonlocal sent
        if sent:
            await asyncio.Event().wait()
        sent = True
        return {"type": "http.request", "body": BODY, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]

    await app(scope(path, given), receive, send)
    return status


async def cost(
    call: Callable[[], Awaitable[int]], *, requests: int = 6000, passes: int = 3, together: int = 1, expect: int = 200
) -> float:
    """CPU microseconds per request: the tenth percentile over slices, the best of some passes.

    Raises:
        RuntimeError: a request was not answered as expected; the figure would mean nothing.
    """
    best = float("inf")
    for _ in range(passes):
        slices = []
        gc.collect()
        for _ in range(requests // SLICE):
            start = time.process_time()
            if together == 1:
                statuses = [await call() for _ in range(SLICE)]
            else:
                statuses = []
                for _ in range(0, SLICE, together):
                    statuses += await asyncio.gather(*(call() for _ in range(together)))
            slices.append((time.process_time() - start) / len(statuses))
            if set(statuses) != {expect}:
                raise RuntimeError(f"answered {sorted(set(statuses))}, not {expect}")
        best = min(best, statistics.quantiles(slices, n=10)[0])
    return best * 1e6
