"""Who the caller is stands in something that the caller writes.

Reported is an identity check that takes an id or a name from a cookie, a header or an unsigned token (base64 of an
id, for example), loads that account, and goes on as that user; and a role that is read from a cookie or header.

## Why it matters

Cookies and headers are text that the caller sends. Whoever writes `user_id=1` is user 1, usually the administrator.

## Remedy

Put the id into something signed or secret: the framework's signed session, a token made and verified by a kept
library (PyJWT, Authlib, itsdangerous), or a random session id that is looked up in a table.

## Examples

```python bad framework=flask
from flask import Flask, abort, request
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(200), unique=True)
    password_hash = db.Column(db.String(200))


def current_user() -> User:
    user = db.session.get(User, request.cookies.get("user_id"))  # finding
    if user is None:
        abort(401)
    return user


@app.get("/me")
def me():
    return {"email": current_user().email}


@app.delete("/me")
def delete_me():
    db.session.delete(current_user())
    db.session.commit()
    return "", 204
```

```python good framework=flask
from flask import Flask, abort, request, session
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(200), unique=True)
    api_key = db.Column(db.String(64))
    password_hash = db.Column(db.String(200))


@app.get("/me")
def me():
    user = db.session.get(User, session.get("user_id"))
    if user is None:
        abort(401)
    return {"email": user.email}


@app.get("/export")
def export():
    user = User.query.filter_by(api_key=request.headers.get("X-Api-Key")).first()
    if user is None:
        abort(401)
    return {"email": user.email}


@app.get("/users/<int:user_id>")
def public_profile(user_id: int):
    return {"id": User.query.get_or_404(user_id).id}
```

```python bad framework=fastapi
from fastapi import Depends, FastAPI, Header, HTTPException
from sqlalchemy import Column, Integer, String
from sqlalchemy.orm import Session, declarative_base

app = FastAPI()
Base = declarative_base()


class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    email = Column(String(200))
    password_hash = Column(String(200))


def session() -> Session:
    return Session()


def current_user(x_user_id: int = Header(), db: Session = Depends(session)) -> User:
    user = db.get(User, x_user_id)  # finding
    if user is None:
        raise HTTPException(401)
    return user


@app.get("/me")
def me(user: User = Depends(current_user)) -> dict:
    return {"email": user.email}
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Exposure, Hit, Place, Related, Rule, Severity
from counterseal.audit.rules._shared.abuse_growth import own_routes
from counterseal.audit.rules._shared.abuse_guesses import password_guesses
from counterseal.audit.surface.flow import Access, Compare, Event
from counterseal.audit.surface.model import Route, Surface
from counterseal.audit.surface.ownership import is_principal
from counterseal.audit.surface.values import Value
from counterseal.audit.surface.vocabulary import IDENTIFIER_COLUMN, ROLE
from counterseal.policy import Policy

_GUARD = re.compile(
    r"(current|authenticat|logged|auth_?user|get_user_from|require_(user|login|auth)|identify|whoami)", re.IGNORECASE
)
_CARRIERS = ("in:cookie", "in:header", "cred")


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    found: dict[Place, list[tuple[Route, str, str]]] = {}
    for route in own_routes(surface):
        checked = any(True for _ in password_guesses(route.flow))
        for event in route.flow.among(Access, Compare):
            what = _trusted(event, surface, checked)
            if what is not None:
                found.setdefault(event.place, []).append((route, *what))
    for place, uses in found.items():
        yield _hit(place, uses)


def _trusted(event: Event, surface: Surface, checked: bool) -> tuple[str, str] | None:
    """(what is taken from the caller's word, where it stands)"""
    if isinstance(event, Access) and event.verb == "get" and event.models and not checked:
        if is_principal(surface.models.get(event.models[0]), event.models[0]):
            for c in event.conditions:
                carrier = _carrier(c.value, event)
                if c.op == "==" and carrier and IDENTIFIER_COLUMN.match(c.column):
                    return f"the account ({c.column})", carrier
    elif isinstance(event, Compare):
        for said, wanted in ((event.left, event.right), (event.right, event.left)):
            carrier = _carrier(said, event)
            if carrier and wanted.is_const and wanted.const and ROLE.search(said.name or ""):
                return f"the role ({said.name})", carrier
    return None


def _carrier(value: Value, event: Event) -> str:
    """Where an unproved identity stands; empty when it is proved, or no identity."""
    if value.may & {"who", "signed", "session"} or any(label.startswith(("db:", "hash:")) for label in value.may):
        return ""
    labels = sorted(label for label in value.may if label.startswith(_CARRIERS))
    if labels:
        kind, _, name = (labels[-1].removeprefix("in:")).partition(":")
        return f"the {kind} {name}".rstrip() if kind != "cred" else "a token without a signature"
    if any(label.startswith(("in:query", "in:body", "in:form")) for label in value.may) and _GUARD.search(
        event.function.rpartition(".")[2]
    ):
        return f"the parameter {value.name}"
    return ""


def _hit(place: Place, uses: list[tuple[Route, str, str]]) -> Hit:
    route, what, carrier = uses[0]
    others = f" ({len(uses)} routes rely on it)" if len(uses) > 1 else ""
    return Hit(
        place=place,
        message=f"{what} is taken from {carrier}, which the caller writes{others}",
        attack=f"An attacker calls {route.name} with another value in {carrier} and is that user.",
        fix=f"take the identity from the signed session or a verified token instead of {carrier}",
        subject=f"{what} {carrier}",
        route=route.name if len(uses) == 1 else None,
        exposure=Exposure.ANYONE,
        related=tuple(Related(r.place, "relies on it") for r, _, _ in uses[:5]),
    )


RULE = Rule(
    id="forgeable-identity",
    title="identity that anyone can forge",
    cwe=(290, 565, 287, 302),
    severity=Severity.CRITICAL,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=_check,
    owasp=("A07:2025", "API2:2023"),
    asvs=("v5.0.0-7.2.1", "v5.0.0-9.1.1"),
)
