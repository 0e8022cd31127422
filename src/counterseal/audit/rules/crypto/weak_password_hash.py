"""Passwords are hashed with a fast hash.

Reported are MD5, SHA-1, SHA-256 and the like over a password, and hash methods of password libraries that are no better. A
digest that is hashed again by a password hash, and a digest for a look-up of leaked passwords, is not reported.

## Why it matters

A fast hash is made to be fast: a graphics card tries billions of passwords a second. After one leak of the table most passwords
are known within hours, and people use them elsewhere too.

## Remedy

Use a password hash: Argon2 (`argon2.PasswordHasher().hash(password)`), or bcrypt. It is slow on purpose and salts by itself.
Rehash old passwords when their owners next sign in.

## Examples

```python bad framework=flask
import hashlib

from flask import Flask, jsonify, request

app = Flask(__name__)
USERS = {}


@app.post("/register")
def register():
    password = request.json["password"]
    USERS[request.json["name"]] = hashlib.sha256(password.encode()).hexdigest()  # finding
    return jsonify(ok=True)


@app.get("/report")
def report():
    return jsonify(etag=hashlib.md5(b"report").hexdigest())
```

```python good framework=flask
import hashlib

from flask import Flask, jsonify, request
from werkzeug.security import generate_password_hash

app = Flask(__name__)
USERS = {}


@app.post("/register")
def register():
    USERS[request.json["name"]] = generate_password_hash(request.json["password"])
    return jsonify(ok=True)


@app.get("/report")
def report():
    return jsonify(etag=hashlib.md5(b"report").hexdigest())
```

```python bad framework=fastapi
import hashlib

from fastapi import FastAPI

app = FastAPI()
USERS = {}


def hash_password(text: str) -> str:
    digest = hashlib.md5()  # finding
    digest.update(text.encode())
    return digest.hexdigest()


@app.post("/register")
def register(name: str, password: str) -> dict:
    USERS[name] = hash_password(password)
    return {"ok": True}
```

```python good framework=fastapi
from argon2 import PasswordHasher
from fastapi import FastAPI

app = FastAPI()
hasher = PasswordHasher()
USERS = {}


@app.post("/register")
def register(name: str, password: str) -> dict:
    USERS[name] = hasher.hash(password)
    return {"ok": True}
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Hit, Place, Rule, Severity
from counterseal.audit.rules.usage import by_route, flows, function_name
from counterseal.audit.surface.flow import Access, Call, Flow, Store
from counterseal.audit.surface.model import Surface
from counterseal.audit.surface.values import Value
from counterseal.audit.surface.vocabulary import PASSWORD_LIKE
from counterseal.policy import Policy

_PASSWORD = re.compile(r"passw|passwd|pwd|passphrase|(^|_)pass($|_)|(^|[:_])pin($|_)", re.IGNORECASE)
_LEAKED = re.compile(r"pwned|breach|leak|hibp", re.IGNORECASE)
_BAD_METHODS = re.compile(r"^(plain|md5|sha1|sha224|sha256|sha384|sha512)($|:)|^pbkdf2:(md5|sha1)\b", re.IGNORECASE)


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    seen: set[Place] = set()
    for route, flow in flows(surface):
        for call in flow.calls("hash-fast", "password-hash"):
            if call.place in seen:
                continue
            what = _fast(call, flow) if call.kind == "hash-fast" else _method(call)
            if what is not None:
                seen.add(call.place)
                yield _hit(call, what, route)


def _fast(call: Call, flow: Flow) -> str | None:
    """What hashes a password here, if this call does."""
    flag = call.roles.get("for_security")
    if (flag is not None and flag.const is False) or _LEAKED.search(call.function):
        return None
    if not (_given(call, flow) or _PASSWORD.search(function_name(call)) or _kept(call, flow)):
        return None
    if any(_hashed_again(c) for c in flow.calls("password-hash", "password-verify") if c.seq > call.seq):
        return None
    return f"{call.name}, which is made to be fast"


def _given(call: Call, flow: Flow) -> bool:
    data = [call.roles["data"]] if "data" in call.roles else []
    for event in flow.of(Call):
        if event.name == "?.update" and event.seq > call.seq and event.function == call.function:
            data += [arg for arg in event.args if event.receiver is not None and "hash:fast" in event.receiver.may]
    return any(_is_password(value) for value in data)


def _is_password(value: Value) -> bool:
    if _PASSWORD.search(value.name or ""):
        return True
    return any(_PASSWORD.search(label.rpartition(":")[2]) for label in value.inputs())


def _kept(call: Call, flow: Flow) -> bool:
    """Whether a fast hash is kept as a password, and this is the only one that it can come from."""
    for event in flow.among(Access, Store):
        pairs = event.values if isinstance(event, Access) else ((event.name, event.value),) if isinstance(event, Store) else ()
        for name, value in pairs:
            if PASSWORD_LIKE.search(name) and "hash:fast" in value.may and "hash:password" not in value.may:
                made = {e.place for e in flow.calls("hash-fast") if e.seq < event.seq}
                if made == {call.place}:
                    return True
    return False


def _hashed_again(call: Call) -> bool:
    given = call.roles.get("password")
    return given is not None and "hash:fast" in given.may


def _method(call: Call) -> str | None:
    method = call.roles.get("method") or call.roles.get("scheme")
    if method is not None and isinstance(method.const, str) and _BAD_METHODS.match(method.const):
        return f"the method {method.const}, which is no password hash"
    return None


def _hit(call: Call, what: str, route: str | None) -> Hit:
    return Hit(
        place=call.place,
        message=f"a password is hashed with {what}",
        attack="Whoever sees the table of users once, in a backup or by an injection, tries billions of passwords a second.",
        fix="use argon2.PasswordHasher().hash(password) to store, and .verify(stored, password) to check",
        subject=call.function,
        route=route,
    )


RULE = Rule(
    id="weak-password-hash",
    title="fast hash for passwords",
    cwe=(916, 328, 327),
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=by_route(_check),
    owasp=("A04:2025", "API2:2023"),
    asvs=("v5.0.0-11.4.2",),
)
