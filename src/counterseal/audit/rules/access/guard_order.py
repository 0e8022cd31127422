"""A guard stands above the decorator that registers the route, and never runs.

Decorators work from the bottom up: the one that registers a route hands the function to the framework as it is at that moment.
What stands above it wraps a function that no request ever reaches.

## Why it matters

The route looks guarded to everyone who reads it and is open to everyone who calls it. Nothing fails, no test of the happy path
notices.

## Remedy

Put the guard below the route decorator, directly above the function.

## Examples

```python bad framework=flask
from flask import Flask, jsonify
from flask_login import LoginManager, login_required

app = Flask(__name__)
LoginManager(app)


@login_required  # finding
@app.get("/account")
def account():
    return jsonify(balance=100)
```

```python good framework=flask
from flask import Flask, jsonify
from flask_login import LoginManager, login_required

app = Flask(__name__)
LoginManager(app)


@app.get("/account")
@login_required
def account():
    return jsonify(balance=100)
```

```python bad framework=fastapi
import os
from functools import wraps

from fastapi import FastAPI, HTTPException, Request

app = FastAPI()


def key_required(handler):
    @wraps(handler)
    async def guarded(request: Request):
        if request.headers.get("x-api-key") != os.environ["API_KEY"]:
            raise HTTPException(401)
        return await handler(request)

    return guarded


@key_required  # finding
@app.get("/account")
async def account(request: Request) -> dict:
    return {"balance": 100}
```

```python good framework=fastapi
import os
from functools import wraps

from fastapi import FastAPI, HTTPException, Request

app = FastAPI()


def key_required(handler):
    @wraps(handler)
    async def guarded(request: Request):
        if request.headers.get("x-api-key") != os.environ["API_KEY"]:
            raise HTTPException(401)
        return await handler(request)

    return guarded


@app.get("/account")
@key_required
async def account(request: Request) -> dict:
    return {"balance": 100}
```
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from counterseal.audit.findings import Confidence, Exposure, Hit, Related, Rule, Severity
from counterseal.audit.surface.model import LateGuard, Surface
from counterseal.policy import Policy

_MEANS: Mapping[str, tuple[str, int, str]] = {
    "auth": ("nobody is asked who they are", 306, "without any credentials"),
    "claimed": ("nobody is asked who they are", 306, "without any credentials"),
    "role": ("no role is checked", 862, "with the account of an ordinary user"),
    "csrf": ("requests that other sites make count", 352, "from a page of another site"),
    "limit": ("calls are not counted", 770, "as often as they like"),
}
"""What is missing without each fact, its CWE, and how an attacker calls."""


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    for guard in surface.late_guards:
        yield _hit(guard, surface)


def _hit(guard: LateGuard, surface: Surface) -> Hit:
    routes = [route for route in surface.routes if route.handler == guard.handler]
    handler = guard.handler.rpartition(".")[2]
    name = routes[0].name if routes else handler
    effect, cwe, how = next((_MEANS[fact] for fact in _MEANS if fact in guard.facts), _MEANS["auth"])
    decorator = guard.decorator.rpartition(".")[2]
    return Hit(
        place=guard.place,
        message=f"{decorator} stands above the decorator that registers {name}, so it never runs: {effect}",
        attack=f"Anyone calls {name} {how}.",
        fix=f"Move @{decorator} below the route decorator, directly above def {handler}.",
        subject=f"{guard.handler} {decorator}",
        route=routes[0].name if routes else None,
        severity=Severity.MEDIUM if cwe == _MEANS["limit"][1] else None,
        exposure=Exposure.USER if cwe == _MEANS["role"][1] else Exposure.ANYONE,
        cwe=cwe,
        related=tuple(Related(route.place, f"{route.name} runs without it") for route in routes[:1]),
    )


RULE = Rule(
    id="guard-order",
    title="guard above the route decorator",
    cwe=(696, 306),
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=_check,
    owasp=("A01:2025", "API2:2023"),
    asvs=("v5.0.0-8.3.1",),
)
