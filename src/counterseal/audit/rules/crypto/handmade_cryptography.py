"""Tokens or encryption are made by hand where a library exists.

Reported are functions that put a signed token together themselves (JSON, base64 and an HMAC), and functions that are called
encryption and only encode with base64.

## Why it matters

The parts of a token that a library checks by itself are the ones that hand-made code forgets: the algorithm, the expiry, a
comparison in constant time, what happens with a token that is cut off. And base64 hides nothing: everyone can decode it.

## Remedy

Make tokens with PyJWT or `itsdangerous.URLSafeTimedSerializer`, encrypt with `cryptography.fernet.Fernet`.

## Examples

```python bad framework=flask
import base64
import hashlib
import hmac
import json
import os

from flask import Flask, jsonify, request

app = Flask(__name__)
KEY = os.environ["KEY"].encode()


def make_token(user_id):
    body = base64.urlsafe_b64encode(json.dumps({"user": user_id}).encode())
    signature = hmac.new(KEY, body, hashlib.sha256).hexdigest()  # finding
    return f"{body.decode()}.{signature}"


@app.post("/login")
def login():
    return jsonify(token=make_token(request.json["id"]))
```

```python good framework=flask
import os

from flask import Flask, jsonify, request
from itsdangerous import URLSafeTimedSerializer

app = Flask(__name__)
serializer = URLSafeTimedSerializer(os.environ["KEY"])


@app.post("/login")
def login():
    return jsonify(token=serializer.dumps({"user": request.json["id"]}))
```

```python bad framework=fastapi
import base64

from fastapi import FastAPI

app = FastAPI()


def encrypt(text: str) -> str:
    return base64.b64encode(text.encode()).decode()  # finding


@app.post("/notes")
def keep(note: str) -> dict:
    return {"note": encrypt(note)}
```

```python good framework=fastapi
import base64
import os

from cryptography.fernet import Fernet
from fastapi import FastAPI

app = FastAPI()
fernet = Fernet(os.environ["NOTES_KEY"])


def encrypt(text: str) -> str:
    return base64.b64encode(fernet.encrypt(text.encode())).decode()


@app.post("/notes")
def keep(note: str) -> dict:
    return {"note": encrypt(note)}
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from counterseal.audit.findings import Confidence, Hit, Rule, Severity
from counterseal.audit.rules.usage import by_route, flows
from counterseal.audit.surface.flow import Call
from counterseal.audit.surface.model import Surface
from counterseal.policy import Policy

_ENCRYPTS = re.compile(r"(^|_)(encrypt|encipher|decrypt|decipher)(ed|ion)?(_|$)", re.IGNORECASE)
_BASE64 = re.compile(r"(^|\.)(urlsafe_|standard_)?b(64|32|16|85)(en|de)code$")
_JSON = re.compile(r"(^|\.)(dumps?|loads?)$")
_DOES_ENCRYPT = ("cipher", "signer-load", "signer-dump", "token-encode", "token-decode")


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    seen: set[str] = set()
    for route, flow in flows(surface):
        by_function: dict[str, list[Call]] = {}
        for call in flow.of(Call):
            by_function.setdefault(call.function, []).append(call)
        for function, calls in by_function.items():
            found = _token(calls) or _encoding(function, calls)
            module = function.rpartition(".")[0]
            if found is not None and f"{module}:{found[1]}" not in seen:
                seen.add(f"{module}:{found[1]}")
                yield _hit(*found, function, route)


def _token(calls: list[Call]) -> tuple[Call, str] | None:
    """The signature of a token that is put together in one function."""
    signatures = [call for call in calls if call.kind == "signer-dump" and call.name.startswith("hmac.")]
    encodes = any(_BASE64.search(call.name) for call in calls)
    objects = any(call.kind in ("serialize", "json-load") and _JSON.search(call.name) for call in calls)
    return (signatures[0], "token") if signatures and encodes and objects else None


@lru_cache(maxsize=100_000)
def _says_encryption(function: str) -> bool:
    return _ENCRYPTS.search(function.rpartition(".")[2]) is not None


def _encoding(function: str, calls: list[Call]) -> tuple[Call, str] | None:
    """Base64 in a function that is called encryption and does not encrypt."""
    if not _says_encryption(function) or any(call.kind in _DOES_ENCRYPT for call in calls):
        return None
    if any(not call.kind and (call.name.startswith("?.") and _ENCRYPTS.search(call.name[2:])) for call in calls):
        return None
    found = [call for call in calls if _BASE64.search(call.name)]
    return (found[0], "encryption") if found and len(calls) <= len(found) + _OTHER_CALLS else None


_OTHER_CALLS = 2


def _hit(call: Call, what: str, function: str, route: str | None) -> Hit:
    name = function.rpartition(".")[2]
    if what == "token":
        return Hit(
            place=call.place,
            message=f"{name} makes or checks signed tokens by hand (JSON, base64 and an HMAC)",
            attack="An attacker uses what hand-made tokens forget: they do not expire, or parts of them are not signed.",
            fix="replace it by jwt.encode / jwt.decode with algorithms=[...], or by itsdangerous.URLSafeTimedSerializer",
            subject=function,
            route=route,
        )
    return Hit(
        place=call.place,
        message=f"{name} only encodes with base64: nothing is encrypted",
        attack="Whoever sees the data decodes it, without any key.",
        fix="use cryptography.fernet.Fernet(key).encrypt(...), with the key from the environment",
        subject=function,
        route=route,
        severity=Severity.HIGH,
        cwe=311,
    )


RULE = Rule(
    id="handmade-cryptography",
    title="hand-made tokens or encryption",
    cwe=(327, 345),
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    since="0.1.0",
    check=by_route(_check),
    owasp=("A04:2025", "A07:2025"),
    asvs=("v5.0.0-11.2.1",),
)
