"""A token or session stays valid although it should have ended.

Reported are password changes and resets after which tokens and sessions that were issued before go on working, a
sign-out that only makes the client forget its token, tokens that live longer than an hour when nothing on the server
can end them, and bans, deletions and role changes that the identity check cannot notice because it never loads the
account.

It is decided by what the identity check consults: a version number in the account, a table of sessions or revoked
tokens, a cache. Where the route changes what the check consults, nothing is reported.

## Why it matters

People change their password because somebody else has it, or has their token. If the thief's token outlives the
change, the change achieves nothing, and the owner believes to be safe. The same holds for an employee who was locked
out.

## Remedy

Keep a number such as `token_version` in the account, put it into each token, compare it in the identity check, and
raise it when the password changes, on sign-out everywhere, on a ban or a change of role. Or keep sessions on the
server and delete them. Keep access tokens short (15 minutes) and store refresh tokens, so that they can be revoked.

## Examples

```python bad framework=fastapi
import datetime, os

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer
from passlib.hash import argon2
from pydantic import BaseModel
from sqlalchemy import Column, Integer, String, select
from sqlalchemy.orm import Session, declarative_base

app = FastAPI()
Base = declarative_base()
scheme = OAuth2PasswordBearer("login")


class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    email = Column(String(200))
    password_hash = Column(String(200))


class Credentials(BaseModel):
    email: str
    password: str


class Change(BaseModel):
    current: str
    new: str


def session() -> Session:
    return Session()


def current_user(token: str = Depends(scheme), db: Session = Depends(session)) -> User:
    claims = jwt.decode(token, os.environ["KEY"], algorithms=["HS256"])
    user = db.get(User, int(claims["sub"]))
    if user is None:
        raise HTTPException(401)
    return user


@app.post("/login")
def login(data: Credentials, db: Session = Depends(session)) -> dict:
    user = db.scalar(select(User).where(User.email == data.email))
    if user is None or not argon2.verify(data.password, user.password_hash):
        raise HTTPException(401)
    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=7)
    return {"token": jwt.encode({"sub": str(user.id), "exp": end}, os.environ["KEY"], algorithm="HS256")}  # finding


@app.post("/change-password")  # finding
def change_password(data: Change, user: User = Depends(current_user), db: Session = Depends(session)) -> dict:
    if not argon2.verify(data.current, user.password_hash):
        raise HTTPException(400)
    user.password_hash = argon2.hash(data.new)
    db.commit()
    return {"ok": True}
```

```python good framework=fastapi
import datetime, os

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer
from passlib.hash import argon2
from pydantic import BaseModel
from sqlalchemy import Column, Integer, String, select
from sqlalchemy.orm import Session, declarative_base

app = FastAPI()
Base = declarative_base()
scheme = OAuth2PasswordBearer("login")


class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    email = Column(String(200))
    password_hash = Column(String(200))
    token_version = Column(Integer, default=0)


class Credentials(BaseModel):
    email: str
    password: str


class Change(BaseModel):
    current: str
    new: str


def session() -> Session:
    return Session()


def current_user(token: str = Depends(scheme), db: Session = Depends(session)) -> User:
    claims = jwt.decode(token, os.environ["KEY"], algorithms=["HS256"])
    user = db.get(User, int(claims["sub"]))
    if user is None or claims["version"] != user.token_version:
        raise HTTPException(401)
    return user


@app.post("/login")
def login(data: Credentials, db: Session = Depends(session)) -> dict:
    user = db.scalar(select(User).where(User.email == data.email))
    if user is None or not argon2.verify(data.password, user.password_hash):
        raise HTTPException(401)
    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=7)
    claims = {"sub": str(user.id), "version": user.token_version, "exp": end}
    return {"token": jwt.encode(claims, os.environ["KEY"], algorithm="HS256")}


@app.post("/change-password")
def change_password(data: Change, user: User = Depends(current_user), db: Session = Depends(session)) -> dict:
    if not argon2.verify(data.current, user.password_hash):
        raise HTTPException(400)
    user.password_hash = argon2.hash(data.new)
    user.token_version = user.token_version + 1
    db.commit()
    return {"ok": True}
```

```python bad framework=flask
from functools import wraps

from flask import Flask, abort, g, request, session
from flask_sqlalchemy import SQLAlchemy
from werkzeug.security import check_password_hash, generate_password_hash

app = Flask(__name__)
db = SQLAlchemy(app)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(200), unique=True)
    password_hash = db.Column(db.String(200))


def login_required(view):
    @wraps(view)
    def guarded(*args, **kwargs):
        g.user = db.session.get(User, session.get("user_id"))
        if g.user is None:
            abort(401)
        return view(*args, **kwargs)

    return guarded


@app.post("/login")
def login():
    user = User.query.filter_by(email=request.json["email"]).first()
    if user is None or not check_password_hash(user.password_hash, request.json["password"]):
        abort(401)
    session["user_id"] = user.id
    return "", 204


@app.post("/password")  # finding
@login_required
def change_password():
    g.user.password_hash = generate_password_hash(request.json["password"])
    db.session.commit()
    return "", 204


@app.post("/logout")  # finding
def logout():
    session.clear()
    return "", 204
```

```python good framework=flask
from flask import Flask, abort, request
from flask_sqlalchemy import SQLAlchemy
from werkzeug.security import generate_password_hash

app = Flask(__name__)
db = SQLAlchemy(app)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(200), unique=True)
    password_hash = db.Column(db.String(200))


class Login(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    token = db.Column(db.String(64), unique=True)
    user_id = db.Column(db.Integer)


def caller() -> User:
    found = Login.query.filter_by(token=request.headers.get("Authorization")).first()
    if found is None:
        abort(401)
    return db.session.get(User, found.user_id)


@app.post("/password")
def change_password():
    user = caller()
    user.password_hash = generate_password_hash(request.json["password"])
    Login.query.filter_by(user_id=user.id).delete()
    db.session.commit()
    return "", 204


@app.post("/logout")
def logout():
    Login.query.filter_by(token=request.headers.get("Authorization")).delete()
    db.session.commit()
    return "", 204
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Hit, Related, Rule, Severity
from counterseal.audit.result import RouteKind
from counterseal.audit.rules._shared.abuse_accounts import account_changes, password_changes
from counterseal.audit.rules._shared.abuse_sessions import SHORT_MINUTES, Recognition, issued, recognition
from counterseal.audit.surface.flow import Event, Store
from counterseal.audit.surface.model import Route, Surface
from counterseal.policy import Policy

_SIGN_OUT = re.compile(r"(log|sign)[-_]?(out|off)", re.IGNORECASE)


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    how = recognition(surface)
    if not (how.tokens or how.cookies) or _forgeable(surface):
        return
    lives = [(route, call, minutes) for route, call, minutes in issued(surface)]
    short = how.tokens and not how.cookies and bool(lives) and all(m is not None and m <= SHORT_MINUTES for _, _, m in lives)
    if short:
        return
    routes = [r for r in surface.routes if r.kind is RouteKind.HTTP and r.method not in ("HEAD", "OPTIONS")]
    yield from _password_changes(routes, how)
    sign_outs = [r for r in routes if _SIGN_OUT.search(f"{r.path} {r.handler.rpartition('.')[2]}")]
    yield from _sign_outs(sign_outs, how)
    if how.tokens and not how.revocable and not sign_outs and lives:
        yield _issue(*lives[0])
    if not how.accounts and not how.revocable:
        yield from _unnoticed(routes, surface)


def _forgeable(surface: Surface) -> bool:
    """Whether most identity checks accept forged claims: then there is nothing worth revoking, and another rule says so."""
    known = [r.flow.facts() & {"auth", "claimed"} for r in surface.routes]
    return sum("claimed" in facts for facts in known) > sum(facts == {"auth"} for facts in known)


def _password_changes(routes: list[Route], how: Recognition) -> Iterator[Hit]:
    for wanted_known in (True, False):
        found = [(r, e) for r in routes for e in list(password_changes(r))[:1] if ("auth" in e.facts) == wanted_known]
        found = [(r, e) for r, e in found if not how.ended(r.flow) and "sign_in" not in r.kinds]
        if found:
            yield _change(found, wanted_known, how)


def _change(found: list[tuple[Route, Event]], known: bool, how: Recognition) -> Hit:
    route, event = found[0]
    others = f" (so do {len(found) - 1} more routes)" if len(found) > 1 else ""
    what = "changes the password" if known else "resets the password"
    kept = "tokens" if how.tokens else "sessions"
    return Hit(
        place=route.place,
        message=f"{route.name} {what} and leaves {kept} that were issued before valid{others}",
        attack="Whoever stole a token or session keeps using the account after its owner "
        f"{'changed' if known else 'reset'} the password.",
        fix=_fix(route, how),
        subject=f"{route.name} password",
        route=route.name,
        related=(
            Related(event.place, "the password changes here, and nothing that the identity check consults"),
            *(Related(r.place, "the same here") for r, _ in found[1:6]),
        ),
    )


def _fix(route: Route, how: Recognition) -> str:
    name = route.handler.rpartition(".")[2]
    if how.versions:
        return f"raise {min(how.versions)} of the account in {name}: the identity check compares it already"
    if how.stores:
        return f"delete the account's rows of {min(how.stores)} in {name}"
    carrier = "token" if how.tokens else "session"
    return (
        f"give the account a token_version, put it into the {carrier}, compare it in the identity check, and raise it in {name}"
    )


def _sign_outs(routes: list[Route], how: Recognition) -> Iterator[Hit]:
    lacking = [r for r in routes if not how.ended(r.flow) and not _writes(r)]
    if len(lacking) < len(routes) or not lacking:
        return
    route = next((r for r in lacking if r.method != "GET"), lacking[0])
    kept = "token" if how.tokens else "session cookie"
    yield Hit(
        place=route.place,
        message=f"{route.name} only makes the client forget its {kept}: it stays valid on the server",
        attack=f"Whoever copied the {kept} goes on as the user after the user has signed out.",
        fix=_fix(route, how),
        subject=f"{route.name} sign-out",
        route=route.name,
        severity=Severity.LOW,
    )


def _writes(route: Route) -> bool:
    return any(True for _ in route.flow.accesses("create", "update", "delete")) or any(
        any(x.startswith("obj:") for x in e.target.may) for e in route.flow.of(Store)
    )


def _issue(route: Route, call: Event, minutes: float | None) -> Hit:
    life = "without an end that the code shows" if minutes is None else f"for {_span(minutes)}"
    return Hit(
        place=call.place,
        message=f"tokens are valid {life}, and nothing on the server can end one before",
        attack="Whoever gets hold of a token, from a log, a shared computer or a stolen phone, uses the account "
        "until the token ends.",
        fix="shorten access tokens to 15 minutes with a stored refresh token, or compare a token_version of the "
        "account; add a sign-out that raises it",
        subject="token issue",
        severity=Severity.LOW,
    )


def _span(minutes: float) -> str:
    if minutes >= 2880:
        return f"{minutes / 1440:.0f} days"
    return f"{minutes / 60:.0f} hours" if minutes >= 120 else f"{minutes:.0f} minutes"


def _unnoticed(routes: list[Route], surface: Surface) -> Iterator[Hit]:
    """Changes to an account that an identity check which never loads the account cannot notice."""
    found = [(r, e, what) for r in routes for e, what in account_changes(r, surface) if "auth" in e.facts]
    if found:
        route, event, what = found[0]
        yield Hit(
            place=route.place,
            message=f"{route.name} {what}, and the identity check never loads the account: tokens from before keep their rights",
            attack="A user who was banned, deleted or demoted goes on with the token they hold, with all rights it names.",
            fix="load the account in the identity check, refuse it when it is gone or inactive, and read roles "
            "from it rather than from the token",
            subject=f"{route.name} account",
            route=route.name,
            related=(Related(event.place, "the account changes here"), *(Related(r.place, w) for r, _, w in found[1:5])),
        )


RULE = Rule(
    id="token-outlives-change",
    title="token that outlives a change",
    cwe=(613,),
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    since="0.1.0",
    check=_check,
    owasp=("A07:2025", "API2:2023"),
    asvs=("v5.0.0-7.4.1", "v5.0.0-7.4.2", "v5.0.0-7.4.3"),
)
