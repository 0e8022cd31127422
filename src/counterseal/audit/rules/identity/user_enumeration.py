"""The answer, or the time it takes, tells whether somebody has an account.

Reported, once for each route that callers reach without signing in: a sign-in or reset that answers an unknown
identifier in another way than a known one; a sign-up that says that the address is taken; a sign-in that computes the
slow password hash for known accounts only; a reset that computes a hash or sends the mail, before it answers, for
known accounts only.

## Why it matters

A list of who has an account is where password guessing, phishing and blackmail start. For some services (health,
dating, politics) the membership alone is a secret.

## Remedy

Answer in the same words and with the same status whether the account exists or not. In a sign-in, verify the password
against a fixed dummy hash when there is no account. Send mail in the background. In a sign-up, answer "we have sent
you a message" in both cases and say in the message that the account exists already.

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
    if user is None:
        raise HTTPException(404, "no such user")
    if not argon2.verify(data.password, user.password_hash):
        raise HTTPException(401, "wrong password")
    return {"token": jwt.encode({"sub": str(user.id)}, os.environ["KEY"], algorithm="HS256")}


@app.post("/token")  # finding
def token(data: Credentials, db: Session = Depends(session)) -> dict:
    user = db.scalar(select(User).where(User.email == data.email))
    if user is None or not argon2.verify(data.password, user.password_hash):
        raise HTTPException(401, "wrong e-mail or password")
    return {"token": jwt.encode({"sub": str(user.id)}, os.environ["KEY"], algorithm="HS256")}


@app.post("/signup")  # finding
def signup(data: Credentials, db: Session = Depends(session)) -> dict:
    if db.scalar(select(User).where(User.email == data.email)):
        raise HTTPException(409, "e-mail already registered")
    db.add(User(email=data.email, password_hash=argon2.hash(data.password)))
    db.commit()
    return {"ok": True}
```

```python good framework=fastapi
from fastapi import Depends, FastAPI, HTTPException
from passlib.hash import argon2
from pydantic import BaseModel
from sqlalchemy import Column, Integer, String, select
from sqlalchemy.orm import Session, declarative_base
import jwt, os

app = FastAPI()
Base = declarative_base()
DUMMY = argon2.hash("not a password")


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
def login(data: Credentials, db: Session = Depends(session)) -> dict:
    user = db.scalar(select(User).where(User.email == data.email))
    good = argon2.verify(data.password, user.password_hash if user else DUMMY)
    if user is None or not good:
        raise HTTPException(401, "wrong e-mail or password")
    return {"token": jwt.encode({"sub": str(user.id)}, os.environ["KEY"], algorithm="HS256")}


@app.get("/people/{user_id}")
def person(user_id: int, db: Session = Depends(session)) -> dict:
    if db.get(User, user_id) is None:
        raise HTTPException(404, "no such person")
    return {"id": user_id}
```

```python bad framework=flask
from flask import Flask, abort, jsonify, request
from flask_mail import Mail, Message
from flask_sqlalchemy import SQLAlchemy
import secrets

app = Flask(__name__)
db = SQLAlchemy(app)
mail = Mail(app)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(200), unique=True)
    reset_token = db.Column(db.String(64))


@app.post("/forgot-password")  # finding
def forgot_password():
    user = User.query.filter_by(email=request.json["email"]).first()
    if user is None:
        return jsonify(error="unknown e-mail"), 404
    user.reset_token = secrets.token_urlsafe(32)
    db.session.commit()
    return jsonify(message="sent")


@app.post("/password/forgot")  # finding
def forgot():
    user = User.query.filter_by(email=request.json["email"]).first()
    if user:
        user.reset_token = secrets.token_urlsafe(32)
        db.session.commit()
        mail.send(Message("Reset", recipients=[user.email], body=user.reset_token))
    return jsonify(message="If there is an account, a message is on its way")
```

```python good framework=flask
from flask import Flask, jsonify, request
from flask_sqlalchemy import SQLAlchemy
import secrets

app = Flask(__name__)
db = SQLAlchemy(app)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(200), unique=True)


class Outbox(db.Model):
    user_id = db.Column(db.Integer, primary_key=True)
    token = db.Column(db.String(64))


@app.post("/forgot-password")
def forgot_password():
    user = User.query.filter_by(email=request.json["email"]).first()
    if user is not None:
        db.session.add(Outbox(user_id=user.id, token=secrets.token_urlsafe(32)))
        db.session.commit()
    return jsonify(message="If there is an account, a message is on its way")
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from counterseal.audit.findings import Confidence, Hit, Place, Related, Rule, Severity
from counterseal.audit.result import RouteKind
from counterseal.audit.rules._shared.abuse_answers import Answer, answers, dependent, exists
from counterseal.audit.rules._shared.abuse_guesses import password_guesses
from counterseal.audit.rules._shared.abuse_limits import without_body
from counterseal.audit.surface.flow import Access, Call, Store
from counterseal.audit.surface.model import Route, Surface
from counterseal.audit.surface.ownership import is_principal
from counterseal.audit.surface.vocabulary import PASSWORD_LIKE, TOKEN_NAME
from counterseal.policy import Policy

_IDENTIFIER = re.compile(
    r"^(e_?mail.*|user_?name|login|phone.*|mobile.*|name|account(_?(name|number))?|identifier|handle|mail)$", re.IGNORECASE
)
_TAKEN = re.compile(r"\b(already|exists?|taken|registered|in use|duplicate|not unique)\b", re.IGNORECASE)
_LOOK_UP = re.compile(r"(check|exists?|availab|resend|look_?up|forgot|recover|verif|confirm|activat|otp|unlock)", re.IGNORECASE)
_LATER = re.compile(r"(^|\.)(delay|apply_async|send_task|enqueue|submit|create_task|Thread|Timer|run_in_executor)$")
_RESPONSE, _TIMING = 204, 208


@dataclass(frozen=True, slots=True)
class _Leak:
    """What tells the two cases apart."""

    what: str
    attack: str
    fix: str
    severity: Severity
    cwe: int
    places: tuple[tuple[Place, str], ...]


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    for route in surface.routes:
        if route.kind is not RouteKind.HTTP or not _asks_for_account(route):
            continue
        leak = next(_leaks(route, surface), None)
        if leak is not None:
            yield Hit(
                place=route.place,
                message=f"{route.name} {leak.what}",
                attack=leak.attack,
                fix=leak.fix,
                subject=route.name,
                route=route.name,
                severity=leak.severity,
                cwe=leak.cwe,
                related=tuple(Related(place, why) for place, why in leak.places),
            )


def _asks_for_account(route: Route) -> bool:
    entry = route.kinds & {"sign_up", "reset"}
    return bool(entry) or _signs_in(route) or bool(_LOOK_UP.search(f"{route.path} {route.handler.rpartition('.')[2]}"))


def _signs_in(route: Route) -> bool:
    """Whether an unknown caller's password is checked, whatever they get for it."""
    return "sign_in" in route.kinds or any(
        not guess.known_caller and "cred" not in guess.sent.may for guess in password_guesses(route.flow)
    )


