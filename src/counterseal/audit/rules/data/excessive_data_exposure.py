"""An answer shows what must not leave the application.

Reported is an answer that holds a password hash, PIN, key or recovery code of a record; card or social security numbers that are
not the caller's own; a whole record without a schema where its model has such fields; the code of a password reset, handed to
whoever asked for it; and records of people that are sent to a language model. What a caller gets once on purpose (an own token at
sign-in, a new key at the moment it is made) is left alone, and so are fields that the declared schema of the answer leaves out.

## Why it matters

Everything in an answer is public: the page may not show it, but the browser's developer tools do, and so do logs and caches on
the way. Password hashes are cracked at home; a reset code in the answer makes every account everybody's.

## Remedy

Declare what leaves: a schema of the answer with exactly the fields that the client needs (`response_model=UserOut`), or a
dictionary that names them. Do not remove fields from a whole record: the next column that is added would leave too.

## Examples

```python bad framework=fastapi
from fastapi import Depends, FastAPI
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    hashed_password: Mapped[str]


def get_db() -> Session: ...


@app.get("/users/{user_id}")  # finding
def show(user_id: int, db: Session = Depends(get_db)):
    return db.get(User, user_id)
```

```python good framework=fastapi
from fastapi import Depends, FastAPI
from pydantic import BaseModel
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    hashed_password: Mapped[str]


class UserOut(BaseModel):
    id: int
    name: str


def get_db() -> Session: ...


@app.get("/users/{user_id}", response_model=UserOut)
def show(user_id: int, db: Session = Depends(get_db)):
    return db.get(User, user_id)


@app.get("/names/{user_id}")
def name(user_id: int, db: Session = Depends(get_db)):
    user = db.get(User, user_id)
    return {"name": user.name, "protected": bool(user.hashed_password)}
```

```python bad framework=flask
import secrets

from flask import Flask, jsonify, request
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(200))
    password_hash = db.Column(db.String(200))
    reset_code = db.Column(db.String(20))


@app.get("/users")  # finding
def users():
    return jsonify([{"email": user.email, "password": user.password_hash} for user in User.query.all()])


@app.post("/forgot-password")  # finding
def forgot_password():
    user = User.query.filter_by(email=request.form["email"]).first_or_404()
    user.reset_code = secrets.token_hex(8)
    db.session.commit()
    return jsonify(sent=True, debug=user.reset_code)
```

```python good framework=flask
import secrets

from flask import Flask, abort, jsonify, request
from flask_sqlalchemy import SQLAlchemy
from werkzeug.security import check_password_hash

app = Flask(__name__)
db = SQLAlchemy(app)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(200))
    email = db.Column(db.String(200))
    password_hash = db.Column(db.String(200))
    reset_code = db.Column(db.String(20))
    api_key = db.Column(db.String(64))


def mail(address, text): ...


@app.get("/users")
def users():
    return jsonify([{"id": user.id, "name": user.name} for user in User.query.all()])


@app.post("/login")
def login():
    user = User.query.filter_by(email=request.form["email"]).first()
    if user is None or not check_password_hash(user.password_hash, request.form["password"]):
        abort(401)
    user.api_key = secrets.token_hex(32)
    db.session.commit()
    return jsonify(api_key=user.api_key)


@app.post("/forgot-password")
def forgot_password():
    user = User.query.filter_by(email=request.form["email"]).first()
    if user is not None:
        user.reset_code = secrets.token_hex(8)
        db.session.commit()
        mail(user.email, user.reset_code)
    return jsonify(sent=True)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Hit, Related, Rule, Severity
from counterseal.audit.rules._shared.access_exposed import Exposed, exposed, sent_to_models
from counterseal.audit.rules._shared.access_routes import handler_name, judged
from counterseal.audit.surface.model import Route, Surface
from counterseal.policy import Policy

_MOST = 4


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    for route in judged(surface):
        found = exposed(route, surface, policy)
        if found:
            yield _hit(route, found)
    for route, what, call in sent_to_models(surface):
        yield Hit(
            place=route.place,
            message=f"{route.name} sends {what} of everybody to a language model, which may repeat them to whoever asks",
            attack=f"Somebody asks {route.name} for the data of others, and the model answers from what it was given.",
            fix=f"Before {call.file}:{call.line}, narrow the queries by the caller: the model needs no others.",
            subject=f"{route.name} model",
            route=route.name,
            confidence=Confidence.MEDIUM,
            related=(Related(call, "where the records leave"),),
        )


def _hit(route: Route, found: list[Exposed]) -> Hit:
    names = list(dict.fromkeys(each.name for each in found))
    shown = ", ".join(names[:_MOST])
    worst = min(found, key=lambda each: ("code", "credential", "number").index(each.sort))
    gain = {
        "code": f"asks for the reset of somebody's password and reads {shown} in the answer, which opens the account",
        "credential": f"reads {shown} in the answer of {route.name}",
        "number": f"reads {shown} of others in the answer of {route.name}",
    }[worst.sort]
    return Hit(
        place=route.place,
        message=f"The answer of {route.name} holds {shown}{f' ({worst.model})' if worst.model else ''}",
        attack=f"Whoever may call the route {gain}.",
        fix=_fix(route, worst, shown),
        subject=route.name,
        route=route.name,
        severity=Severity.CRITICAL if worst.sort == "code" else None,
        related=tuple(Related(each.place, f"{each.name} leaves here") for each in found[:_MOST]),
    )


def _fix(route: Route, worst: Exposed, shown: str) -> str:
    name = handler_name(route)
    where = f"{worst.place.file}:{worst.place.line}"
    if worst.sort == "code":
        return f"In {name} ({where}), take {shown} out of the answer: the code goes to the address on record and nowhere else."
    if worst.whole and route.framework == "fastapi":
        return f"Declare the answer of {name}: response_model=..., a schema of {worst.model} without {shown}."
    if worst.whole:
        return f"In {name} ({where}), name the fields that the client needs instead of answering with whole records."
    return f"In {name} ({where}), take {shown} out of the answer."


RULE = Rule(
    id="excessive-data-exposure",
    title="excessive data exposure",
    cwe=(213, 200, 201),
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=_check,
    owasp=("A01:2025", "API3:2023"),
    asvs=("v5.0.0-15.3.1", "v5.0.0-8.2.3", "v5.0.0-14.2.6"),
)
