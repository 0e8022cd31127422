"""The limits that an application declares for its input are looked at after a body of any size was read.

Reported once for a FastAPI, Starlette or Flask application that declares how long its fields may be, and nowhere says
how large a body may be.

## Why it matters

A length in a schema is checked when the whole body is in memory and parsed. An unknown caller who sends hundreds of
megabytes of JSON to a sign-up takes a gigabyte of memory for each request, and the error message sends it back.

## Remedy

Flask: set `MAX_CONTENT_LENGTH`. FastAPI and Starlette: a middleware that refuses by `Content-Length` and counts what
arrives. In both cases set a limit in the proxy too.

## Examples

```python bad framework=fastapi
from fastapi import FastAPI
from pydantic import BaseModel, Field

app = FastAPI()  # finding


class Message(BaseModel):
    text: str = Field(max_length=500)


@app.post("/messages")
def send(message: Message) -> dict:
    return {"length": len(message.text)}
```

```python good framework=fastapi
from fastapi import FastAPI, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

app = FastAPI()


class Message(BaseModel):
    text: str = Field(max_length=500)


@app.middleware("http")
async def limit(request: Request, call_next):
    if int(request.headers.get("content-length", "0")) > 100_000:
        return Response(status_code=413)
    return await call_next(request)


@app.post("/messages")
def send(message: Message) -> dict:
    return {"length": len(message.text)}
```

```python good framework=flask
from flask import Flask, abort, request

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 100_000


@app.post("/messages")
def send():
    text = request.json["text"]
    if len(text) > 500:
        abort(400)
    return {"length": len(text)}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Exposure, Hit, Related, Rule, Severity
from counterseal.audit.rules._shared.abuse_growth import body_limited, own_routes, size_checked
from counterseal.audit.surface.model import Application, Route, Surface
from counterseal.guarantees import Guarantee, State
from counterseal.policy import Policy


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    for app in surface.applications:
        routes = [r for r in own_routes(surface) if r.app == app.name or len(surface.applications) == 1]
        declares = next((r for r in routes if _bounds(r, surface)), None)
        if declares is not None and not body_limited(surface, app):
            yield _hit(app, declares, policy.thresholds.max_body_bytes)
            return


def _bounds(route: Route, surface: Surface) -> bool:
    """Whether the route declares or checks how much it takes, and something else reads it."""
    if route.cells[Guarantee.VALIDATED].state is State.ENFORCED:
        return False  # a contract reads the body itself, and no more of it than the application allows
    if size_checked(route.flow):
        return True
    models = (surface.models.get(i.model) for i in route.inputs if i.model and i.source in ("body", "form"))
    return any(f.bounded and f.type in ("str", "bytes", "") for m in models if m is not None for f in m.fields.values())


def _hit(app: Application, route: Route, most: int) -> Hit:
    return Hit(
        place=app.place,
        message="bodies of any size are read and parsed before the declared limits are looked at",
        attack=f"An attacker sends hundreds of megabytes to {route.name} in parallel and exhausts the memory, "
        "without signing in.",
        fix=f'set app.config["MAX_CONTENT_LENGTH"] = {most}'
        if app.framework == "flask"
        else f"add a middleware that refuses bodies beyond {most} bytes by Content-Length and counts what arrives, "
        "and set the same limit in the proxy",
        subject=app.name.rpartition(":")[2],
        exposure=Exposure.ANYONE,
        related=(Related(route.place, "limits are declared here, and looked at too late"),),
    )


RULE = Rule(
    id="unbounded-body",
    title="unbounded request body",
    cwe=(770, 400),
    severity=Severity.LOW,
    confidence=Confidence.MEDIUM,
    since="0.1.0",
    check=_check,
    owasp=("API4:2023", "A06:2025"),
    asvs=("v5.0.0-15.2.2",),
)
