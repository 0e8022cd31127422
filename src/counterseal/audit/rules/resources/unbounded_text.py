"""One field of a schema takes text of any length, and it is stored and sent to others.

Reported, once for each table, where a request's schema bounds some of its texts and forgets others that are stored
and come back in lists. A schema that bounds nothing is not reported here.

## Why it matters

A description of twenty megabytes is accepted once and then sent with every list that contains it, to everyone.

## Remedy

Give each text of the schema a `max_length` that fits its purpose.

## Examples

```python bad framework=fastapi
from fastapi import Depends, FastAPI
from pydantic import BaseModel, Field
from sqlalchemy import Column, Integer, String, Text, select
from sqlalchemy.orm import Session, declarative_base

app = FastAPI()
Base = declarative_base()


class Ticket(Base):
    __tablename__ = "tickets"
    id = Column(Integer, primary_key=True)
    title = Column(String(200))
    description = Column(Text)


class TicketIn(BaseModel):  # finding
    title: str = Field(max_length=200)
    description: str = ""


def session() -> Session:
    return Session()


@app.post("/tickets")
def add(data: TicketIn, db: Session = Depends(session)) -> dict:
    db.add(Ticket(title=data.title, description=data.description))
    db.commit()
    return {}


@app.get("/tickets")
def tickets(db: Session = Depends(session)):
    return db.scalars(select(Ticket).limit(50)).all()
```

```python good framework=fastapi
from fastapi import Depends, FastAPI
from pydantic import BaseModel, Field
from sqlalchemy import Column, Integer, String, Text, select
from sqlalchemy.orm import Session, declarative_base

app = FastAPI()
Base = declarative_base()


class Ticket(Base):
    __tablename__ = "tickets"
    id = Column(Integer, primary_key=True)
    title = Column(String(200))
    description = Column(Text)


class TicketIn(BaseModel):
    title: str = Field(max_length=200)
    description: str = Field(default="", max_length=10_000)
    search_hint: str = ""  # not stored


def session() -> Session:
    return Session()


@app.post("/tickets")
def add(data: TicketIn, db: Session = Depends(session)) -> dict:
    db.add(Ticket(title=data.title, description=data.description))
    db.commit()
    return {}


@app.get("/tickets")
def tickets(db: Session = Depends(session)):
    return db.scalars(select(Ticket).limit(50)).all()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Hit, Related, Rule, Severity
from counterseal.audit.rules._shared.abuse_growth import own_routes
from counterseal.audit.surface.flow import Access, Store
from counterseal.audit.surface.model import DataModel, Route, Surface
from counterseal.audit.surface.vocabulary import PASSWORD_LIKE, TOKEN_NAME
from counterseal.policy import Policy


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    listed = {a.models[0] for r in own_routes(surface) for a in r.flow.accesses("list") if a.models}
    found: dict[str, list[tuple[Route, DataModel, list[str]]]] = {}
    for route in own_routes(surface):
        for given in route.inputs:
            schema = surface.models.get(given.model) if given.model and given.source in ("body", "form") else None
            names = _open_texts(schema) if schema is not None else []
            for table, stored in _stored(route, names, surface):
                if table in listed and stored and schema is not None:
                    found.setdefault(table, []).append((route, schema, stored))
    for table, uses in found.items():
        yield _hit(table, uses)


def _open_texts(schema: DataModel) -> list[str]:
    """Texts without a bound, in a schema that bounds others."""
    texts = [
        f
        for f in schema.fields.values()
        if f.type == "str" and not PASSWORD_LIKE.search(f.name) and not TOKEN_NAME.search(f.name)
    ]
    if not any(f.bounded for f in texts):
        return []
    return [f.name for f in texts if not f.bounded and not f.constrained]


def _stored(route: Route, names: list[str], surface: Surface) -> Iterator[tuple[str, list[str]]]:
    """(table, the texts that it takes) for what the route creates or changes."""
    for event in route.flow.among(Access, Store):
        if "role" in event.facts:
            continue
        if isinstance(event, Access) and event.verb in ("create", "update") and event.models:
            yield event.models[0], [n for n in names if _written(event, n, surface)]
        elif isinstance(event, Store) and "new" not in event.target.may:
            for table in (label[3:] for label in event.target.may if label.startswith("db:")):
                model = surface.models.get(table)
                fields = model.fields if model is not None else {}
                yield (
                    table,
                    [n for n in names if n in fields and (event.name == n or event.name == "*") and _sent(event.value.may, n)],
                )


def _written(event: Access, name: str, surface: Surface) -> bool:
    """Whether a field of the body goes into the column of its name, by itself or with all others (``**data``)."""
    columns = dict(event.values)
    model = surface.models.get(event.models[0])
    if name not in columns and "**" in columns and model is not None and name in model.fields:
        return _sent(columns["**"].may, name)
    return name in columns and _sent(columns[name].may, name)


def _sent(labels: frozenset[str], name: str) -> bool:
    return any(label in (f"in:body:{name}", f"in:form:{name}", "in:body", "in:form") for label in labels)


def _hit(table: str, uses: list[tuple[Route, DataModel, list[str]]]) -> Hit:
    route, schema, names = uses[0]
    others = {u[1].name: u[1] for u in uses[1:] if u[1].name != schema.name}
    fields = ", ".join(f"{schema.name}.{n}" for n in names)
    more = f" (and the same in {', '.join(others)})" if others else ""
    return Hit(
        place=schema.place,
        message=f"{fields} takes text of any length, which is stored and sent with every list of {table}{more}",
        attack=f"A user sends some megabytes in {names[0]} to {route.name} a few times, and every list that "
        "contains them becomes as slow and large.",
        fix=f"{names[0]}: str = Field(max_length=...) in {schema.name}" + (f", and in {', '.join(others)}" if others else ""),
        subject=f"{table} {names[0]}",
        route=route.name,
        related=(Related(route.place, "takes it"), *(Related(m.place, "the same here") for m in others.values())),
    )


RULE = Rule(
    id="unbounded-text",
    title="unbounded text",
    cwe=(770, 400),
    severity=Severity.LOW,
    confidence=Confidence.MEDIUM,
    since="0.1.0",
    check=_check,
    owasp=("API4:2023", "A06:2025"),
    asvs=("v5.0.0-2.2.1",),
)
