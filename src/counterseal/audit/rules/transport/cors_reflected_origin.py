"""The calling page's origin is sent back as the allowed one.

Reported where `Access-Control-Allow-Origin` is set from the request's `Origin` header, and nothing compares it with a list
first; and where it is set to `*` together with credentials.

## Why it matters

Sending back whatever origin asks allows every origin, and unlike `*` it works with cookies: any page that a signed-in user
visits reads their data.

## Remedy

Compare the header with a list of your own origins, and leave the answer's header out when it is not in it. Add `Vary: Origin`.

## Examples

```python bad framework=flask
from flask import Flask, jsonify, request

app = Flask(__name__)


@app.get("/me")
def me():
    response = jsonify(name="x")
    response.headers["Access-Control-Allow-Origin"] = request.headers.get("Origin", "")  # finding
    response.headers["Access-Control-Allow-Credentials"] = "true"
    return response
```

```python good framework=flask
from flask import Flask, jsonify, request

app = Flask(__name__)
ORIGINS = {"https://app.example.com"}


@app.get("/me")
def me():
    response = jsonify(name="x")
    origin = request.headers.get("Origin", "")
    if origin in ORIGINS:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Vary"] = "Origin"
    return response
```

```python bad framework=fastapi
from fastapi import FastAPI, Request, Response

app = FastAPI()


@app.get("/me")
def me(request: Request, response: Response) -> dict:
    response.headers["Access-Control-Allow-Origin"] = request.headers["origin"]  # finding
    return {"name": "x"}
```

```python good framework=fastapi
from fastapi import FastAPI, Request, Response

app = FastAPI()


@app.get("/me")
def me(request: Request, response: Response) -> dict:
    response.headers["Access-Control-Allow-Origin"] = "https://app.example.com"
    return {"name": "x"}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Exposure, Hit, Rule, Severity
from counterseal.audit.rules.usage import by_route, flows
from counterseal.audit.surface.flow import Branch, Call, Event, Flow, Store
from counterseal.audit.surface.model import Surface
from counterseal.audit.surface.values import Value
from counterseal.policy import Policy

_ALLOW = "access-control-allow-origin"


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    seen = set()
    for route, flow in flows(surface):
        for event in flow.among(Store, Call):
            value = _allowed(event)
            if value is not None and _reflects(value) and event.place not in seen and not _compared(value, event, flow):
                seen.add(event.place)
                yield _hit(event, route)


def _allowed(event: Event) -> Value | None:
    """What an event sets the header to."""
    if isinstance(event, Store) and event.name.lower() == _ALLOW:
        return event.value
    if isinstance(event, Call):
        if event.name.rpartition(".")[2] in ("add", "set", "append", "setdefault") and len(event.args) > 1:
            return event.args[1] if str(event.args[0].const).lower() == _ALLOW else None
        headers = event.roles.get("headers")
        if headers is not None and isinstance(headers.items, dict):
            return next((v for k, v in headers.items.items() if str(k).lower() == _ALLOW and isinstance(v, Value)), None)
    return None


def _reflects(value: Value) -> bool:
    return any(label.lower().startswith("in:header:origin") for label in value.may)


def _compared(value: Value, event: Event, flow: Flow) -> bool:
    """Whether something was decided about the origin before, other than that there is one."""
    wanted = {label for label in value.may if label.lower().startswith("in:header:origin")}
    return any(
        other.value.type == "bool" and bool(wanted & other.value.may) and other.function == event.function
        for other in flow.of(Branch)
    )


def _hit(event: Event, route: str | None) -> Hit:
    return Hit(
        place=event.place,
        message="the answer allows whatever origin asked (Access-Control-Allow-Origin from the request)",
        attack="A page that a signed-in user visits reads what they see here, and acts for them.",
        fix="set it only when the request's Origin is in a list of your own, or use the framework's CORS middleware with a list",
        subject=event.function,
        route=route,
        exposure=Exposure.ANYONE,
    )


RULE = Rule(
    id="cors-reflected-origin",
    title="calling origin allowed whatever it is",
    cwe=(942, 346),
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=by_route(_check),
    owasp=("A02:2025", "API8:2023"),
    asvs=("v5.0.0-3.4.2",),
)
