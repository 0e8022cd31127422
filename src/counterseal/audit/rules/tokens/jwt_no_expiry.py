"""Tokens are issued that never expire.

Reported where a token is made from claims that are all known and have no `exp`, where expiry is switched off
(`expires_delta=False`, `JWT_ACCESS_TOKEN_EXPIRES = False`), and where decoding ignores it (`verify_exp: False`).

## Why it matters

A token that leaks (a log, a backup, a shared computer) works for ever. Unlike a session it cannot be ended, short of changing
the key for everyone.

## Remedy

Set `exp` to minutes or hours from now, and give out a refresh token that you can revoke when longer sessions are wanted.

## Examples

```python bad framework=fastapi
import os

import jwt
from fastapi import FastAPI

app = FastAPI()


def make_token(user_id: int) -> str:
    return jwt.encode({"sub": str(user_id)}, os.environ["JWT_KEY"], algorithm="HS256")  # finding


@app.post("/login")
def login(user_id: int) -> dict:
    return {"token": make_token(user_id)}
```

```python good framework=fastapi
import os
from datetime import UTC, datetime, timedelta

import httpx
import jwt
from fastapi import FastAPI

app = FastAPI()


def make_token(claims: dict) -> str:
    to_encode = claims.copy()
    to_encode.update({"exp": datetime.now(UTC) + timedelta(minutes=15)})
    return jwt.encode(to_encode, os.environ["JWT_KEY"], algorithm="HS256")


@app.post("/login")
def login(user_id: int) -> dict:
    return {"token": make_token({"sub": str(user_id)})}


@app.post("/report")
def report() -> dict:
    headers = {}
    headers["Authorization"] = jwt.encode({"iss": "shop"}, os.environ["PARTNER_KEY"], algorithm="HS256")
    return {"sent": httpx.post("https://partner.example.com", headers=headers).status_code}
```

```python bad framework=flask
from flask import Flask, jsonify
from flask_jwt_extended import JWTManager, create_access_token

app = Flask(__name__)
app.config["JWT_ACCESS_TOKEN_EXPIRES"] = False  # finding
JWTManager(app)


@app.post("/login")
def login():
    return jsonify(token=create_access_token(identity="1"))
```

```python good framework=flask
from datetime import timedelta

from flask import Flask, jsonify
from flask_jwt_extended import JWTManager, create_access_token

app = Flask(__name__)
app.config["JWT_ACCESS_TOKEN_EXPIRES"] = timedelta(minutes=15)
JWTManager(app)


@app.post("/login")
def login():
    return jsonify(token=create_access_token(identity="1"))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Hit, Place, Rule, Severity
from counterseal.audit.rules.usage import Use, each, places, settings, stores, uses
from counterseal.audit.surface.flow import Store
from counterseal.audit.surface.model import Surface
from counterseal.audit.surface.values import Value
from counterseal.policy import Policy

_SETTINGS = ("JWT_ACCESS_TOKEN_EXPIRES", "JWT_REFRESH_TOKEN_EXPIRES", "JWT_EXPIRATION_DELTA")
_ATTACK = "Whoever gets hold of one token once is that user for ever, even after a new password."


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    outgoing = {store.function for _, store in stores(surface) if _is_header(store)}
    for place, found in places(uses(surface, "token-encode")).items():
        if all(_endless(use) for use in found) and found[0].call.function not in outgoing:
            yield _hit(
                place, f"{found[0].call.name} makes a token without an expiry (exp)", _fix(found[0]), found[0].call.function
            )
    for use in each(surface, "token-decode"):
        options = use.roles.get("options")
        flag = options.item("verify_exp") if options is not None else None
        if (flag is not None and flag.const is False) or use.value("allow_expired") is True:
            message = f"{use.call.name} accepts tokens that have expired"
            yield _hit(use.place, message, "remove the option: expiry is checked by default", use.call.function)
    for setting in settings(surface, *_SETTINGS):
        if setting.value.const is False:
            message = f"{setting.name} = False: these tokens never expire"
            yield _hit(setting.place, message, f"set {setting.name} = timedelta(minutes=15)", setting.name)


def _is_header(store: Store) -> bool:
    """Whether a header for a request to somebody else is put together: that token is not one of ours."""
    return store.name.lower() == "authorization" and store.target.kind == "dict"


def _endless(use: Use) -> bool:
    """Whether it is known that no expiry is given."""
    expires = use.roles.get("expires")
    if expires is not None:
        return expires.const is False
    if "expires" in use.api.fixed or "expires" in use.api.roles:
        return False
    payload = use.roles.get("payload")
    return payload is not None and _complete(payload) and "exp" not in payload.items


def _complete(payload: Value) -> bool:
    """Whether all keys are known, and say who somebody is: not every signed text is a pass."""
    return payload.kind == "dict" and bool(payload.items) and payload.extra != "open" and "**" not in payload.items


def _fix(use: Use) -> str:
    if "payload" in use.roles and "expires" not in use.roles:
        return 'add "exp": datetime.now(UTC) + timedelta(minutes=15) to the claims'
    return "give expires_delta=timedelta(minutes=15)"


def _hit(place: Place, message: str, fix: str, subject: str) -> Hit:
    return Hit(place=place, message=message, attack=_ATTACK, fix=fix, subject=subject)


RULE = Rule(
    id="jwt-no-expiry",
    title="token without expiry",
    cwe=(613,),
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=_check,
    owasp=("A07:2025", "API2:2023"),
    asvs=("v5.0.0-9.2.1", "v5.0.0-7.3.2"),
)
