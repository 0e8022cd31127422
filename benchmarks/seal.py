"""What sealing costs: at start-up, by the number of routes, and per request. Same process, same applications.

usage: seal.py [--routes N ...] [--requests N]

Seconds are process time of one `seal()`. Per request: process time of one request to the *first* route of the table, so that the
framework's own linear matching costs the same everywhere, sealed less unsealed, in alternating slices; the best tenth counts.
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
from starlette.routing import Route

from counterseal import Security, contract, public, seal

_SLICE = 200


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


async def per_request(free: Any, sealed: Any, path: str, requests: int) -> tuple[float, float]:
    """Microseconds of one request, unsealed and sealed."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(max(20, requests // _SLICE)):
        for app, found in zip((free, sealed), taken, strict=True):
            found.append(await _slice(app, path))
    best = [statistics.mean(sorted(found)[: max(2, len(found) // 10)]) for found in taken]
    return best[0], best[1]


def measure(name: str, make: Callable[[int], Any], routes: int, path: str, requests: int) -> None:
    """One line of the table."""
    free, sealed = make(routes), make(routes)
    before = time.process_time()
    report = seal(sealed, Security())
    seconds = time.process_time() - before
    if len(report.rows) != routes:
        raise SystemExit(f"{len(report.rows)} entries of {routes}")
    without, with_seal = asyncio.run(per_request(free, sealed, path, requests))
    print(f"| {name} | {routes:,} | {seconds:.3f} | {without:.1f} | {with_seal:.1f} | {with_seal - without:+.2f} |", flush=True)


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--routes", type=int, nargs="+", default=[10, 1_000, 10_000])
    parser.add_argument("--requests", type=int, default=20_000)
    given = parser.parse_args()
    print("| framework | routes | seal, s | request unsealed, µs | sealed, µs | added, µs |\n|---|---|---|---|---|---|")
    for routes in given.routes:
        measure("Starlette", starlette, routes, "/r0/1", given.requests)
        measure("FastAPI", fastapi, routes, "/p0/r0/1", given.requests)


if __name__ == "__main__":
    main()