def _leaks(route: Route, surface: Surface) -> Iterator[_Leak]:
    lookups = list(_lookups(route, surface))
    for access in lookups:
        leak = _by_answer(route, access)
        if leak is not None:
            yield leak
    if "sign_up" in route.kinds:
        yield from _taken(route)
        return
    for access in lookups:
        leak = _by_time(route, access)
        if leak is not None:
            yield leak


def _lookups(route: Route, surface: Surface) -> Iterator[Access]:
    """Where an account is looked up by what an unknown caller sends, and by nothing that only its owner knows."""
    for access in route.flow.accesses("get", "list", "count"):
        if not access.models or not access.facts.isdisjoint(("auth", "claimed", "role", "password")):
            continue
        if not is_principal(surface.models.get(access.models[0]), access.models[0]):
            continue
        sent = [
            c
            for c in access.conditions
            if c.op in ("==", "ilike", "like", "in") and c.value.inputs() and c.value.may.isdisjoint(("who", "signed"))
        ]
        if any(PASSWORD_LIKE.search(c.column) or TOKEN_NAME.search(c.column) for c in sent):
            continue
        if any(_IDENTIFIER.match(c.column) for c in sent) and not without_body(route, [c.value for c in sent]):
            yield access


def _by_answer(route: Route, access: Access) -> _Leak | None:
    unknown, known = dependent(route.flow, access)
    everything = [a for a in (*unknown, *known) if "password" not in a.event.facts]
    if _signs_in(route) or "one_time_code" in route.kinds:
        everything = [a for a in everything if a.refuses]
    elif "sign_up" not in route.kinds:
        everything += [a for a in _last_answers(route) if a not in everything]
    elif not any(a.refuses for a in unknown + known):
        return None
    else:
        everything = [a for a in everything if a.refuses] + _last_answers(route)
    seen: dict[str, Answer] = {}
    for answer in sorted(everything, key=lambda a: a.event.seq):
        seen.setdefault(answer.shape, answer)
    if len(seen) < 2 or (not unknown and not known):
        return None
    return _told_apart(route, list(seen.values()))


