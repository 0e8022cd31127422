"""Numbers that name records can be predicted.

Reported are account, card, order and reference numbers that come from `random`, from `uuid1`, or from the time alone.

## Why it matters

Such a number is often all that somebody needs to ask for a record, to pay into it, or to claim it. When the next number follows
from the last ones, everyone can walk through all of them.

## Remedy

Take identifiers that are handed out from `secrets` or `uuid.uuid4()`, and check on every request that the record is the
caller's.

## Examples

```python bad framework=flask
import random
import string

from flask import Flask, jsonify

app = Flask(__name__)


def generate_account_number():
    return "".join(random.choices(string.digits, k=10))  # finding


@app.post("/accounts")
def open_account():
    return jsonify(number=generate_account_number())
```

```python good framework=flask
import secrets

from flask import Flask, jsonify

app = Flask(__name__)


def generate_account_number():
    return f"{secrets.randbelow(10**10):010}"


@app.post("/accounts")
def open_account():
    return jsonify(number=generate_account_number())
```

```python bad framework=fastapi
import time

from fastapi import FastAPI
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Payment(Base):
    __tablename__ = "payments"
    id: Mapped[int] = mapped_column(primary_key=True)
    payment_reference: Mapped[str]
    paid_at: Mapped[float]


app = FastAPI()


@app.post("/payments")
def pay(db: Session) -> dict:
    reference = f"PAY{int(time.time())}"  # finding
    db.add(Payment(payment_reference=reference))
    db.commit()
    return {"reference": reference}
```

```python good framework=fastapi
import time
import uuid

from fastapi import FastAPI
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Payment(Base):
    __tablename__ = "payments"
    id: Mapped[int] = mapped_column(primary_key=True)
    payment_reference: Mapped[str]
    paid_at: Mapped[float]


app = FastAPI()


@app.post("/payments")
def pay(db: Session) -> dict:
    reference = f"PAY{uuid.uuid4()}"
    db.add(Payment(payment_reference=reference, paid_at=time.time()))
    db.commit()
    return {"reference": reference}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Hit, Place, Rule, Severity
from counterseal.audit.rules.crypto._random import WEAK, weak_values
from counterseal.audit.rules.crypto._sinks import is_identifier, is_secret, makes_identifier, makes_secret, named
from counterseal.audit.rules.usage import by_route, flows
from counterseal.audit.surface.flow import Access, Call, Event, Flow, Return
from counterseal.audit.surface.model import Surface
from counterseal.audit.surface.values import Value
from counterseal.policy import Policy

_TIME = {"time"}


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    secret = {found.call.place for found in weak_values(surface, is_secret, makes_secret)}
    seen = set(secret)
    for found in weak_values(surface, is_identifier, makes_identifier):
        if found.call.place not in seen:
            seen.add(found.call.place)
            source = f"{found.call.name}, whose results can be computed from earlier ones"
            yield _hit(found.call.place, found.what, source, found.call.function, found.route)
    for route, flow in flows(surface):
        for name, value, kept in _timed(flow):
            call = _clock(flow, value, kept)
            if call is not None and call.place not in seen:
                seen.add(call.place)
                yield _hit(call.place, f"the {name}", "the time alone", call.function, route)


def _timed(flow: Flow) -> Iterator[tuple[str, Value, Event]]:
    """Identifiers that are the time and nothing else that could not be known."""
    for event in flow.among(Return, Access):
        if isinstance(event, Return) or (isinstance(event, Access) and event.verb == "create"):
            for name, value in named(event):
                if is_identifier(name) and value.may and value.may <= _TIME and (value.kind == "text" or value.type == "str"):
                    yield name, value, event


def _clock(flow: Flow, value: Value, kept: Event) -> Call | None:
    """The reading of the clock that a value was made from."""
    parts = value.items if isinstance(value.items, list) else []
    names = {part.name for part in parts if isinstance(part, Value)}
    before = [c for c in flow.of(Call) if c.kind not in WEAK and c.seq < kept.seq and c.result.must >= _TIME]
    fitting = [call for call in before if call.name.rpartition(".")[2] in names]
    return (fitting or before)[-1] if before else None


def _hit(place: Place, what: str, source: str, subject: str, route: str | None) -> Hit:
    return Hit(
        place=place,
        message=f"{what} comes from {source}",
        attack="An attacker computes the numbers of other people's records and asks for, or uses, one after the other.",
        fix='make it with uuid.uuid4(), or f"{secrets.randbelow(10**10):010}" where it must be a number',
        subject=subject,
        route=route,
    )


RULE = Rule(
    id="predictable-identifier",
    title="predictable numbers of records",
    cwe=(340, 330, 338),
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    since="0.1.0",
    check=by_route(_check),
    owasp=("A04:2025", "API1:2023"),
    asvs=("v5.0.0-11.5.1",),
)
