"""Whatever a caller can gain by repeating a request can be repeated without end.

Reported, once for each route, are sign-ins and every other check of a password, checks of one-time codes and
vouchers, requests for a reset code, sign-ups, and routes that send mail or text messages, ask a language model, or
fetch an address that the caller chooses, when neither a rate limiter nor a counter of the program's own stands before
them. What the policy's route rules give a `limit` is reported as well. A reset that takes a long random or signed
token needs no limit: it cannot be guessed.

## Why it matters

A password of ordinary quality falls to some thousand guesses, a code of six digits to a million; a program that
answers as fast as it can allows both within minutes. Sign-ups, messages and paid interfaces are abused with the same
ease: thousands of accounts, a mailbox flooded in your name, a bill.

## Remedy

Count attempts per account *and* per address, and refuse with 429 beyond a few in a minute: `slowapi` for FastAPI,
`Flask-Limiter` for Flask, with a shared store (Redis) when there is more than one process. For one-time codes, count
wrong attempts in the record of the code and make it void after five.

## Examples

```python bad framework=fastapi
from fastapi import Depends, FastAPI, HTTPException
from passlib.hash import argon2
from pydantic import BaseModel
from sqlalchemy import Column, Integer, String, select
from sqlalchemy.orm import Session, declarative_base
import jwt, os

app = FastAPI()
Base = declarative_base()


class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    email = Column(String(200), unique=True)
    password_hash = Column(String(200))


class Credentials(BaseModel):
    email: str
    password: str


def session() -> Session:
    return Session()


@app.post("/login")  # finding
def login(data: Credentials, db: Session = Depends(session)) -> dict:
    user = db.scalar(select(User).where(User.email == data.email))
    if user is None or not argon2.verify(data.password, user.password_hash):
        raise HTTPException(401, "wrong e-mail or password")
    return {"token": jwt.encode({"sub": str(user.id)}, os.environ["KEY"], algorithm="HS256")}
```

```python good framework=fastapi
from fastapi import Depends, FastAPI, HTTPException, Request
from passlib.hash import argon2
from pydantic import BaseModel
from slowapi import Limiter
from slowapi.util import get_remote_address
from sqlalchemy import Column, Integer, String, select
from sqlalchemy.orm import Session, declarative_base
import jwt, os

app = FastAPI()
limiter = Limiter(key_func=get_remote_address)
app.state.limiter = limiter
Base = declarative_base()


class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    email = Column(String(200), unique=True)
    password_hash = Column(String(200))


class Credentials(BaseModel):
    email: str
    password: str


def session() -> Session:
    return Session()


@app.post("/login")
@limiter.limit("5/minute")
def login(request: Request, data: Credentials, db: Session = Depends(session)) -> dict:
    user = db.scalar(select(User).where(User.email == data.email))
    if user is None or not argon2.verify(data.password, user.password_hash):
        raise HTTPException(401, "wrong e-mail or password")
    return {"token": jwt.encode({"sub": str(user.id)}, os.environ["KEY"], algorithm="HS256")}
```

```python bad framework=flask
from flask import Flask, abort, request, session
from flask_sqlalchemy import SQLAlchemy
from werkzeug.security import check_password_hash, generate_password_hash

app = Flask(__name__)
db = SQLAlchemy(app)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(200), unique=True)
    password_hash = db.Column(db.String(200))


class Coupon(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    code = db.Column(db.String(20), unique=True)
    percent = db.Column(db.Integer)


@app.post("/register")  # finding
def register():
    user = User(email=request.json["email"], password_hash=generate_password_hash(request.json["password"]))
    db.session.add(user)
    db.session.commit()
    return "", 201


@app.post("/change-password")  # finding
def change_password():
    user = db.session.get(User, session["user_id"])
    if user is None:
        abort(401)
    if not check_password_hash(user.password_hash, request.json["current"]):
        abort(400, "wrong password")
    user.password_hash = generate_password_hash(request.json["new"])
    db.session.commit()
    return "", 204


@app.get("/coupons/<code>")  # finding
def check_coupon(code: str):
    coupon = Coupon.query.filter_by(code=code).first()
    if coupon is None:
        abort(404)
    return {"percent": coupon.percent}
```

```python good framework=flask
from datetime import datetime, timedelta

from flask import Flask, abort, request, session
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_sqlalchemy import SQLAlchemy
from werkzeug.security import check_password_hash, generate_password_hash

app = Flask(__name__)
db = SQLAlchemy(app)
limiter = Limiter(get_remote_address, app=app)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(200), unique=True)
    password_hash = db.Column(db.String(200))
    failed_attempts = db.Column(db.Integer, default=0)
    reset_token = db.Column(db.String(64))


class Country(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    code = db.Column(db.String(2), unique=True)


@app.post("/register")
@limiter.limit("5/hour")
def register():
    user = User(email=request.json["email"], password_hash=generate_password_hash(request.json["password"]))
    db.session.add(user)
    db.session.commit()
    return "", 201


@app.post("/login")
def login():
    user = User.query.filter_by(email=request.json["email"]).first()
    if user is None:
        abort(401)
    if user.failed_attempts >= 5:
        abort(403, "ask for a new password")
    if not check_password_hash(user.password_hash, request.json["password"]):
        user.failed_attempts = user.failed_attempts + 1
        db.session.commit()
        abort(401)
    session["user_id"] = user.id
    return "", 204


@app.post("/reset-password")
def reset_password():
    # A token of 32 random bytes cannot be guessed.
    user = User.query.filter_by(reset_token=request.json["token"]).first()
    if user is None:
        abort(400)
    user.password_hash = generate_password_hash(request.json["password"])
    db.session.commit()
    return "", 204


@app.get("/countries/<code>")
def country(code: str):
    return {"id": Country.query.filter_by(code=code).first_or_404().id}
```

```toml
[[routes]]
match = "GET /export"
limit = "2/hour"
```

```python bad framework=fastapi
from fastapi import FastAPI

app = FastAPI()


@app.get("/export")  # finding
def export() -> dict:
    return {"rows": []}
```

```toml
[[routes]]
match = "POST /contact"
not_required = { limited = "The gateway limits it" }
```

```python good framework=flask
from flask import Flask, request
from flask_mail import Mail, Message

app = Flask(__name__)
mail = Mail(app)


@app.post("/contact")
def contact():
    mail.send(Message("Question", recipients=["us@shop.example"], body=request.json["text"]))
    return "", 204
```
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from counterseal.audit.findings import Confidence, Hit, Place, Related, Rule, Severity
from counterseal.audit.rules._shared.abuse_gains import Gain, demanded, worst_gain
from counterseal.audit.rules._shared.abuse_growth import own_routes
from counterseal.audit.rules._shared.abuse_limits import bounded
from counterseal.audit.rules._shared.abuse_requests import stored_addresses
from counterseal.audit.surface.model import Route, Surface
from counterseal.policy import Policy


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    guards: set[Place] = set()
    addresses = stored_addresses(surface)
    for route in own_routes(surface):
        if bounded(route, policy):
            continue
        gain = worst_gain(route, addresses) or demanded(route, policy)
        if gain is None:
            continue
        if not gain.every_request or gain.place is None:
            yield _hit(route, gain)
        elif gain.place not in guards:
            guards.add(gain.place)
            yield replace(_hit(route, gain), place=gain.place, route=None, subject="guard", related=())


def _hit(route: Route, gain: Gain) -> Hit:
    elsewhere = gain.place is not None and gain.place != route.place
    return Hit(
        place=route.place,
        message=f"{route.name} {gain.what}: nothing limits it",
        attack=gain.attack,
        fix=_fix(route, gain.limit),
        subject=route.name,
        route=route.name,
        severity=gain.severity,
        cwe=gain.cwe,
        related=(Related(gain.place, "this is what can be repeated"),) if elsewhere and gain.place is not None else (),
    )


def _fix(route: Route, limit: str) -> str:
    name = route.handler.rpartition(".")[2]
    if route.framework == "flask":
        library, parameter = "Flask-Limiter", ""
    else:
        library, parameter = "slowapi", f", give {name} a parameter request: Request,"
    where = f"directly above def {name}, below the route decorator{parameter}"
    return f'put @limiter.limit("{limit}") of {library} {where} and count failures for each account too'


RULE = Rule(
    id="missing-rate-limit",
    title="missing rate limit",
    cwe=(307, 770, 799),
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=_check,
    owasp=("API2:2023", "API4:2023", "A07:2025"),
    asvs=("v5.0.0-6.3.1", "v5.0.0-2.4.1", "v5.0.0-6.6.3"),
)
