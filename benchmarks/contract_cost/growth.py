"""Whether the cost stays flat when routes and principals grow."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

from contract_cost import by_contract
from contract_cost.in_process import cost, headers, request
from contract_cost.shared import User, UserUpdate, token


def growth(folder: Path, requests: int) -> dict[str, float]:
    """CPU microseconds per request, with 10 to 10,000 routes, and 10 to 10,000 callers taking turns."""
    found = {}
    for count in (10, 100, 1000, 10_000):
        found[f"{count} routes under contract"] = asyncio.run(_routes(_made(folder / f"r{count}"), count, requests))
    for count in (10, 100, 1000, 10_000):
        found[f"{count} principals"] = asyncio.run(_principals(_made(folder / f"p{count}"), count, requests))
    return found


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


async def _routes(folder: Path, count: int, requests: int) -> float:
    app = by_contract.application(folder)

    # The measured route stands first: how long a framework searches its table is not what is asked.
    for number in range(count):

        @app.patch(f"/other{number}/{{user_id}}")
        @by_contract.CHECKED
        async def other(user: User, changes: UserUpdate) -> User:
            return user

    given = headers(token())
    return await cost(lambda: request(app, "/checked/1", given), requests=requests, passes=2)


async def _principals(folder: Path, count: int, requests: int) -> float:
    app = by_contract.application(folder)
    callers = itertools.cycle([(f"/checked/{number}", headers(token(f"user{number}"))) for number in range(1, count + 1)])
    # Everybody has been here once: a first call pays for the signature.
    for _ in range(count):
        await request(app, *next(callers))
    return await cost(lambda: request(app, *next(callers)), requests=requests, passes=2)
