"""The caller says how many records one page has, and no maximum is set.

Reported once for an application, at the first such route; the others are named with it.

## Why it matters

Paging protects only as long as the page has an upper bound: `?limit=100000000` reads, converts and sends the whole
table, as often as somebody asks for it.

## Remedy

Declare the maximum where the parameter is declared (`Query(50, ge=1, le=100)`), or cut it off (`min(limit, 100)`).

## Examples

```python bad framework=fastapi
from fastapi import Depends, FastAPI
from sqlalchemy import Column, Integer, String, select
from sqlalchemy.orm import Session, declarative_base

app = FastAPI()
Base = declarative_base()


class Product(Base):
    __tablename__ = "products"
    id = Column(Integer, primary_key=True)
    name = Column(String(80))


def session() -> Session:
    return Session()


@app.get("/products")  # finding
def products(skip: int = 0, limit: int = 100, db: Session = Depends(session)):
    return db.scalars(select(Product).offset(skip).limit(limit)).all()
```

```python good framework=fastapi
from fastapi import Depends, FastAPI, Query
from sqlalchemy import Column, Integer, String, select
from sqlalchemy.orm import Session, declarative_base

app = FastAPI()
Base = declarative_base()


class Product(Base):
    __tablename__ = "products"
    id = Column(Integer, primary_key=True)
    name = Column(String(80))


def session() -> Session:
    return Session()


@app.get("/products")
def products(skip: int = 0, limit: int = Query(50, ge=1, le=100), db: Session = Depends(session)):
    return db.scalars(select(Product).offset(skip).limit(limit)).all()


@app.get("/products/newest")
def newest(limit: int = 10, db: Session = Depends(session)):
    return db.scalars(select(Product).order_by(Product.id.desc()).limit(min(limit, 100))).all()


@app.get("/products/random")
def some(count: int = 10, db: Session = Depends(session)):
    if count > 50:
        count = 50
    return db.scalars(select(Product).limit(count)).all()
```

```python bad framework=flask
from flask import Flask, jsonify, request
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)


class Product(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(80))


@app.get("/products")  # finding
def products():
    limit = request.args.get("limit", 20, type=int)
    return jsonify([p.name for p in Product.query.limit(limit).all()])
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Hit, Related, Rule, Severity
from counterseal.audit.rules._shared.abuse_growth import own_routes
from counterseal.audit.surface.flow import Access, Compare
from counterseal.audit.surface.model import Route, Surface
from counterseal.policy import Policy

_ORDERS = ("<", "<=", ">", ">=")


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    found = [(route, access, name) for route in own_routes(surface) for access, name in list(_open_pages(route))[:1]]
    if not found:
        return
    route, access, name = found[0]
    handler, most = route.handler.rpartition(".")[2], policy.thresholds.max_page_size
    others = f" (so do {len(found) - 1} more routes)" if len(found) > 1 else ""
    yield Hit(
        place=route.place,
        message=f"{route.name} reads as many records as {name!r} says, without a maximum{others}",
        attack=f"An attacker calls {route.name} with {name}=100000000 and makes the server read and send the whole table.",
        fix=f"declare {name} in {handler} as int = Query(50, ge=1, le={most})"
        if route.framework == "fastapi"
        else f"use min({name}, {most}) in {handler}",
        subject="page size",
        route=route.name,
        related=(
            Related(access.place, "this query takes the page size"),
            *(Related(r.place, "the same here") for r, _, _ in found[1:6]),
        ),
    )


def _open_pages(route: Route) -> Iterator[tuple[Access, str]]:
    for access in route.flow.accesses("list"):
        page = access.page
        if page is None or "role" in access.facts or page.may & {"bounded", "listed"}:
            continue
        sent = sorted(label for label in page.inputs() if label.startswith(("in:query:", "in:body:", "in:form:", "in:path:")))
        if sent and not any(_cut_off(route, label) for label in sent):
            yield access, sent[0].rpartition(":")[2]


def _cut_off(route: Route, label: str) -> bool:
    """Whether what the caller sends is compared with a bound."""
    return any(e.op in _ORDERS and label in e.left.may | e.right.may for e in route.flow.of(Compare))


RULE = Rule(
    id="unbounded-page-size",
    title="unbounded page size",
    cwe=(770, 400),
    severity=Severity.LOW,
    confidence=Confidence.MEDIUM,
    since="0.1.0",
    check=_check,
    owasp=("API4:2023", "A06:2025"),
    asvs=("v5.0.0-15.2.2",),
)
