"""All records at once: the answer grows with every record that somebody adds.

Reported are routes that return every matching record of a table, without a limit, when users fill the table
themselves and its records hold free text. Lists that show callers only what is their own are not reported, nor are
lists for administrators.

## Why it matters

Whoever can add records decides how large the answer is. Some ten thousand comments of five kilobytes make every call
load, convert and send fifty megabytes: a few such requests at once exhaust the memory, and the list is dead for
everyone.

## Remedy

Take a page size and a position, give the page size a maximum, and pass both to the query.

## Examples

```python bad framework=fastapi
from fastapi import Depends, FastAPI
from pydantic import BaseModel
from sqlalchemy import Column, Integer, Text, select
from sqlalchemy.orm import Session, declarative_base

app = FastAPI()
Base = declarative_base()


class Comment(Base):
    __tablename__ = "comments"
    id = Column(Integer, primary_key=True)
    post_id = Column(Integer)
    body = Column(Text)


class CommentIn(BaseModel):
    body: str


def session() -> Session:
    return Session()


@app.post("/posts/{post_id}/comments")
def add(post_id: int, data: CommentIn, db: Session = Depends(session)) -> dict:
    db.add(Comment(post_id=post_id, body=data.body))
    db.commit()
    return {}


@app.get("/posts/{post_id}/comments")  # finding
def comments(post_id: int, db: Session = Depends(session)):
    return db.scalars(select(Comment).where(Comment.post_id == post_id)).all()
```

```python good framework=fastapi
from fastapi import Depends, FastAPI, Query
from pydantic import BaseModel
from sqlalchemy import Column, Integer, String, Text, func, select
from sqlalchemy.orm import Session, declarative_base

app = FastAPI()
Base = declarative_base()


class Comment(Base):
    __tablename__ = "comments"
    id = Column(Integer, primary_key=True)
    post_id = Column(Integer)
    body = Column(Text)


class Country(Base):
    __tablename__ = "countries"
    id = Column(Integer, primary_key=True)
    description = Column(Text)


class CommentIn(BaseModel):
    body: str


def session() -> Session:
    return Session()


@app.post("/posts/{post_id}/comments")
def add(post_id: int, data: CommentIn, db: Session = Depends(session)) -> dict:
    db.add(Comment(post_id=post_id, body=data.body))
    db.commit()
    return {}


@app.get("/posts/{post_id}/comments")
def comments(post_id: int, limit: int = Query(50, le=100), offset: int = 0, db: Session = Depends(session)):
    return db.scalars(select(Comment).where(Comment.post_id == post_id).limit(limit).offset(offset)).all()


@app.get("/posts/{post_id}/comments/count")
def count(post_id: int, db: Session = Depends(session)):
    return db.scalar(select(func.count(Comment.id)).where(Comment.post_id == post_id))


@app.get("/countries")
def countries(db: Session = Depends(session)):
    return db.scalars(select(Country)).all()  # nobody adds countries by request
```

```python bad framework=flask
from flask import Flask, jsonify, request
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)


class Note(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    text = db.Column(db.Text)


@app.post("/notes")
def add():
    db.session.add(Note(text=request.json["text"]))
    db.session.commit()
    return "", 201


@app.get("/notes")  # finding
def notes():
    return jsonify([{"id": n.id, "text": n.text} for n in Note.query.all()])
```

```python good framework=flask
from flask import Flask, abort, g, jsonify, request, session
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(80))


class Note(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    user_id = db.Column(db.Integer)
    text = db.Column(db.Text)


def caller() -> User:
    user = db.session.get(User, session.get("user_id"))
    if user is None:
        abort(401)
    return user


@app.post("/notes")
def add():
    db.session.add(Note(user_id=caller().id, text=request.json["text"]))
    db.session.commit()
    return "", 201


@app.get("/notes")
def notes():
    mine = Note.query.filter_by(user_id=caller().id).all()
    return jsonify([{"id": n.id, "text": n.text} for n in mine])
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Hit, Related, Rule, Severity
from counterseal.audit.rules._shared.abuse_growth import fillable_tables, free_texts, own_routes
from counterseal.audit.surface.flow import Access
from counterseal.audit.surface.model import DataModel, Route, Surface
from counterseal.audit.surface.ownership import is_principal
from counterseal.policy import Policy


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    fillable = fillable_tables(surface)
    for route in own_routes(surface):
        for access in route.flow.accesses("list"):
            model = surface.models.get(access.models[0]) if access.models else None
            texts = [name for name in free_texts(model) if not access.columns or name in access.columns]
            if texts and access.models[0] in fillable and not _few(access, model) and _everything(route, access):
                yield _hit(route, access, texts, policy.thresholds.max_page_size)
                break


def _few(access: Access, model: DataModel | None) -> bool:
    """Whether the query selects by something that one record has for itself."""
    keys = [c.column for c in access.conditions if c.op == "==" and not c.alternative]
    fields = model.fields if model is not None else {}
    unique = any(fields[key].unique or fields[key].primary for key in keys if key in fields)
    return unique or (bool(keys) and is_principal(model, access.models[0]))


def _everything(route: Route, access: Access) -> bool:
    """Whether all matching records, of whomever, reach an answer to ordinary callers."""
    if access.limited or "role" in access.facts or "privileged" in route.kinds:
        return False
    if any("who" in c.value.must and c.op == "==" and not c.alternative for c in access.conditions):
        return False
    return any(access.label in r.value.may for r in route.flow.returns() if not r.refuses)


def _hit(route: Route, access: Access, texts: list[str], most: int) -> Hit:
    model, name = access.models[0], route.handler.rpartition(".")[2]
    return Hit(
        place=route.place,
        message=f"{route.name} returns every {model} record at once, with {', '.join(texts[:3])}",
        attack=f"A user adds {model} records until each call of {route.name} exhausts memory and time for everyone.",
        fix=f"give {name} a page size of at most {most} and an offset, and pass them to .limit() and .offset() of the query",
        subject=route.name,
        route=route.name,
        related=(Related(access.place, "this query has no limit"),),
    )


RULE = Rule(
    id="unbounded-list",
    title="unbounded list",
    cwe=(770, 400),
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    since="0.1.0",
    check=_check,
    owasp=("API4:2023", "A06:2025"),
    asvs=("v5.0.0-15.2.2",),
)
