"""Tokens, codes or passwords come from a random generator that can be predicted.

Reported are calls of `random` (and `uuid1`) whose result becomes a token, key, password, one-time code or the like: by the name
of the column, key, cookie or attribute that keeps it, or of the function that makes it.

## Why it matters

`random` is made for simulations. From some of its outputs all others follow, the past ones too, and a generator that was seeded
with the time can be rerun. Whoever asks for a few codes for themselves computes the code that was sent to somebody else.

## Remedy

Use `secrets`: `secrets.token_urlsafe(32)` for tokens, `f"{secrets.randbelow(10**6):06}"` for codes, `secrets.choice` for
passwords.

## Examples

```python bad framework=flask
import random
import string

from flask import Flask, jsonify, request

app = Flask(__name__)
RESETS = {}


def generate_reset_token():
    return "".join(random.choices(string.ascii_letters, k=20))  # finding


@app.post("/forgot")
def forgot():
    RESETS[request.json["email"]] = generate_reset_token()
    return jsonify(sent=True)


@app.get("/quote")
def quote():
    return jsonify(quote=random.choice(["Carpe diem", "Festina lente"]))
```

```python good framework=flask
import random
import secrets

from flask import Flask, jsonify, request

app = Flask(__name__)
RESETS = {}


def generate_reset_token():
    return secrets.token_urlsafe(32)


@app.post("/forgot")
def forgot():
    RESETS[request.json["email"]] = generate_reset_token()
    return jsonify(sent=True)


@app.get("/quote")
def quote():
    return jsonify(quote=random.choice(["Carpe diem", "Festina lente"]))
```

```python bad framework=fastapi
import random

from fastapi import FastAPI
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class SignIn(Base):
    __tablename__ = "sign_ins"
    id: Mapped[int] = mapped_column(primary_key=True)
    phone: Mapped[str]
    otp: Mapped[str]


app = FastAPI()


@app.post("/sign-in")
def sign_in(phone: str, db: Session) -> dict:
    number = random.randint(100000, 999999)  # finding
    db.add(SignIn(phone=phone, otp=str(number)))
    db.commit()
    return {"sent": True}
```

```python good framework=fastapi
import secrets

from fastapi import FastAPI
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class SignIn(Base):
    __tablename__ = "sign_ins"
    id: Mapped[int] = mapped_column(primary_key=True)
    phone: Mapped[str]
    otp: Mapped[str]


app = FastAPI()


@app.post("/sign-in")
def sign_in(phone: str, db: Session) -> dict:
    number = secrets.randbelow(10**6)
    db.add(SignIn(phone=phone, otp=f"{number:06}"))
    db.commit()
    return {"sent": True}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Hit, Rule, Severity
from counterseal.audit.rules.crypto._random import weak_values
from counterseal.audit.rules.crypto._sinks import is_secret, makes_secret
from counterseal.audit.rules.usage import by_route
from counterseal.audit.surface.model import Surface
from counterseal.policy import Policy


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    for found in weak_values(surface, is_secret, makes_secret):
        yield Hit(
            place=found.call.place,
            message=f"{found.what} comes from {found.call.name}, whose results can be computed from earlier ones",
            attack=f"An attacker asks for a few values, computes the generator's state, and knows {found.what} of the next user.",
            fix="use secrets: secrets.token_urlsafe(32) for tokens, secrets.randbelow(10**6) for six digits, secrets.choice",
            subject=found.call.function,
            route=found.route,
        )


RULE = Rule(
    id="insecure-randomness",
    title="predictable random values as secrets",
    cwe=(338, 330),
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=by_route(_check),
    owasp=("A04:2025", "API2:2023"),
    asvs=("v5.0.0-11.5.1", "v5.0.0-7.2.3"),
)
