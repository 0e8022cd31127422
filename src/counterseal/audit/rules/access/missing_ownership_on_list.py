"""A list shows every signed-in user the records of all others.

Reported is a route for ordinary users that lists records which belong to somebody, while nothing narrows the list to the
caller's own. Lists for a checked role, lists of public content, and lists of one record's parts after that record was checked are
left alone. Lists of the accounts themselves are a missing role check.

## Why it matters

One request shows the records of everybody: nobody even has to guess ids. Such lists are often written first, for a page that
shows only the own records because the test data had one user.

## Remedy

Narrow the query by the caller: `select(Order).where(Order.user_id == user.id)`. Give support staff and administrators a route of
their own with a role check, rather than a parameter of this one.

## Examples

```python bad framework=fastapi
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
    email: Mapped[str]


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    status: Mapped[str]
    shipping_address: Mapped[str]


def get_db() -> Session: ...


def current_user(token: str = Depends(scheme), db: Session = Depends(get_db)) -> User:
    claims = jwt.decode(token, os.environ["JWT_KEY"], algorithms=["HS256"])
    user = db.get(User, claims["sub"])
    if user is None:
        raise HTTPException(401)
    return user


@app.get("/orders")  # finding
def orders(status: str, user: User = Depends(current_user), db: Session = Depends(get_db)):
    return db.scalars(select(Order).where(Order.status == status)).all()
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
    email: Mapped[str]
    is_admin: Mapped[bool]


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    status: Mapped[str]
    shipping_address: Mapped[str]


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


def admin(user: User = Depends(current_user)) -> User:
    if not user.is_admin:
        raise HTTPException(403)
    return user


@app.get("/orders")
def orders(status: str, user: User = Depends(current_user), db: Session = Depends(get_db)):
    mine = select(Order).where(Order.user_id == user.id)
    return db.scalars(mine.where(Order.status == status)).all()


@app.get("/admin/orders", dependencies=[Depends(admin)])
def all_orders(db: Session = Depends(get_db)):
    return db.scalars(select(Order)).all()


@app.get("/posts", dependencies=[Depends(current_user)])
def posts(db: Session = Depends(get_db)):
    return db.scalars(select(Post)).all()
```

```python bad framework=flask
from flask import Flask, jsonify
from flask_login import LoginManager, UserMixin, login_required
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)
LoginManager(app)


class User(UserMixin, db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(200))


class Message(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    recipient_id = db.Column(db.Integer, db.ForeignKey("user.id"))
    text = db.Column(db.Text)


@app.get("/messages")  # finding
@login_required
def messages():
    return jsonify([message.text for message in Message.query.all()])
```

```python good framework=flask
from flask import Flask, jsonify
from flask_login import LoginManager, UserMixin, current_user, login_required
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)
LoginManager(app)


class User(UserMixin, db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(200))


class Message(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    recipient_id = db.Column(db.Integer, db.ForeignKey("user.id"))
    text = db.Column(db.Text)


@app.get("/messages")
@login_required
def messages():
    mine = Message.query.filter_by(recipient_id=current_user.id).all()
    return jsonify([message.text for message in mine])
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Exposure, Hit, Related, Rule, Severity
from counterseal.audit.rules._shared.access_ownership import foreign_records, unnarrowed_lists
from counterseal.audit.rules._shared.access_roles import role_reason
from counterseal.audit.rules._shared.access_routes import claimed, excused, handler_name, judged, role_unjudged
from counterseal.audit.surface.flow import Access
from counterseal.audit.surface.model import DataModel, Route, Surface
from counterseal.audit.surface.vocabulary import snake
from counterseal.guarantees import Guarantee
from counterseal.policy import Policy


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    for route in judged(surface):
        # Without authentication that is the finding; lists of accounts are a matter of roles.
        if not claimed(route) or excused(route, policy, Guarantee.OWNED) or role_unjudged(route):
            continue
        keyed = [each.access for each in foreign_records(route, surface, policy)]
        lists = [each for each in unnarrowed_lists(route, surface, policy) if not each[1].is_principal and each[0] not in keyed]
        if lists and role_reason(route, surface, policy) is None:
            yield _hit(route, *lists[0])


def _hit(route: Route, access: Access, model: DataModel, owner: str, private: tuple[str, ...]) -> Hit:
    noun = snake(model.name).replace("_", " ")
    detail = f" ({', '.join(private[:3])})" if private else ""
    return Hit(
        place=route.place,
        message=f"{route.name} lists {noun} records of everybody{detail}: nothing narrows them to the caller's own",
        attack=f"Any signed-in user sends {route.name} and reads the {noun} records of everybody{detail}.",
        fix=f"In {handler_name(route)}, add the caller to the query at {access.place.file}:{access.place.line}:"
        f" {owner} must be the caller's id; keep a list of everything for a route with a role check.",
        subject=route.name,
        route=route.name,
        exposure=Exposure.USER,
        related=(Related(access.place, "the list that nothing narrows"),),
    )


RULE = Rule(
    id="missing-ownership-on-list",
    title="list of everybody's records",
    cwe=(639, 863, 200),
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    since="0.1.0",
    check=_check,
    owasp=("A01:2025", "API1:2023"),
    asvs=("v5.0.0-8.2.2",),
)
