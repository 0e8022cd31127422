"""The request decides which fields of a record are written, or writes fields that are not the caller's to decide.

Reported is a record that is made from, or updated with, everything that the body holds (`Model(**body)`, a loop of `setattr`, a
query built from the body's keys), a schema that lets undeclared fields through, and a schema that declares fields which the
application has to decide about (role, verified, balance, owner), when callers without a checked role can use it. A declared
schema without such fields is left alone, however it is unpacked; so is a loop over a fixed list of names.

## Why it matters

Whoever adds `"is_admin": true` to the JSON of their own profile is an administrator. Nothing in the page or its requests shows
that the field exists, so tests never send it; attackers try the obvious names, or read them from an answer with a whole record.

## Remedy

Declare a schema of exactly the fields that callers may write, one for each purpose, and forbid all others
(`model_config = ConfigDict(extra="forbid")`). Set what the application decides from what it knows, never from the request.

## Examples

```python bad framework=fastapi
import os

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()
scheme = OAuth2PasswordBearer(tokenUrl="/token")


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    name: Mapped[str]
    is_admin: Mapped[bool]


class SignUp(BaseModel):
    email: str
    name: str
    is_admin: bool = False


class ProfileUpdate(BaseModel):
    model_config = ConfigDict(extra="allow")
    name: str


def get_db() -> Session: ...


def current_user(token: str = Depends(scheme), db: Session = Depends(get_db)) -> User:
    claims = jwt.decode(token, os.environ["JWT_KEY"], algorithms=["HS256"])
    user = db.get(User, claims["sub"])
    if user is None:
        raise HTTPException(401)
    return user


@app.post("/users")  # finding
def sign_up(data: SignUp, db: Session = Depends(get_db)):
    db.add(User(**data.model_dump()))
    db.commit()


@app.patch("/me")  # finding
def update_me(changes: ProfileUpdate, user: User = Depends(current_user), db: Session = Depends(get_db)):
    for name, value in changes.model_dump().items():
        setattr(user, name, value)
    db.commit()
```

```python good framework=fastapi
import os

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()
scheme = OAuth2PasswordBearer(tokenUrl="/token")


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    name: Mapped[str]
    is_admin: Mapped[bool]


class SignUp(BaseModel):
    email: str
    name: str


class ProfileUpdate(BaseModel):
    name: str | None = None


class AccountUpdate(BaseModel):
    name: str | None = None
    is_admin: bool | None = None


def get_db() -> Session: ...


def current_user(token: str = Depends(scheme), db: Session = Depends(get_db)) -> User:
    claims = jwt.decode(token, os.environ["JWT_KEY"], algorithms=["HS256"])
    user = db.get(User, claims["sub"])
    if user is None:
        raise HTTPException(401)
    return user


def admin(user: User = Depends(current_user)) -> User:
    if not user.is_admin:
        raise HTTPException(403)
    return user


@app.post("/users")
def sign_up(data: SignUp, db: Session = Depends(get_db)):
    db.add(User(**data.model_dump(), is_admin=False))
    db.commit()


@app.patch("/me")
def update_me(changes: ProfileUpdate, user: User = Depends(current_user), db: Session = Depends(get_db)):
    for name, value in changes.model_dump(exclude_unset=True).items():
        setattr(user, name, value)
    db.commit()


@app.patch("/admin/users/{user_id}", dependencies=[Depends(admin)])
def update_account(user_id: int, changes: AccountUpdate, db: Session = Depends(get_db)):
    user = db.get(User, user_id)
    for name, value in changes.model_dump(exclude_unset=True).items():
        setattr(user, name, value)
    db.commit()
```

```python bad framework=flask
from flask import Flask, jsonify, request
from flask_login import LoginManager, UserMixin, current_user, login_required
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)
LoginManager(app)


class User(UserMixin, db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(200))
    balance = db.Column(db.Integer)


@app.post("/register")  # finding
def register():
    db.session.add(User(**request.get_json()))
    db.session.commit()
    return jsonify(created=True)


@app.patch("/profile")  # finding
@login_required
def update_profile():
    user = db.session.get(User, current_user.id)
    for key, value in request.get_json().items():
        if hasattr(user, key):
            setattr(user, key, value)
    db.session.commit()
    return jsonify(saved=True)
```

```python good framework=flask
from flask import Flask, jsonify, request
from flask_login import LoginManager, UserMixin, current_user, login_required
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)
LoginManager(app)


class User(UserMixin, db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(200))
    name = db.Column(db.String(200))
    balance = db.Column(db.Integer)


@app.post("/register")
def register():
    data = request.get_json()
    db.session.add(User(email=data["email"], name=data["name"], balance=0))
    db.session.commit()
    return jsonify(created=True)


@app.patch("/profile")
@login_required
def update_profile():
    user = db.session.get(User, current_user.id)
    data = request.get_json()
    for key in ("email", "name"):
        if key in data:
            setattr(user, key, data[key])
    db.session.commit()
    return jsonify(saved=True)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Hit, Related, Rule, Severity
from counterseal.audit.rules._shared.access_assignments import Assignment, assignments
from counterseal.audit.rules._shared.access_roles import role_reason
from counterseal.audit.rules._shared.access_routes import handler_name, judged, role_unjudged
from counterseal.audit.rules._shared.access_words import PRIVILEGE_FIELD
from counterseal.audit.surface.model import Route, Surface
from counterseal.audit.surface.vocabulary import snake
from counterseal.policy import Policy

_MOST = 3


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    for route in judged(surface):
        found = list(assignments(route, surface, policy))
        # A route whose purpose is to give rights lacks a role check: that is the finding.
        if found and not role_unjudged(route) and role_reason(route, surface, policy) is None:
            yield _hit(route, found)


def _hit(route: Route, found: list[Assignment]) -> Hit:
    worst = min(found, key=lambda each: (not any(PRIVILEGE_FIELD.match(name) for name in each.fields), not each.open))
    noun = snake(worst.model).replace("_", " ") or "record"
    shown = ", ".join(worst.fields[:_MOST])
    if worst.open:
        what = f"lets the request choose which fields of the {noun} it writes{f', {shown} among them' if shown else ''}"
    else:
        what = f"writes {shown} of the {noun} as the request says"
    example = worst.fields[0] if worst.fields else "a field of the record"
    rights = any(PRIVILEGE_FIELD.match(name) for name in worst.fields)
    gain = "gives themselves rights" if rights else "sets it to what they like"
    return Hit(
        place=route.place,
        message=f"{route.name} {what}",
        attack=f"Somebody adds {example} to the body of {route.name} and {gain}.",
        fix=_fix(route, worst),
        subject=route.name,
        route=route.name,
        severity=Severity.HIGH if worst.fields else Severity.MEDIUM,
        confidence=Confidence.HIGH if worst.fields else Confidence.MEDIUM,
        related=tuple(Related(each.place, "where the fields are written") for each in found[:_MOST]),
    )


def _fix(route: Route, found: Assignment) -> str:
    name = handler_name(route)
    if found.schema is not None and found.schema.extra_allowed:
        return f'Forbid undeclared fields in {found.schema.name}: model_config = ConfigDict(extra="forbid").'
    if found.schema is not None:
        return (
            f"Take {', '.join(found.fields[:_MOST])} out of {found.schema.name}, or give {name} a schema of its own"
            " without them, and set them in the code."
        )
    where = f"{found.place.file}:{found.place.line}"
    if found.open:
        return f"In {name} ({where}), name the fields that callers may write, in a schema or a fixed list, and copy only those."
    return f"In {name} ({where}), set {', '.join(found.fields[:_MOST])} from what the application knows."


RULE = Rule(
    id="mass-assignment",
    title="mass assignment",
    cwe=(915, 913),
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=_check,
    owasp=("A08:2025", "API3:2023"),
    asvs=("v5.0.0-15.3.3", "v5.0.0-8.2.3"),
)
