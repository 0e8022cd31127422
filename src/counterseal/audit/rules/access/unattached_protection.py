"""A protection is made and attached to nothing.

Reported is a rate limiter, a CSRF protection, a CORS policy or an authentication object that the program makes and that then
protects nothing: it is neither attached to an application nor used on any route.

## Why it matters

The import, the object and its careful configuration are all there, so everyone believes that the protection is on. It never sees
a single request.

## Remedy

Attach it: `limiter.init_app(app)`, `CSRFProtect(app)`, `app.add_middleware(CORSMiddleware, ...)`, or decorate the routes with it.
If it is no longer wanted, remove it.

## Examples

```python bad framework=flask
from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf import CSRFProtect

app = Flask(__name__)
limiter = Limiter(get_remote_address, default_limits=["100/hour"])  # finding
csrf = CSRFProtect()  # finding


@app.post("/login")
def login():
    return "", 204
```

```python good framework=flask
from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf import CSRFProtect

limiter = Limiter(get_remote_address, default_limits=["100/hour"])
csrf = CSRFProtect()


def create_app() -> Flask:
    app = Flask(__name__)
    limiter.init_app(app)
    csrf.init_app(app)
    return app


app = create_app()


@app.post("/login")
def login():
    return "", 204
```

```python bad framework=fastapi
from fastapi import FastAPI
from slowapi import Limiter
from slowapi.util import get_remote_address

app = FastAPI()
limiter = Limiter(key_func=get_remote_address)  # finding


@app.post("/login")
def login() -> dict:
    return {}
```

```python good framework=fastapi
from fastapi import FastAPI, Request
from slowapi import Limiter
from slowapi.util import get_remote_address

app = FastAPI()
limiter = Limiter(key_func=get_remote_address)
app.state.limiter = limiter


@app.post("/login")
@limiter.limit("5/minute")
def login(request: Request) -> dict:
    return {}
```
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from counterseal.audit.findings import Confidence, Exposure, Hit, Place, Rule, Severity
from counterseal.audit.surface.model import Surface
from counterseal.policy import Policy

_MEANS: Mapping[str, tuple[str, str, str, int]] = {
    "limiter": (
        "rate limiter",
        "Anyone repeats requests, guesses of passwords among them, as often as they like.",
        "decorate the routes that it is meant for with it, or give it default limits and attach it (limiter.init_app(app))",
        770,
    ),
    "csrf": (
        "CSRF protection",
        "A page of another site makes the visitor's browser send requests with the visitor's session.",
        "attach it to the application: csrf.init_app(app)",
        352,
    ),
    "cors": (
        "CORS policy",
        "Pages of other sites are judged by the framework's default instead of the policy that was written.",
        "attach it to the application",
        942,
    ),
    "authentication": (
        "authentication",
        "Anyone calls the routes that it was meant to guard, without any credentials.",
        "let the routes that it was made for depend on it",
        306,
    ),
}
"""What it is, what an attacker does without it, how to attach it, and the CWE."""


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    if not surface.routes:
        return
    for kind, name, place in surface.unattached:
        if kind in _MEANS:
            yield _hit(kind, name, place)


def _hit(kind: str, name: str, place: Place) -> Hit:
    what, attack, how, cwe = _MEANS[kind]
    last = name.rpartition(".")[2] or name
    return Hit(
        place=place,
        message=f"The {what} {last} is made here and protects nothing: no application and no route uses it",
        attack=attack,
        fix=f"Where the application is made, {how}; or remove {last}.",
        subject=name,
        severity=Severity.HIGH if kind in ("authentication", "csrf") else None,
        exposure=Exposure.ANYONE,
        cwe=cwe,
    )


RULE = Rule(
    id="unattached-protection",
    title="protection that is attached to nothing",
    cwe=(1164, 693),
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=_check,
    owasp=("A02:2025", "API8:2023"),
    asvs=("v5.0.0-2.4.1",),
)
