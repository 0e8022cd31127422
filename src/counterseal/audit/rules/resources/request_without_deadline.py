"""A server that a user chooses decides how long a request of yours takes.

Reported are requests to addresses that users choose, or have stored, without a limit on the whole: without any
timeout, or with one that only bounds each single read, as those of `requests`, `httpx` and `urllib3` do.

## Why it matters

A receiver that sends one byte every few seconds never runs into such a timeout. Each of these requests keeps a worker
thread, and often a database connection, for as long as the receiver likes: a dozen of them stop the service.

## Remedy

Give the whole exchange a deadline: `asyncio.timeout(10)` around it, or a clock that is looked at for each piece that
is read. Let a separate worker do it, and hold no database connection meanwhile.

## Examples

```python bad framework=fastapi
import httpx
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Hook(BaseModel):
    url: str


@app.post("/test-webhook")
def test_webhook(hook: Hook) -> dict:
    return {"status": httpx.post(hook.url, json={}, timeout=5).status_code}  # finding
```

```python good framework=fastapi
import asyncio

import httpx
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Hook(BaseModel):
    url: str


@app.post("/test-webhook")
async def test_webhook(hook: Hook) -> dict:
    async with asyncio.timeout(10), httpx.AsyncClient() as client:
        answer = await client.post(hook.url, json={}, timeout=5)
    return {"status": answer.status_code}


@app.get("/rates")
def rates(currency: str) -> dict:
    return httpx.get(f"https://rates.example/v1/{currency}", timeout=5).json()
```

```python bad framework=flask
import requests
from flask import Flask, request

app = Flask(__name__)


@app.post("/preview")
def preview():
    return requests.get(request.json["url"], timeout=10).text[:500]  # finding
```

```python good framework=flask
import requests
from flask import Flask

app = Flask(__name__)


@app.get("/weather")
def weather():
    return requests.get("https://weather.example/today", timeout=10).json()
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Hit, Place, Rule, Severity
from counterseal.audit.rules._shared.abuse_growth import own_routes
from counterseal.audit.rules._shared.abuse_requests import address_chosen, stored_addresses
from counterseal.audit.surface.flow import Call
from counterseal.audit.surface.model import Route, Surface
from counterseal.audit.surface.values import Value
from counterseal.policy import Policy

_DEADLINE = re.compile(
    r"(asyncio\.(timeout|timeout_at|wait_for)|async_timeout\.timeout|anyio\.(fail_after|move_on_after)|signal\.alarm|signal\.setitimer|trio\.)"
)
_TOTAL = ("aiohttp.",)  # counts the whole exchange, five minutes unless told otherwise


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    stored = stored_addresses(surface)
    seen: set[Place] = set()
    for route in own_routes(surface):
        if any(_DEADLINE.match(call.name) for call in route.flow.calls()):
            continue
        for call in route.flow.calls("http-request"):
            if call.place in seen or "role" in call.facts or call.name.startswith(_TOTAL) or not address_chosen(call, stored):
                continue
            seen.add(call.place)
            yield _hit(route, call)


def _hit(route: Route, call: Call) -> Hit:
    timed = _timed(call)
    function = call.function.rpartition(".")[2]
    return Hit(
        place=call.place,
        message=f"{call.name} in {function} asks a server that users choose, and "
        + ("its timeout bounds each read, not the whole" if timed else "has no timeout"),
        attack=f"An attacker names a server that sends one byte every few seconds, calls {route.name} a dozen "
        "times, and no worker is left.",
        fix=f"give the whole exchange in {function} a deadline (asyncio.timeout, or a clock that is looked at "
        "while the answer is read in pieces)" + ("" if timed else ", and pass timeout="),
        subject=f"{function} {call.name}",
        route=route.name,
        severity=Severity.LOW if timed else Severity.MEDIUM,
    )


def _timed(call: Call) -> bool:
    """Whether there is a timeout of any kind; httpx has one of five seconds by itself."""
    given: Value | None = call.roles.get("timeout") or call.kwargs.get("timeout")
    if given is not None:
        return not (given.is_const and given.const is None)
    return call.name.startswith(("httpx.", "urllib3."))


RULE = Rule(
    id="request-without-deadline",
    title="request without a deadline",
    cwe=(400, 770),
    severity=Severity.LOW,
    confidence=Confidence.MEDIUM,
    since="0.1.0",
    check=_check,
    owasp=("API4:2023", "A10:2025"),
    asvs=("v5.0.0-15.2.2",),
)
