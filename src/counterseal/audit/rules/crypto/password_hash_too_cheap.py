"""A password hash is set to work less than it should.

Reported are bcrypt rounds and PBKDF2 iterations below the policy's `thresholds.min_bcrypt_rounds` and `min_pbkdf2_iterations`,
where they are constants.

## Why it matters

A password hash protects only by the time that one attempt takes. Each step less lets an attacker with the table try twice as
many passwords a second.

## Remedy

Leave the library's default, or set the number that the message names. Stored hashes keep their own number, so old passwords
still work.

## Examples

```python bad framework=flask
import bcrypt
from flask import Flask, jsonify, request

app = Flask(__name__)
USERS = {}


@app.post("/register")
def register():
    salt = bcrypt.gensalt(rounds=4)  # finding
    USERS[request.json["name"]] = bcrypt.hashpw(request.json["password"].encode(), salt)
    return jsonify(ok=True)
```

```python good framework=flask
import bcrypt
from flask import Flask, jsonify, request

app = Flask(__name__)
USERS = {}


@app.post("/register")
def register():
    salt = bcrypt.gensalt(rounds=12)
    USERS[request.json["name"]] = bcrypt.hashpw(request.json["password"].encode(), salt)
    return jsonify(ok=True)
```

```python bad framework=fastapi
import hashlib
import os

from fastapi import FastAPI

app = FastAPI()
USERS = {}


@app.post("/register")
def register(name: str, password: str) -> dict:
    salt = os.urandom(16)
    USERS[name] = salt + hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 10_000)  # finding
    return {"ok": True}
```

```python good framework=fastapi
import hashlib
import os

from fastapi import FastAPI

app = FastAPI()
USERS = {}


@app.post("/register")
def register(name: str, password: str) -> dict:
    salt = os.urandom(16)
    USERS[name] = salt + hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 600_000)
    return {"ok": True}
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Hit, Place, Rule, Severity
from counterseal.audit.rules.usage import Use, by_route, each, function_name, settings
from counterseal.audit.surface.model import Surface
from counterseal.policy import Policy

_TESTS = re.compile(r"(^|[._])\w*test\w*$", re.IGNORECASE)
_METHOD = re.compile(r"^pbkdf2:\w+:(\d+)$")
_PASSWORD = re.compile(r"pass|pwd|(^|[_:])pin($|_)", re.IGNORECASE)
_FAR_TOO_CHEAP = 10


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    limits = policy.thresholds
    for use in each(surface, "password-hash", "random-strong"):
        rounds = use.value("rounds")
        if isinstance(rounds, int) and rounds < limits.min_bcrypt_rounds:
            yield _hit(use.place, "bcrypt rounds", rounds, limits.min_bcrypt_rounds, use.call.function, use.route)
        iterations = _iterations(use)
        if iterations is not None and iterations < limits.min_pbkdf2_iterations:
            yield _hit(use.place, "PBKDF2 iterations", iterations, limits.min_pbkdf2_iterations, use.call.function, use.route)
    for setting in settings(surface, "BCRYPT_LOG_ROUNDS"):
        number = setting.value.const
        if isinstance(number, int) and number < limits.min_bcrypt_rounds and not _TESTS.search(setting.owner):
            yield _hit(setting.place, "bcrypt rounds", number, limits.min_bcrypt_rounds, setting.name, None)


def _iterations(use: Use) -> int | None:
    given = use.value("iterations")
    if isinstance(given, int):
        return given if _of_password(use) else None
    method = use.value("method")
    found = _METHOD.match(method) if isinstance(method, str) else None
    return int(found[1]) if found is not None else None


def _of_password(use: Use) -> bool:
    """Whether a key is derived from a password; other keys need no slow derivation."""
    value = use.roles.get("password")
    texts = [function_name(use.call), *((value.name, *value.inputs()) if value is not None else ())]
    return any(_PASSWORD.search(text) for text in texts)


def _hit(place: Place, what: str, number: int, least: int, subject: str, route: str | None) -> Hit:
    cheap = number * _FAR_TOO_CHEAP <= least if what != "bcrypt rounds" else number + 4 <= least
    return Hit(
        place=place,
        message=f"{number} {what}; at least {least} are needed",
        attack="Whoever sees the table of users once tries passwords against it many times faster than they should.",
        fix=f"set {least} or more, or leave it to the library's default",
        subject=subject,
        route=route,
        severity=Severity.MEDIUM if cheap else None,
    )


RULE = Rule(
    id="password-hash-too-cheap",
    title="password hash with too little work",
    cwe=(916,),
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=by_route(_check),
    owasp=("A04:2025",),
    asvs=("v5.0.0-11.4.2",),
)
