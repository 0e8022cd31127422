"""A signed-in user reaches records of others by naming their id.

Reported is a route that loads, changes or deletes a record by a key from the request, where the record belongs to somebody and
the caller's identity takes no part: not in the query, and not in a check before the record is used. Routes whose caller has a
checked role, content that is public, look-ups of other people that show nothing private, and what happens before there is an
identity are left alone. A policy says which model belongs to whom when names do not tell.

## Why it matters

This is the most common flaw of web interfaces (OWASP API1:2023). The attacker signs up, looks at the id of an own record, and
counts up or down: every invoice, message or card of every customer follows. Random ids only slow this down: they leak.

## Remedy

Let the caller take part in the query, so that records of others do not exist for them:
`select(Invoice).where(Invoice.id == invoice_id, Invoice.user_id == user.id)`, and answer 404 when nothing is found.

## Examples

```python bad framework=fastapi
import os

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()
scheme = OAuth2PasswordBearer(tokenUrl="/token")


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]


class Invoice(Base):
    __tablename__ = "invoices"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    amount: Mapped[int]
    note: Mapped[str]


class Line(Base):
    __tablename__ = "lines"
    id: Mapped[int] = mapped_column(primary_key=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoices.id"))
    text: Mapped[str]


def get_db() -> Session: ...


def current_user(token: str = Depends(scheme), db: Session = Depends(get_db)) -> User:
    claims = jwt.decode(token, os.environ["JWT_KEY"], algorithms=["HS256"])
    user = db.get(User, claims["sub"])
    if user is None:
        raise HTTPException(401)
    return user


@app.get("/invoices/{invoice_id}")  # finding
def show(invoice_id: int, user: User = Depends(current_user), db: Session = Depends(get_db)):
    invoice = db.get(Invoice, invoice_id)
    if invoice is None:
        raise HTTPException(404)
    return invoice


@app.delete("/lines/{line_id}", dependencies=[Depends(current_user)])  # finding
def remove(line_id: int, db: Session = Depends(get_db)):
    db.delete(db.get(Line, line_id))
    db.commit()
```

```python good framework=fastapi
import os

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer
from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()
scheme = OAuth2PasswordBearer(tokenUrl="/token")


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str]
    is_admin: Mapped[bool]


class Invoice(Base):
    __tablename__ = "invoices"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    amount: Mapped[int]
    note: Mapped[str]


class Post(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    title: Mapped[str]


def get_db() -> Session: ...


def current_user(token: str = Depends(scheme), db: Session = Depends(get_db)) -> User:
    claims = jwt.decode(token, os.environ["JWT_KEY"], algorithms=["HS256"])
    user = db.get(User, claims["sub"])
    if user is None:
        raise HTTPException(401)
    return user


def own_invoice(invoice_id: int, user: User = Depends(current_user), db: Session = Depends(get_db)) -> Invoice:
    invoice = db.get(Invoice, invoice_id)
    if invoice is None or (invoice.user_id != user.id and not user.is_admin):
        raise HTTPException(404)
    return invoice


@app.get("/invoices/{invoice_id}")
def show(invoice: Invoice = Depends(own_invoice)):
    return invoice


@app.patch("/invoices/{invoice_id}")
def annotate(invoice_id: int, note: str, user: User = Depends(current_user), db: Session = Depends(get_db)):
    invoice = db.scalar(select(Invoice).where(Invoice.id == invoice_id, Invoice.user_id == user.id))
    if invoice is None:
        raise HTTPException(404)
    invoice.note = note
    db.commit()


@app.get("/posts/{post_id}")
def read_post(post_id: int, user: User = Depends(current_user), db: Session = Depends(get_db)):
    return db.get(Post, post_id)


@app.get("/people/{user_id}")
def person(user_id: int, user: User = Depends(current_user), db: Session = Depends(get_db)):
    other = db.get(User, user_id)
    if other is None:
        raise HTTPException(404)
    return {"id": other.id, "name": other.name}
```

```python bad framework=flask
from functools import wraps

from flask import Flask, abort, jsonify, request, session
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(200))
    password = db.Column(db.String(200))


def signed_in(view):
    @wraps(view)
    def guarded(*args, **kwargs):
        if not session.get("user_id"):
            abort(401)
        return view(*args, **kwargs)

    return guarded


@app.post("/profile")  # finding
@signed_in
def update_user_profile():
    user = db.session.get(User, request.form["user_id"])
    user.email = request.form["email"]
    db.session.commit()
    return jsonify(saved=True)
```

```python good framework=flask
from functools import wraps

from flask import Flask, abort, jsonify, request, session
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(200))
    password = db.Column(db.String(200))


class Note(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    user_id = db.Column(db.Integer, db.ForeignKey("user.id"))
    text = db.Column(db.Text)


def signed_in(view):
    @wraps(view)
    def guarded(*args, **kwargs):
        if not session.get("user_id"):
            abort(401)
        return view(*args, **kwargs)

    return guarded


def note_or_404(number):
    note = db.session.get(Note, number)
    if note is None:
        abort(404)
    if note.user_id != session["user_id"]:
        abort(404)
    return note


@app.post("/profile")
@signed_in
def update_user_profile():
    user = db.session.get(User, session["user_id"])
    user.email = request.form["email"]
    db.session.commit()
    return jsonify(saved=True)


@app.get("/notes/<int:number>")
@signed_in
def show(number):
    return jsonify(text=note_or_404(number).text)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Exposure, Hit, Related, Rule, Severity
from counterseal.audit.rules._shared.access_ownership import Foreign, foreign_records
from counterseal.audit.rules._shared.access_roles import role_reason
from counterseal.audit.rules._shared.access_routes import authenticated, claimed, excused, handler_name, judged, role_unjudged
from counterseal.audit.surface.model import Route, Surface
from counterseal.audit.surface.vocabulary import snake
from counterseal.guarantees import Guarantee
from counterseal.policy import Policy

_MOST_SHOWN = 4


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    for route in judged(surface):
        # Without any authentication, missing ownership follows from it: one finding, the root cause.
        if not claimed(route) or excused(route, policy, Guarantee.OWNED) or role_unjudged(route):
            continue
        records = list(foreign_records(route, surface, policy))
        if records and role_reason(route, surface, policy) is None:
            yield _hit(route, records)


def _hit(route: Route, records: list[Foreign]) -> Hit:
    worst = min(records, key=lambda each: ("deletes", "changes", "shows", "uses").index(each.use))
    noun = _noun(worst)
    detail = f" ({', '.join(worst.what[:3])})" if worst.what else ""
    verb = {"deletes": "deletes", "changes": "changes", "shows": "reads", "uses": "makes use of"}[worst.use]
    return Hit(
        place=route.place,
        message=f"{route.name} {worst.use} the {noun} that {worst.keys} names, whoever it belongs to{detail}",
        attack=f"A signed-in user sends {route.name} with another's {worst.keys} and {verb} the {noun}{detail} of that person.",
        fix=_fix(route, worst, noun),
        subject=route.name,
        route=route.name,
        confidence=Confidence.HIGH if authenticated(route) else Confidence.MEDIUM,
        exposure=Exposure.USER if authenticated(route) else None,
        related=tuple(
            Related(each.access.place, f"the {_noun(each)} is selected by {each.keys} only") for each in records[:_MOST_SHOWN]
        ),
    )


def _noun(found: Foreign) -> str:
    name = snake(found.model.name).replace("_", " ")
    return "account" if found.model.is_principal else name


def _fix(route: Route, found: Foreign, noun: str) -> str:
    where = f"{found.access.place.file}:{found.access.place.line}"
    if found.model.is_principal:
        return (
            f"In {handler_name(route)}, work on the caller's own account instead of the one that {found.keys} names"
            f" ({where}), or refuse with 404 unless they are the same."
        )
    column = found.owner.rpartition(" -> ")[2]
    path = f"{found.owner} is" if "->" in found.owner else f"{column} equals"
    return (
        f"In {handler_name(route)}, narrow the query at {where} by the caller ({path} the caller's id, beside {found.keys}),"
        f" and answer 404 when no {noun} is found."
    )


RULE = Rule(
    id="missing-ownership",
    title="missing ownership check",
    cwe=(639, 566, 863),
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=_check,
    owasp=("A01:2025", "API1:2023"),
    asvs=("v5.0.0-8.2.2",),
)
