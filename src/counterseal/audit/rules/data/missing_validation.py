"""A number from the request changes a stored amount, and may be negative.

Reported is a route that adds a number from the request to a stored one, or subtracts it (a balance, a stock, points), where
neither the declared type bounds the number nor a check refuses it before.

## Why it matters

Transferring -100 takes 100 from the recipient. Ordering -3 pieces pays the customer. Nothing fails, the books even balance.

## Remedy

Declare the bound in the schema (`amount: Decimal = Field(gt=0)`), or refuse before anything is changed:
`if amount <= 0: abort(400)`.

## Examples

```python bad framework=fastapi
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
    balance: Mapped[int]


class Withdrawal(BaseModel):
    amount: int


def get_db() -> Session: ...


def current_user(token: str = Depends(scheme), db: Session = Depends(get_db)) -> User:
    claims = jwt.decode(token, os.environ["JWT_KEY"], algorithms=["HS256"])
    user = db.get(User, claims["sub"])
    if user is None:
        raise HTTPException(401)
    return user


@app.post("/withdraw")  # finding
def withdraw(data: Withdrawal, user: User = Depends(current_user), db: Session = Depends(get_db)):
    if user.balance < data.amount:
        raise HTTPException(409)
    user.balance = user.balance - data.amount
    db.commit()
```

```python good framework=fastapi
import os

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel, Field
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()
scheme = OAuth2PasswordBearer(tokenUrl="/token")


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    balance: Mapped[int]


class Withdrawal(BaseModel):
    amount: int = Field(gt=0, le=10_000)


def get_db() -> Session: ...


def current_user(token: str = Depends(scheme), db: Session = Depends(get_db)) -> User:
    claims = jwt.decode(token, os.environ["JWT_KEY"], algorithms=["HS256"])
    user = db.get(User, claims["sub"])
    if user is None:
        raise HTTPException(401)
    return user


@app.post("/withdraw")
def withdraw(data: Withdrawal, user: User = Depends(current_user), db: Session = Depends(get_db)):
    if user.balance < data.amount:
        raise HTTPException(409)
    user.balance = user.balance - data.amount
    db.commit()
```

```python bad framework=flask
from flask import Flask, abort, request
from flask_login import LoginManager, UserMixin, current_user, login_required
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)
LoginManager(app)


class User(UserMixin, db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(200))
    points = db.Column(db.Integer)


@app.post("/spend")  # finding
@login_required
def spend():
    user = db.session.get(User, current_user.id)
    points = int(request.form["points"])
    if user.points < points:
        abort(409)
    user.points -= points
    db.session.commit()
    return "", 204
```

```python good framework=flask
from flask import Flask, abort, request
from flask_login import LoginManager, UserMixin, current_user, login_required
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)
LoginManager(app)


class User(UserMixin, db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(200))
    points = db.Column(db.Integer)


@app.post("/spend")
@login_required
def spend():
    user = db.session.get(User, current_user.id)
    points = int(request.form["points"])
    if points <= 0:
        abort(400)
    if user.points < points:
        abort(409)
    user.points -= points
    db.session.commit()
    return "", 204
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Hit, Place, Related, Rule, Severity
from counterseal.audit.rules._shared.access_amounts import Amount, unchecked_amounts
from counterseal.audit.rules._shared.access_routes import excused, handler_name, judged
from counterseal.audit.surface.model import Route, Surface
from counterseal.guarantees import Guarantee
from counterseal.policy import Policy


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    for route in judged(surface):
        if excused(route, policy, Guarantee.VALIDATED):
            continue
        found = next(unchecked_amounts(route, surface, policy), None)
        if found is not None:
            yield _hit(route, found)


def _hit(route: Route, found: Amount) -> Hit:
    return Hit(
        place=route.place,
        message=f"{route.name} changes {found.column} by {found.name} from the request, which may be negative",
        attack=f"Somebody sends {route.name} with a negative {found.name} and moves {found.column} in the other direction.",
        fix=_fix(route, found),
        subject=f"{route.name} {found.name}",
        route=route.name,
        related=(Related(Place(found.place.file, found.place.line), f"{found.column} is changed here"),),
    )


def _fix(route: Route, found: Amount) -> str:
    if found.schema:
        return f"Bound it in {found.schema}: {found.name} with Field(gt=0)."
    return f"In {handler_name(route)}, refuse before anything is changed: if {found.name} <= 0, answer 400."


RULE = Rule(
    id="missing-validation",
    title="missing validation of an amount",
    cwe=(1284, 20),
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    since="0.1.0",
    check=_check,
    owasp=("A05:2025", "API6:2023"),
    asvs=("v5.0.0-2.2.1", "v5.0.0-2.2.2"),
)
