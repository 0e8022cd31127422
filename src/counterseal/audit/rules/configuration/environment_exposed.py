"""The whole environment of the process is part of an answer.

Reported where `os.environ`, or a copy of it, is returned by a route.

## Why it matters

The environment is where the database password, the signing key and the keys of other services are kept. Whoever can call this
route has all of them.

## Remedy

Remove the route, or return the few values that are meant, by name.

## Examples

```python bad framework=fastapi
import os

from fastapi import FastAPI

app = FastAPI()


@app.get("/debug")
def debug() -> dict:
    return {"environment": dict(os.environ)}  # finding
```

```python good framework=fastapi
import os

from fastapi import FastAPI

app = FastAPI()


@app.get("/version")
def version() -> dict:
    return {"version": os.environ.get("APP_VERSION", "unknown")}
```

```python bad framework=flask
import os

from flask import Flask, jsonify

app = Flask(__name__)


@app.get("/debug")
def debug():
    return jsonify(dict(os.environ))  # finding
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Hit, Rule, Severity
from counterseal.audit.surface.model import Surface
from counterseal.policy import Policy


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    for route in surface.routes:
        for answer in route.flow.returns():
            if "environment" in answer.value.may:
                yield Hit(
                    place=answer.place,
                    message=f"{route.name} answers with the environment of the process, secrets included",
                    attack=f"An attacker calls {route.name} and reads the database password and the signing keys.",
                    fix='remove it, or return single values by name: os.environ.get("APP_VERSION")',
                    subject=route.name,
                    route=route.name,
                )
                break


RULE = Rule(
    id="environment-exposed",
    title="environment of the process in an answer",
    cwe=(497, 200, 526),
    severity=Severity.CRITICAL,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=_check,
    owasp=("A02:2025", "API8:2023"),
    asvs=("v5.0.0-13.4.2",),
)
