"""A one-time code with so few values that it can be guessed.

Reported where a code for a reset, a sign-in or the confirmation of an address has fewer than a million values, and
the route that checks it does not limit the attempts. The message says how many values there are.

## Why it matters

Four digits are 10,000 codes: at a hundred attempts a second the right one is found in under two minutes, and a second
code may be asked for when the first has expired. Whoever has the code has the account.

## Remedy

Send a token of 32 random bytes in a link (`secrets.token_urlsafe(32)`). Where people must type it, take eight digits
(`secrets.randbelow(10**8)`), make it void after five wrong attempts and after ten minutes, and limit how many codes
can be asked for.

## Examples

```python bad framework=flask
import random

from flask import Flask, abort, request
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(200), unique=True)
    password_hash = db.Column(db.String(200))
    reset_pin = db.Column(db.String(10))


@app.post("/forgot-password")
def forgot_password():
    user = User.query.filter_by(email=request.json["email"]).first()
    if user:
        user.reset_pin = str(random.randint(1000, 9999))  # finding
        db.session.commit()
    return {"ok": True}


@app.post("/reset-password")
def reset_password():
    user = User.query.filter_by(email=request.json["email"]).first()
    if user is None or user.reset_pin != request.json["pin"]:
        abort(400)
    return {"ok": True}
```

```python good framework=flask
import secrets

from flask import Flask, abort, request
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(200), unique=True)
    password_hash = db.Column(db.String(200))
    reset_token = db.Column(db.String(64))
    color = db.Column(db.String(20))


@app.post("/forgot-password")
def forgot_password():
    user = User.query.filter_by(email=request.json["email"]).first()
    if user:
        user.reset_token = secrets.token_urlsafe(32)
        db.session.commit()
    return {"ok": True}


@app.post("/avatar-color")
def avatar_color():
    user = User.query.filter_by(email=request.json["email"]).first()
    user.color = str(secrets.randbelow(360))
    db.session.commit()
    return {"ok": True}
```

```python bad framework=fastapi
import secrets

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel
from sqlalchemy import Column, Integer, String, select
from sqlalchemy.orm import Session, declarative_base

app = FastAPI()
Base = declarative_base()


class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    email = Column(String(200))
    password_hash = Column(String(200))
    otp = Column(String(10))


class Address(BaseModel):
    email: str


class Code(BaseModel):
    email: str
    otp: str


def session() -> Session:
    return Session()


@app.post("/otp")
def send(data: Address, db: Session = Depends(session)) -> dict:
    user = db.scalar(select(User).where(User.email == data.email))
    if user:
        user.otp = "".join(str(secrets.randbelow(10)) for _ in range(4))  # finding
        db.commit()
    return {}


@app.post("/otp/verify")
def verify(data: Code, db: Session = Depends(session)) -> dict:
    user = db.scalar(select(User).where(User.email == data.email))
    if user is None or user.otp != data.otp:
        raise HTTPException(400)
    return {}
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Exposure, Hit, Place, Rule, Severity
from counterseal.audit.rules._shared.abuse_entropy import bits
from counterseal.audit.rules._shared.abuse_growth import own_routes
from counterseal.audit.rules._shared.abuse_guesses import code_guesses
from counterseal.audit.rules._shared.abuse_limits import bounded
from counterseal.audit.surface.flow import Access, Call, Store
from counterseal.audit.surface.model import Route, Surface
from counterseal.policy import Policy

_CODE = re.compile(
    r"(^|_)(otp|totp|pin|pass_?code|one_?time(_\w+)?|(reset|verification|verify|confirm(ation)?|activation|login|auth|sms|email|mfa)(_\w+)*_?(code|pin|token))($|_)",
    re.IGNORECASE,
)
_ENOUGH = 19.93
"""Six digits: 10**6 values. Fewer can be guessed even slowly."""


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    limited = _limited_columns(surface, policy)
    seen: set[Place] = set()
    for route in own_routes(surface):
        for call in route.flow.calls("random-weak", "random-strong"):
            column = _kept_as(route, call)
            size = bits(route.flow, call) if column else None
            if call.place in seen or size is None or size >= _ENOUGH or column in limited:
                continue
            seen.add(call.place)
            yield _hit(route, call, column, size)


def _limited_columns(surface: Surface, policy: Policy) -> set[str]:
    """Columns of codes of which every check is limited."""
    found: dict[str, bool] = {}
    for route in own_routes(surface):
        for guess in code_guesses(route.flow):
            found[guess.what] = found.get(guess.what, True) and bounded(route, policy)
    return {column for column, safe in found.items() if safe}


def _kept_as(route: Route, call: Call) -> str:
    """The name under which the code is kept for a later check; empty when it is something else."""
    made = frozenset(label for label in call.result.may if label.startswith("random:"))
    for event in route.flow.among(Store, Access):
        if event.seq < call.seq:
            continue
        if isinstance(event, Store) and not made.isdisjoint(event.value.may) and _CODE.search(event.name):
            return event.name
        if isinstance(event, Access) and event.verb in ("create", "update"):
            for name, value in event.values:
                if not made.isdisjoint(value.may) and _CODE.search(name):
                    return name
    return ""


def _hit(route: Route, call: Call, column: str, size: float) -> Hit:
    function = call.function.rpartition(".")[2]
    values = f"{round(2**size):,}".replace(",", " ")
    return Hit(
        place=call.place,
        message=f"{column} has only {values} values ({size:.0f} bits), and attempts are not counted",
        attack=f"An attacker asks for a code with {route.name} in the name of the victim and tries all {values} of them.",
        fix=f"make it secrets.token_urlsafe(32) in {function}; if people must type it, eight digits, five attempts "
        "and ten minutes",
        subject=f"{function} {column}",
        route=route.name,
        exposure=Exposure.ANYONE,
    )


RULE = Rule(
    id="weak-reset-code",
    title="guessable one-time code",
    cwe=(331, 330),
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=_check,
    owasp=("A07:2025", "API2:2023"),
    asvs=("v5.0.0-6.5.4", "v5.0.0-6.6.3"),
)
