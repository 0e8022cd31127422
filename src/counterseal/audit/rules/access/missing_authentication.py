"""Anyone can call a route that should know its caller.

Reported is a route that changes data, belongs to administrators, shows records that are somebody's, dumps the inside of the
application (environment, system, source paths), or does costly work, while no code on the way to it checks who is calling. What
people do before they have an identity is left alone: signing in and up, recovering an account, confirming a code, signing out; so
are health checks, static pages, public content and catalogues, contact forms, and calls whose signature is verified.

## Why it matters

Attackers list the routes of an application from its documentation page, its JavaScript, or by guessing, and call them directly. A
route without authentication needs no account at all, and leaves nobody to hold responsible.

## Remedy

Check the caller in front of the handler, the same way as the neighbouring routes do: a dependency, a decorator, or one guard for
the whole router, so that a new route is guarded from its first day. If everyone may really call it, say so in `counterseal.toml`:

```
[[routes]]
match = "GET /status"
public = "Shows nothing but the version"
```

## Examples

```python bad framework=fastapi
import os
import platform

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


class Invoice(Base):
    __tablename__ = "invoices"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    amount: Mapped[int]


def get_db() -> Session: ...


def current_user(token: str = Depends(scheme), db: Session = Depends(get_db)) -> User:
    try:
        claims = jwt.decode(token, os.environ["JWT_KEY"], algorithms=["HS256"])
    except jwt.InvalidTokenError:
        raise HTTPException(401)
    user = db.get(User, claims["sub"])
    if user is None:
        raise HTTPException(401)
    return user


@app.get("/invoices")
def list_invoices(user: User = Depends(current_user), db: Session = Depends(get_db)):
    return db.scalars(select(Invoice).where(Invoice.user_id == user.id)).all()


@app.delete("/invoices/{invoice_id}")  # finding
def delete_invoice(invoice_id: int, db: Session = Depends(get_db)):
    db.delete(db.get(Invoice, invoice_id))
    db.commit()


@app.get("/debug")  # finding
def debug():
    return {"environment": dict(os.environ), "host": platform.node(), "folder": os.getcwd()}
```

```python good framework=fastapi
import hmac
import os

import jwt
from fastapi import Depends, FastAPI, Header, HTTPException, Request
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


class Product(Base):
    __tablename__ = "products"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Payment(Base):
    __tablename__ = "payments"
    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str]


def get_db() -> Session: ...


def current_user(token: str = Depends(scheme), db: Session = Depends(get_db)) -> User:
    try:
        claims = jwt.decode(token, os.environ["JWT_KEY"], algorithms=["HS256"])
    except jwt.InvalidTokenError:
        raise HTTPException(401)
    user = db.get(User, claims["sub"])
    if user is None:
        raise HTTPException(401)
    return user


@app.post("/products", dependencies=[Depends(current_user)])
def add_product(name: str, db: Session = Depends(get_db)):
    db.add(Product(name=name))
    db.commit()


@app.get("/products")
def products(db: Session = Depends(get_db)):
    return db.scalars(select(Product)).all()


@app.get("/health")
def health():
    return {"status": "ok"}


@app.post("/hooks/payment")
async def payment_arrived(request: Request, x_signature: str = Header(), db: Session = Depends(get_db)):
    body = await request.body()
    expected = hmac.new(os.environ["HOOK_KEY"].encode(), body, "sha256").hexdigest()
    if not hmac.compare_digest(expected, x_signature):
        raise HTTPException(403)
    db.add(Payment(reference=body.decode()))
    db.commit()
```

```python bad framework=flask
from functools import wraps

from flask import Flask, abort, jsonify, session
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(200))
    password = db.Column(db.String(200))


class Message(db.Model):
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


@app.post("/messages/<int:number>/delete")  # finding
def delete_message(number):
    db.session.delete(db.get_or_404(Message, number))
    db.session.commit()
    return "", 204


@app.get("/messages")
@signed_in
def messages():
    mine = Message.query.filter_by(user_id=session["user_id"]).all()
    return jsonify([m.text for m in mine])


@app.get("/users/<int:number>")  # finding
def show_user(number):
    user = db.get_or_404(User, number)
    return jsonify(id=user.id, email=user.email)
```

```python good framework=flask
from functools import wraps

from flask import Flask, abort, jsonify, request, session
from flask_sqlalchemy import SQLAlchemy
from werkzeug.security import check_password_hash, generate_password_hash

app = Flask(__name__)
db = SQLAlchemy(app)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(200))
    password = db.Column(db.String(200))


class Post(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    author_id = db.Column(db.Integer, db.ForeignKey("user.id"))
    title = db.Column(db.String(200))


def signed_in(view):
    @wraps(view)
    def guarded(*args, **kwargs):
        if not session.get("user_id"):
            abort(401)
        return view(*args, **kwargs)

    return guarded


@app.post("/register")
def register():
    db.session.add(User(email=request.form["email"], password=generate_password_hash(request.form["password"])))
    db.session.commit()
    return "", 201


@app.post("/login")
def login():
    user = User.query.filter_by(email=request.form["email"]).first()
    if user is None or not check_password_hash(user.password, request.form["password"]):
        abort(401)
    session["user_id"] = user.id
    return "", 204


@app.post("/logout")
def logout():
    session.clear()
    return "", 204


@app.get("/posts")
def posts():
    return jsonify([post.title for post in Post.query.limit(50)])


@app.post("/posts")
@signed_in
def write():
    db.session.add(Post(author_id=session["user_id"], title=request.form["title"]))
    db.session.commit()
    return "", 201
```

```toml
[[routes]]
match = "POST /votes"
public = "Everyone may vote, once per address"
```

```python good framework=flask
from flask import Flask, request
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)


class Vote(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    choice = db.Column(db.String(20))


@app.post("/votes")
def vote():
    db.session.add(Vote(choice=request.form["choice"]))
    db.session.commit()
    return "", 201
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Exposure, Hit, Related, Rule, Severity
from counterseal.audit.rules._shared.access_guards import behind_hollow
from counterseal.audit.rules._shared.access_needs import Need, need
from counterseal.audit.rules._shared.access_routes import (
    authenticated,
    claimed,
    excused,
    guard_hint,
    handler_name,
    judged,
    neighbours,
    stopped_by_helper,
)
from counterseal.audit.rules._shared.access_transports import unguarded_twins
from counterseal.audit.surface.model import Route, Surface
from counterseal.guarantees import Guarantee
from counterseal.policy import Policy

_ENOUGH = 2
"""So many guarded neighbours show that this one was forgotten."""


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    elsewhere = {twin.open.name for twin in unguarded_twins(surface)} | _late(surface) | behind_hollow(surface)
    for route in judged(surface):
        # A guard that exists and does not guard, or stands too late, is a finding of its own.
        if claimed(route) or excused(route, policy, Guarantee.AUTHENTICATED) or route.name in elsewhere:
            continue
        found = need(route, surface, policy)
        if found is not None and not stopped_by_helper(route):
            yield _hit(route, found, surface)


def _late(surface: Surface) -> set[str]:
    late = {guard.handler for guard in surface.late_guards if guard.facts & {"auth", "claimed"}}
    return {route.name for route in surface.routes if route.handler in late}


def _hit(route: Route, found: Need, surface: Surface) -> Hit:
    near = neighbours(route, surface)
    guarded = [each for each in near if authenticated(each)]
    sure = found.certain or len(guarded) >= _ENOUGH
    hint = guard_hint(route, surface)
    why = f"; {len(guarded)} of {len(near)} neighbouring routes check their caller" if guarded else ""
    return Hit(
        place=route.place,
        message=f"{route.name} {found.what} without knowing who is calling{why}",
        attack=f"Anyone who can reach the server sends {route.name} without any credentials and {found.gain}.",
        fix=_fix(route, hint),
        subject=route.name,
        route=route.name,
        severity=found.severity,
        confidence=Confidence.HIGH if sure else Confidence.MEDIUM,
        exposure=Exposure.ANYONE,
        related=tuple(Related(place, text) for place, text in found.shown[:3]),
    )


def _fix(route: Route, hint: str) -> str:
    name = handler_name(route)
    if route.framework == "fastapi":
        how = f"Let {name} depend on the caller: add a parameter such as user: User = Depends(get_current_user)"
    else:
        how = f"Put the check of the caller directly above def {name}, below the route decorator (for example @login_required)"
    return f'{how}{", " + hint if hint else ""}; if everyone may call it, give the reason in counterseal.toml: public = "...".'


RULE = Rule(
    id="missing-authentication",
    title="missing authentication",
    cwe=(306, 287),
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=_check,
    owasp=("A07:2025", "API2:2023", "A01:2025"),
    asvs=("v5.0.0-6.3.4", "v5.0.0-8.3.1"),
)
