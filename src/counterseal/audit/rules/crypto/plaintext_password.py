"""Passwords are stored, or compared, as they were typed.

Reported where what a request sends as a password is written to the database without a password hash; and, where no such write
is seen, where a stored password is compared with what a request sends.

## Why it matters

Whoever sees the table once (a backup, an injection, a colleague) has every password, and with it the same people's mail and
bank accounts.

## Remedy

Store `argon2.PasswordHasher().hash(password)` and check with `.verify(stored, password)`. Hash the passwords that are there
now, and end all sessions.

## Examples

```python bad framework=flask
from flask import Flask, jsonify, request
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(80))
    password = db.Column(db.String(80))


@app.post("/register")
def register():
    user = User(name=request.json["name"], password=request.json["password"])  # finding
    db.session.add(user)
    db.session.commit()
    return jsonify(id=user.id)
```

```python good framework=flask
from flask import Flask, jsonify, request
from flask_sqlalchemy import SQLAlchemy
from werkzeug.security import generate_password_hash

app = Flask(__name__)
db = SQLAlchemy(app)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(80))
    password = db.Column(db.String(80))


@app.post("/register")
def register():
    user = User(name=request.json["name"], password=generate_password_hash(request.json["password"]))
    db.session.add(user)
    db.session.commit()
    return jsonify(id=user.id)
```

```python good framework=fastapi
import bcrypt
from fastapi import FastAPI
from pydantic import BaseModel, field_validator
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    password: Mapped[bytes]


class NewUser(BaseModel):
    password: str

    @field_validator("password")
    @classmethod
    def validate_password(cls, value: str) -> bytes:
        return bcrypt.hashpw(value.encode(), bcrypt.gensalt())


app = FastAPI()


@app.post("/users")
def create(new: NewUser, db: Session) -> dict:
    db.add(User(password=new.password))
    db.commit()
    return {"ok": True}
```

```python bad framework=fastapi
import sqlite3

from fastapi import FastAPI

app = FastAPI()


@app.post("/login")
def login(name: str, password: str) -> dict:
    db = sqlite3.connect("app.db")
    row = db.execute("SELECT id FROM users WHERE name = ? AND password = ?", (name, password)).fetchone()  # finding
    return {"ok": row is not None}
```

```python good framework=fastapi
import sqlite3

import bcrypt
from fastapi import FastAPI

app = FastAPI()


@app.post("/login")
def login(name: str, password: str) -> dict:
    row = sqlite3.connect("app.db").execute("SELECT password FROM users WHERE name = ?", (name,)).fetchone()
    return {"ok": row is not None and bcrypt.checkpw(password.encode(), row[0])}
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from counterseal.audit.findings import Confidence, Hit, Place, Related, Rule, Severity
from counterseal.audit.rules.usage import by_route, flows, route_place, shared_places
from counterseal.audit.surface.flow import Access, Compare, Event, Flow, Store
from counterseal.audit.surface.model import DataModel, Surface
from counterseal.audit.surface.values import Value
from counterseal.policy import Policy

_COLUMN = re.compile(
    r"^(user_?|hashed_?|encrypted_?|current_?|new_?)?(password|passwd|pwd|passphrase|pass)(_?(hash|digest|hashed))?$",
    re.IGNORECASE,
)
_VALIDATES = re.compile(r"valid|^password|^_?hash_?(on|before)|^(before|on)_", re.IGNORECASE)
_HASHED_TYPE = re.compile(r"password|hash|encrypt", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Seen:
    """One place where a password is handled as it was typed."""

    table: str
    place: Place
    message: str
    route: str | None


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    if _hashed_on_the_way(surface):
        return
    generic = shared_places(surface)
    written: dict[str, list[_Seen]] = {}
    compared: dict[str, list[_Seen]] = {}
    for route, flow in flows(surface):
        for out, found in ((written, _written(surface, flow)), (compared, _compared(flow))):
            for event, table, message in found:
                place = event.place if event.place not in generic else route_place(surface, route) or event.place
                out.setdefault(table.lower(), []).append(_Seen(table, place, message, route))
    # Where passwords are written as they are, every comparison follows from it.
    rest = {table: seen for table, seen in compared.items() if table not in written}
    yield from (_hit(seen) for seen in [*written.values(), *rest.values()])


def _hashed_on_the_way(surface: Surface) -> bool:
    """Whether a class of the data hashes passwords itself when they are set: validators do not show where they are used."""
    classes = {model.qualname for model in surface.models.values()}
    for flow in surface.flows:
        owner, _, method = flow.function.rpartition(".")
        if owner in classes and _VALIDATES.search(method) and any(True for _ in flow.calls("password-hash")):
            return True
    return False


def _written(surface: Surface, flow: Flow) -> Iterator[tuple[Event, str, str]]:
    for event in flow.among(Access, Store):
        if isinstance(event, Access) and event.verb in ("create", "update") and event.models:
            table = event.models[0]
            model = surface.models.get(table)
            if any(_plain_column(name, value, model) for name, value in event.values) and not _hashed_after(event, flow):
                yield event, table, f"passwords ({table}) are stored as they were typed"
        elif isinstance(event, Store) and event.target.kind == "obj":
            model = surface.models.get(event.target.name)
            if model is not None and model.kind == "table" and _plain_column(event.name, event.value, model):
                yield event, model.name, f"passwords ({model.name}) are stored as they were typed"


def _hashed_after(access: Access, flow: Flow) -> bool:
    """Whether the class hashes in its own constructor or setter what it is given."""
    return any(
        event.seq > access.seq
        and bool(_COLUMN.match(event.name))
        and "hash:password" in event.value.may
        and access.label in event.target.may
        for event in flow.of(Store)
    )


def _plain_column(name: str, value: Value, model: DataModel | None) -> bool:
    """Whether a password column gets an input unchanged. A property that hashes is no column."""
    if not _typed_in(value) or not _COLUMN.match(name):
        return False
    if model is None:
        return True
    field = model.fields.get(name)
    return field is not None and not _HASHED_TYPE.search(field.type)


def _typed_in(value: Value) -> bool:
    return any(label.startswith("in:") for label in value.must) and not any(label.startswith("hash:") for label in value.may)


def _compared(flow: Flow) -> Iterator[tuple[Event, str, str]]:
    for event in flow.among(Access, Compare):
        if isinstance(event, Access) and event.verb in ("get", "list") and event.models:
            if any(c.op in ("==", "is") and _typed_in(c.value) and _COLUMN.match(c.column) for c in event.conditions):
                yield (
                    event,
                    event.models[0],
                    f"a password ({event.models[0]}) is looked up as it was typed: it is stored like that",
                )
        elif isinstance(event, Compare):
            for stored, given in ((event.left, event.right), (event.right, event.left)):
                if _typed_in(given) and _stored(stored):
                    table = next((label[3:] for label in sorted(stored.may) if label.startswith("db:")), "?")
                    yield event, table, "a stored password is compared with what was typed: it is stored like that"


def _stored(value: Value) -> bool:
    from_database = any(label.startswith(("db:", "obj:")) for label in value.may) and not value.inputs()
    return from_database and bool(_COLUMN.match(value.name)) and not any(label.startswith("hash:") for label in value.may)


def _hit(found: list[_Seen]) -> Hit:
    first = found[0]
    others = {seen.place for seen in found} - {first.place}
    return Hit(
        place=first.place,
        message=first.message,
        attack="Whoever sees the table once, in a backup or by an injection, has all passwords and tries them elsewhere too.",
        fix="store argon2.PasswordHasher().hash(password), and check with .verify(stored, password)",
        subject=first.table,
        route=first.route,
        related=tuple(Related(place, "here too") for place in sorted(others, key=lambda p: (p.file, p.line))),
    )


RULE = Rule(
    id="plaintext-password",
    title="passwords stored as they are",
    cwe=(256, 312, 522),
    severity=Severity.CRITICAL,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=by_route(_check),
    owasp=("A04:2025", "A07:2025", "API2:2023"),
    asvs=("v5.0.0-11.4.2",),
)
