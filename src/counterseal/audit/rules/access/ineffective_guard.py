"""A function that looks like a guard lets everyone through.

Reported is a dependency, decorator or helper that is named and used like a check of the caller, but reads a token without
verifying it, goes on after the check has failed, compares with a value that is written in the code, or answers where it should
refuse. A guard that leaves the decision to its caller (it returns `None` for strangers) is judged by what its callers make of it.

## Why it matters

It is worse than no guard: everyone who reads the route sees that it is guarded. Whoever tries it with an invented token is in,
under any name that they like.

## Remedy

Make every way out of the guard depend on a credential that was checked: verify the signature, compare with what is stored, and
raise (401) in every other case, also when something unexpected happens.

## Examples

```python bad framework=fastapi
import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer

app = FastAPI()
scheme = OAuth2PasswordBearer(tokenUrl="/token")


def verify_token(token: str = Depends(scheme)) -> dict:  # finding
    claims = jwt.decode(token, options={"verify_signature": False})
    if not claims:
        raise HTTPException(401)
    return claims


@app.delete("/reports/{name}")
def delete_report(name: str, claims: dict = Depends(verify_token)) -> dict:
    return {"deleted": name, "by": claims["sub"]}
```

```python good framework=fastapi
import os

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer

app = FastAPI()
scheme = OAuth2PasswordBearer(tokenUrl="/token")


def verify_token(token: str = Depends(scheme)) -> dict | None:
    try:
        return jwt.decode(token, os.environ["JWT_KEY"], algorithms=["HS256"])
    except jwt.InvalidTokenError:
        return None


def require_user(claims: dict | None = Depends(verify_token)) -> dict:
    if claims is None:
        raise HTTPException(401)
    return claims


@app.delete("/reports/{name}")
def delete_report(name: str, claims: dict = Depends(require_user)) -> dict:
    return {"deleted": name, "by": claims["sub"]}
```

```python bad framework=flask
import os
from functools import wraps

import jwt
from flask import Flask, jsonify, request

app = Flask(__name__)


def token_required(view):
    @wraps(view)
    def guarded(*args, **kwargs):
        try:
            jwt.decode(request.headers["Authorization"], os.environ["JWT_KEY"], algorithms=["HS256"])  # finding
        except jwt.InvalidTokenError:
            print("invalid token")
        return view(*args, **kwargs)

    return guarded


@app.get("/salaries")
@token_required
def salaries():
    return jsonify(average=4200)
```

```python good framework=flask
import os
from functools import wraps

import jwt
from flask import Flask, jsonify, request

app = Flask(__name__)


def token_required(view):
    @wraps(view)
    def guarded(*args, **kwargs):
        try:
            jwt.decode(request.headers["Authorization"], os.environ["JWT_KEY"], algorithms=["HS256"])
        except jwt.InvalidTokenError:
            return jsonify(error="invalid token"), 401
        return view(*args, **kwargs)

    return guarded


@app.get("/salaries")
@token_required
def salaries():
    return jsonify(average=4200)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Exposure, Hit, Related, Rule, Severity
from counterseal.audit.rules._shared.access_guards import Hollow, hollow_guards
from counterseal.audit.surface.model import Surface
from counterseal.policy import Policy

_MOST = 3


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    for guard in hollow_guards(surface):
        yield _hit(guard)


def _hit(guard: Hollow) -> Hit:
    names = [route.name for route in guard.routes]
    used = f" in front of {names[0]}" if len(names) == 1 else f" in front of {len(names)} routes" if names else ""
    target = names[0] if names else "a route behind it"
    forged = "verif" in guard.why
    return Hit(
        place=guard.place,
        message=f"{guard.name} stands{used} like a guard and lets everyone through: {guard.why}",
        attack=f"Anyone calls {target} with a made-up credential, under any name, and {guard.name} lets them pass.",
        fix=_fix(guard, forged),
        subject=guard.name,
        severity=Severity.CRITICAL if forged else Severity.HIGH,
        confidence=Confidence.HIGH if forged or names else Confidence.MEDIUM,
        exposure=Exposure.ANYONE,
        cwe=347 if forged else None,
        related=tuple(Related(route.place, f"{route.name} relies on it") for route in guard.routes[:_MOST]),
    )


def _fix(guard: Hollow, forged: bool) -> str:
    if forged:
        return (
            f'In {guard.name}, verify the signature: jwt.decode(token, key, algorithms=["HS256"]), and raise 401 when that fails.'
        )
    return f"In {guard.name}, raise 401 on every way out on which no credential was checked, also in its except blocks."


RULE = Rule(
    id="ineffective-guard",
    title="guard that does not guard",
    cwe=(287, 1390),
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=_check,
    owasp=("A07:2025", "API2:2023"),
    asvs=("v5.0.0-6.3.4", "v5.0.0-9.1.1"),
)
