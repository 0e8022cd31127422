"""Tokens are signed with a key that can be guessed.

Reported where the key of an HMAC signature (HS256, HS384, HS512) is a text in the code that is shorter than the policy's
`thresholds.min_jwt_key_bits`.

## Why it matters

Everyone who has one token can try keys against its signature on their own machine, millions a second, without asking the
server. Words and short keys fall in minutes. Whoever has the key issues tokens for anyone.

## Remedy

Make a random key of 32 bytes or more (`python -c "import secrets; print(secrets.token_urlsafe(32))"`), keep it out of the code,
and read it from the environment without a fallback.

## Examples

```python bad framework=fastapi
import jwt
from fastapi import FastAPI

app = FastAPI()
KEY = "orders-2024"  # finding


@app.post("/login")
def login(name: str) -> dict:
    return {"token": jwt.encode({"sub": name, "exp": 1900000000}, KEY, algorithm="HS256")}
```

```python good framework=fastapi
import os

import jwt
from fastapi import FastAPI

app = FastAPI()
KEY = os.environ["JWT_KEY"]


@app.post("/login")
def login(name: str) -> dict:
    return {"token": jwt.encode({"sub": name, "exp": 1900000000}, KEY, algorithm="HS256")}
```

```python bad framework=flask
from flask import Flask, jsonify, request
from flask_jwt_extended import JWTManager, create_access_token

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = "super-secret"  # finding
JWTManager(app)


@app.post("/login")
def login():
    return jsonify(token=create_access_token(identity=request.json["name"]))
```

```python good framework=flask
import os

from flask import Flask, jsonify, request
from flask_jwt_extended import JWTManager, create_access_token

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET_KEY"]
JWTManager(app)


@app.post("/login")
def login():
    return jsonify(token=create_access_token(identity=request.json["name"]))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Exposure, Hit, Place, Related, Rule, Severity
from counterseal.audit.rules.usage import Use, each, from_environment, settings
from counterseal.audit.surface.model import Surface
from counterseal.policy import Policy


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    seen: set[Place] = set()
    for use in each(surface, "token-encode", "token-decode"):
        for key, fallback in _keys(surface, use):
            if not _weak(key, policy.thresholds.min_jwt_key_bits) or not _shared_key(use):
                continue
            place = fallback or _written(surface, key, use)
            if place not in seen:
                seen.add(place)
                yield _hit(place, key, use, policy.thresholds.min_jwt_key_bits)


def _keys(surface: Surface, use: Use) -> Iterator[tuple[str, Place | None]]:
    """Constant keys of a use; those that the environment replaces are another rule's."""
    given = use.roles.get("key")
    if given is not None:
        if isinstance(given.const, str) and not from_environment(given):
            yield given.const, None
        return
    name = use.api.fixed.get("key")
    if name:
        for setting in settings(surface, name):
            if isinstance(setting.value.const, str) and not from_environment(setting.value):
                yield setting.value.const, setting.place


def _written(surface: Surface, key: str, use: Use) -> Place:
    """Where the key is written down; of several places the one with the name that is used."""
    name = use.roles["key"].name
    found = [literal for literal in surface.literals if literal.value == key and not literal.test]
    found.sort(key=lambda literal: (literal.name != name, literal.place.file != use.place.file))
    return found[0].place if found else use.place


def _weak(key: str, bits: int) -> bool:
    return bool(key) and "-----BEGIN" not in key and len(key.encode()) * 8 < bits


def _shared_key(use: Use) -> bool:
    algorithm = use.value("algorithm")
    return not isinstance(algorithm, str) or algorithm.upper().startswith("HS")


def _hit(place: Place, key: str, use: Use, bits: int) -> Hit:
    return Hit(
        place=place,
        message=f"the key that signs tokens has {len(key.encode()) * 8} bits at most, and stands in the code; {bits} are needed",
        attack="With any one token, an attacker finds the key by trying on their own machine, then issues tokens for anyone.",
        fix="read the key from the environment without a fallback, and make it with secrets.token_urlsafe(32)",
        subject="signing key",
        exposure=Exposure.ANYONE,
        related=(Related(use.place, "signs or checks tokens with it"),) if use.place != place else (),
    )


RULE = Rule(
    id="jwt-weak-key",
    title="guessable key of tokens",
    cwe=(326, 521, 798),
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=_check,
    owasp=("A04:2025", "API2:2023"),
    asvs=("v5.0.0-11.2.3", "v5.0.0-13.3.1"),
)
