"""What sealing costs: at start-up, by the number of routes, and per request. Same process, same applications.

usage: seal.py [--routes N ...] [--requests N]

Seconds are process time of one `seal()`. Per request: process time of one request to the *first* route of the table, so that the
framework's own linear matching costs the same everywhere, with and without what sealing puts around it, in alternating slices:
the mean of the best tenth without, the median difference of neighbouring slices.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from counterseal import Security, contract, public, seal

_SLICE = 300


async def receive() -> dict[str, Any]:
    """A request without a body."""
    return {"type": "http.request", "body": b"", "more_body": False}


async def send(message: Any) -> None:
    """Nobody reads the answer."""


def endpoint() -> Any:
    """An endpoint under the least contract."""

    @contract(public(reason="a benchmark"))
    async def answer(request: Request) -> Response:
        return PlainTextResponse("x")

    return answer


def fastapi(routes: int) -> FastAPI:
    """Routers of a hundred routes, each included."""
    app = FastAPI(openapi_url=None)
    for start in range(0, routes, 100):
        router = APIRouter()
        for number in range(start, min(start + 100, routes)):
            router.add_api_route(f"/r{number}/{{item_id}}", endpoint())
        app.include_router(router, prefix=f"/p{start}")
    return app


def starlette(routes: int) -> Starlette:
    """One table."""
    return Starlette(routes=[Route(f"/r{number}/{{item_id}}", endpoint()) for number in range(routes)])


def scope(path: str) -> dict[str, Any]:
    """A request."""
    return {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1),
        "headers": [],
    }


async def _slice(app: Any, path: str) -> float:
    before = time.process_time_ns()
    for _ in range(_SLICE):
        await app(scope(path), receive, send)
    return (time.process_time_ns() - before) / _SLICE / 1000


def gated() -> list[tuple[type[BaseRoute], Any, Any]]:
    """Every class of routes that sealing has wrapped, with its method as it was and as it is."""
    pending: list[type[BaseRoute]] = [BaseRoute]
    found: list[tuple[type[BaseRoute], Any, Any]] = []
    while pending:
        cls = pending.pop()
        pending.extend(cls.__subclasses__())
        now = cls.__dict__.get("handle")
        before = getattr(now, "__counterseal_gated__", None)
        if before is not None:
            found.append((cls, before, now))
    return found


async def per_request(app: Any, path: str, requests: int) -> tuple[float, float]:
    """Microseconds of one request with the framework's own methods, and what those of sealing add."""
    classes = gated()
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(max(20, requests // _SLICE)):
        for sealed in (False, True):
            for cls, before, after in classes:
                setattr(cls, "handle", after if sealed else before)  # noqa: B010
            taken[sealed].append(await _slice(app, path))
    best = [statistics.mean(sorted(found)[: max(2, len(found) // 10)]) for found in taken]
    return best[0], statistics.median(after - before for before, after in zip(*taken, strict=True))


def measure(name: str, make: Callable[[int], Any], routes: int, path: str, requests: int) -> None:
    """One line of the table."""
    app = make(routes)
    before = time.process_time()
    report = seal(app, Security())
    seconds = time.process_time() - before
    if len(report.rows) != routes:
        raise SystemExit(f"{len(report.rows)} entries of {routes}")
    without, added = asyncio.run(per_request(app, path, requests))
    print(f"| {name} | {routes:,} | {seconds:.3f} | {without:.1f} | {added:+.2f} |", flush=True)


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--routes", type=int, nargs="+", default=[10, 1_000, 10_000])
    parser.add_argument("--requests", type=int, default=20_000)
    given = parser.parse_args()
    print("| framework | routes | seal, s | request unsealed, µs | sealing adds, µs |\n|---|---|---|---|---|")
    for routes in given.routes:
        measure("Starlette", starlette, routes, "/r0/1", given.requests)
        measure("FastAPI", fastapi, routes, "/p0/r0/1", given.requests)


if __name__ == "__main__":
    main()