def _last_answers(route: Route) -> list[Answer]:
    return [a for a in answers(route.flow) if not a.refuses][-1:]


def _told_apart(route: Route, different: list[Answer]) -> _Leak:
    quoted = [f'"{a.text}"' for a in different if a.text][:3]
    shown = f": {' / '.join(quoted)}" if len(quoted) > 1 else ""
    if "sign_up" in route.kinds:
        return _sign_up_leak(route, different[0])
    return _Leak(
        f"answers known and unknown accounts differently{shown}",
        f"An attacker sends a list of addresses to {route.name} and keeps those that have an account.",
        "give the same status and the same words in both cases, for example "
        + ('"Wrong e-mail or password"' if _signs_in(route) else '"If there is an account, we have sent a message"'),
        Severity.MEDIUM,
        _RESPONSE,
        tuple((a.event.place, "one answer" if i == 0 else "another answer") for i, a in enumerate(different[:3])),
    )


def _sign_up_leak(route: Route, answer: Answer) -> _Leak:
    said = f' ("{answer.text}")' if answer.text else ""
    return _Leak(
        f"says that an account exists already{said}",
        f"An attacker sends a list of addresses to {route.name} and learns which of them have an account.",
        "answer as for a new account, and tell the owner of the address by mail that the account exists already; "
        "at least limit the route",
        Severity.LOW,
        _RESPONSE,
        ((answer.event.place, "this answer is given for existing accounts only"),),
    )


def _taken(route: Route) -> Iterator[_Leak]:
    """A refusal, often of a database constraint, in whose words the account exists."""
    for answer in answers(route.flow):
        told = answer.refuses or answer.shape.startswith("flash:")
        conflict = getattr(answer.event, "status", None) == 409  # RFC 9110 §15.5.10
        if told and (conflict or _TAKEN.search(answer.text)) and answer.event.facts.isdisjoint(("auth", "claimed", "role")):
            yield _sign_up_leak(route, answer)
            return


def _by_time(route: Route, access: Access) -> _Leak | None:
    slow = ("password-verify",) if _signs_in(route) else ("password-hash", "mail", "sms")
    if not _signs_in(route) and ("one_time_code" in route.kinds or _stores_password(route)):
        return None
    for call in _work(route, access, slow):
        sends = call.kind in ("mail", "sms")
        what = "sends the message while the caller waits" if sends else "computes the slow password hash"
        return _Leak(
            f"{what} for existing accounts only: the time of the answer tells them apart",
            f"An attacker sends addresses to {route.name}, measures how long each answer takes, and keeps those "
            "that have an account.",
            "send it in the background"
            if sends
            else "compute it in both cases: verify against a fixed dummy hash when there is no account",
            Severity.LOW,
            _TIMING,
            ((call.place, "this happens for existing accounts only"),),
        )
    return None


def _work(route: Route, access: Access, kinds: tuple[str, ...]) -> Iterator[Call]:
    """Slow calls for existing records only, unless the same is done for others too."""
    calls = [c for c in route.flow.calls(*kinds) if c.seq > access.seq]
    if any(not exists(access, c) and c.kind != "mail" for c in route.flow.calls("password-verify", "password-hash")):
        calls = [c for c in calls if c.kind in ("mail", "sms")]
    later = [c.seq for c in route.flow.calls() if c.kind == "background" or _LATER.search(c.name)]
    for call in calls:
        background = call.kind in ("mail", "sms") and any(seq <= call.seq for seq in later)
        if exists(access, call) and not background:
            yield call


def _stores_password(route: Route) -> bool:
    return any(PASSWORD_LIKE.search(e.name) and "hash:password" in e.value.may for e in route.flow.of(Store))


RULE = Rule(
    id="user-enumeration",
    title="user enumeration",
    cwe=(204, 203, 208),
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    since="0.1.0",
    check=_check,
    owasp=("A07:2025", "API2:2023"),
    asvs=("v5.0.0-6.3.8",),
)
