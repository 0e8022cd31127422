"""A secret is compared with `==`.

Reported where what a request sends is compared with a signature (HMAC), or with a key or token of the configuration, by `==` or
`!=`.

## Why it matters

`==` stops at the first character that differs. The time that the answer takes says how many were right, so a secret can be
found character by character instead of all at once.

## Remedy

Compare with `hmac.compare_digest(given, expected)`, which always takes the same time.

## Examples

```python bad framework=fastapi
import hashlib
import hmac
import os

from fastapi import FastAPI, Header, HTTPException, Request

app = FastAPI()
KEY = os.environ["WEBHOOK_KEY"]


@app.post("/webhook")
async def webhook(request: Request, x_signature: str = Header()) -> dict:
    expected = hmac.new(KEY.encode(), await request.body(), hashlib.sha256).hexdigest()
    if x_signature != expected:  # finding
        raise HTTPException(403)
    return {"ok": True}
```

```python good framework=fastapi
import hashlib
import hmac
import os

from fastapi import FastAPI, Header, HTTPException, Request

app = FastAPI()
KEY = os.environ["WEBHOOK_KEY"]


@app.post("/webhook")
async def webhook(request: Request, x_signature: str = Header()) -> dict:
    expected = hmac.new(KEY.encode(), await request.body(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(x_signature, expected):
        raise HTTPException(403)
    return {"ok": True}
```

```python bad framework=flask
import os

from flask import Flask, abort, jsonify, request

app = Flask(__name__)
API_KEY = os.environ["API_KEY"]


@app.get("/export")
def export():
    if request.headers.get("X-API-Key") != API_KEY:  # finding
        abort(401)
    return jsonify(rows=[])
```

```python good framework=flask
import hmac
import os

from flask import Flask, abort, jsonify, request

app = Flask(__name__)
API_KEY = os.environ["API_KEY"]


@app.get("/export")
def export():
    if not hmac.compare_digest(request.headers.get("X-API-Key", ""), API_KEY):
        abort(401)
    if request.args.get("mode") == os.environ.get("MODE"):
        return jsonify(rows=[], mode=True)
    return jsonify(rows=[])
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Hit, Rule, Severity
from counterseal.audit.rules.secrets._names import secret_kind
from counterseal.audit.rules.usage import by_route, flows
from counterseal.audit.surface.flow import Compare
from counterseal.audit.surface.model import Surface
from counterseal.audit.surface.values import Value
from counterseal.policy import Policy


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    seen = set()
    for route, flow in flows(surface):
        for event in flow.of(Compare):
            if event.place not in seen:
                what = _secret(event.left, event.right) or _secret(event.right, event.left)
                if what is not None:
                    seen.add(event.place)
                    yield _hit(event, what, route)


def _secret(expected: Value, given: Value) -> str | None:
    """What ``expected`` is, when it is a secret that ``given`` has to equal."""
    sent = given.inputs() or "cred" in given.may
    if not sent or "secret" in given.may or any(label.startswith("env:") for label in given.may):
        return None
    if "secret" in expected.must and "session" not in expected.may:
        return "a signature"
    if expected.inputs():
        return None
    configured = any(label.startswith("env:") or label == "setting" for label in expected.may)
    return f"the secret {expected.name}" if configured and secret_kind(expected.name) is not None else None


def _hit(event: Compare, what: str, route: str | None) -> Hit:
    return Hit(
        place=event.place,
        message=f"{what} is compared with {event.op}, which takes longer the more of it is right",
        attack="An attacker measures many answers and finds the value character by character.",
        fix="write hmac.compare_digest(given, expected), with both sides as str in ASCII or as bytes",
        subject=event.function,
        route=route,
    )


RULE = Rule(
    id="timing-unsafe-comparison",
    title="comparison of a secret that tells by its time",
    cwe=(208, 203),
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=by_route(_check),
    owasp=("A04:2025",),
    asvs=("v5.0.0-11.2.4",),
)
