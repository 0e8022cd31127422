"""One way in is guarded, another way to the same is not.

Reported is a route without authentication beside one that has it, where both run the same function, are two versions of one path
(`/v1` and `/v2`) on the same records, or are a WebSocket and a request about the same records.

## Why it matters

Guards are added to the way in that everybody uses. The old version, the mobile path and the WebSocket stay as they were, lead to
the same data, and are found by whoever reads the client's code.

## Remedy

Guard the open way as the guarded one is, best by one guard on the router that holds both, or remove it. A WebSocket checks its
caller before it accepts the connection.

## Examples

```python bad framework=fastapi
import os

import jwt
from fastapi import Depends, FastAPI, HTTPException, WebSocket
from fastapi.security import OAuth2PasswordBearer
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()
scheme = OAuth2PasswordBearer(tokenUrl="/token")


class Base(DeclarativeBase):
    pass


class Message(Base):
    __tablename__ = "messages"
    id: Mapped[int] = mapped_column(primary_key=True)
    room: Mapped[str]
    text: Mapped[str]


def get_db() -> Session: ...


def member(token: str = Depends(scheme)) -> dict:
    try:
        return jwt.decode(token, os.environ["JWT_KEY"], algorithms=["HS256"])
    except jwt.InvalidTokenError:
        raise HTTPException(401)


@app.get("/rooms/{room}/messages", dependencies=[Depends(member)])
def messages(room: str, db: Session = Depends(get_db)):
    return db.scalars(select(Message).where(Message.room == room)).all()


@app.websocket("/rooms/{room}/live")  # finding
async def live(socket: WebSocket, room: str, db: Session = Depends(get_db)):
    await socket.accept()
    for message in db.scalars(select(Message).where(Message.room == room)).all():
        await socket.send_text(message.text)
```

```python good framework=fastapi
import os

import jwt
from fastapi import Depends, FastAPI, HTTPException, WebSocket, WebSocketException
from fastapi.security import OAuth2PasswordBearer
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()
scheme = OAuth2PasswordBearer(tokenUrl="/token")


class Base(DeclarativeBase):
    pass


class Message(Base):
    __tablename__ = "messages"
    id: Mapped[int] = mapped_column(primary_key=True)
    room: Mapped[str]
    text: Mapped[str]


def get_db() -> Session: ...


def member(token: str = Depends(scheme)) -> dict:
    try:
        return jwt.decode(token, os.environ["JWT_KEY"], algorithms=["HS256"])
    except jwt.InvalidTokenError:
        raise HTTPException(401)


def socket_member(token: str) -> dict:
    try:
        return jwt.decode(token, os.environ["JWT_KEY"], algorithms=["HS256"])
    except jwt.InvalidTokenError:
        raise WebSocketException(1008)


@app.get("/rooms/{room}/messages", dependencies=[Depends(member)])
def messages(room: str, db: Session = Depends(get_db)):
    return db.scalars(select(Message).where(Message.room == room)).all()


@app.websocket("/rooms/{room}/live")
async def live(socket: WebSocket, room: str, claims: dict = Depends(socket_member), db: Session = Depends(get_db)):
    await socket.accept()
    for message in db.scalars(select(Message).where(Message.room == room)).all():
        await socket.send_text(message.text)
```

```python bad framework=flask
from flask import Flask, jsonify
from flask_login import LoginManager, login_required
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)
LoginManager(app)


class Sale(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    amount = db.Column(db.Integer)


@app.get("/api/v1/sales")  # finding
def old_sales():
    return jsonify([sale.amount for sale in Sale.query.all()])


@app.get("/api/v2/sales")
@login_required
def sales():
    return jsonify([sale.amount for sale in Sale.query.all()])
```

```python good framework=flask
from flask import Flask, jsonify
from flask_login import LoginManager, login_required
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)
LoginManager(app)


class Sale(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    amount = db.Column(db.Integer)


@app.get("/api/v1/sales")
@login_required
def old_sales():
    return jsonify([sale.amount for sale in Sale.query.all()])


@app.get("/api/v2/sales")
@login_required
def sales():
    return jsonify([sale.amount for sale in Sale.query.all()])
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Exposure, Hit, Related, Rule, Severity
from counterseal.audit.result import RouteKind
from counterseal.audit.rules._shared.access_guards import behind_hollow
from counterseal.audit.rules._shared.access_routes import excused, handler_name
from counterseal.audit.rules._shared.access_transports import Twin, unguarded_twins
from counterseal.audit.surface.model import Surface
from counterseal.guarantees import Guarantee
from counterseal.policy import Policy


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    hollow = behind_hollow(surface)
    for twin in unguarded_twins(surface):
        if not excused(twin.open, policy, Guarantee.AUTHENTICATED) and twin.open.name not in hollow:
            yield _hit(twin)


def _hit(twin: Twin) -> Hit:
    socket = twin.open.kind is RouteKind.WEBSOCKET
    action = "connects to" if socket else "sends"
    path = twin.open.path if socket else twin.open.name
    moment = " before it accepts the connection" if socket else ""
    return Hit(
        place=twin.open.place,
        message=f"{twin.open.name} is open while {twin.guarded.name} checks its caller, and {twin.why}",
        attack=f"Anyone {action} {path} without any credentials and gets what {twin.guarded.name} refuses them.",
        fix=f"Let {handler_name(twin.open)} check its caller{moment}, as {handler_name(twin.guarded)} does"
        f" ({twin.guarded.place.file}:{twin.guarded.place.line}), or remove it.",
        subject=twin.open.name,
        route=twin.open.name,
        exposure=Exposure.ANYONE,
        related=(Related(twin.guarded.place, "the guarded way to the same"),),
    )


RULE = Rule(
    id="unguarded-transport",
    title="unguarded second way in",
    cwe=(288, 306),
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    since="0.1.0",
    check=_check,
    owasp=("A07:2025", "API2:2023", "API9:2023"),
    asvs=("v5.0.0-6.3.4", "v5.0.0-8.3.1"),
)
