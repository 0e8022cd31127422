"""Callers get to see the text of internal errors.

Reported where the text of an exception that was caught as a whole (`except Exception`), or a traceback, goes into an answer.
The message of an exception of one kind that the program expects (`except ValueError`) is not reported.

## Why it matters

The text of an unexpected error says what the program is made of: SQL statements, paths, host names, versions. It also answers
the question whether an injection got through.

## Remedy

Log the exception (`logger.exception("...")`) and answer with a text of your own and a number under which you find it in the
log.

## Examples

```python bad framework=flask
import sqlite3

from flask import Flask, jsonify

app = Flask(__name__)


@app.get("/orders")
def orders():
    try:
        rows = sqlite3.connect("app.db").execute("SELECT id FROM orders").fetchall()
    except Exception as error:
        return jsonify(error=str(error)), 500  # finding
    return jsonify(orders=[row[0] for row in rows])
```

```python good framework=flask
import logging
import sqlite3

from flask import Flask, jsonify

app = Flask(__name__)


@app.get("/orders")
def orders():
    try:
        rows = sqlite3.connect("app.db").execute("SELECT id FROM orders").fetchall()
    except Exception:
        logging.exception("orders cannot be read")
        return jsonify(error="internal error"), 500
    return jsonify(orders=[row[0] for row in rows])
```

```python bad framework=fastapi
from fastapi import FastAPI, HTTPException

app = FastAPI()


@app.get("/rate")
def rate(amount: str) -> dict:
    try:
        return {"rate": 1 / float(amount)}
    except Exception as error:
        raise HTTPException(status_code=500, detail=f"failed: {error}")  # finding
```

```python good framework=fastapi
from fastapi import FastAPI, HTTPException

app = FastAPI()


@app.get("/rate")
def rate(amount: str) -> dict:
    try:
        return {"rate": 1 / float(amount)}
    except ValueError as error:
        raise HTTPException(status_code=422, detail=str(error))
```
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from counterseal.audit.findings import Confidence, Hit, Place, Related, Rule, Severity
from counterseal.audit.surface.flow import Event, Raise, Return
from counterseal.audit.surface.model import Route, Surface
from counterseal.audit.surface.values import NONE
from counterseal.guarantees import Guarantee
from counterseal.policy import Policy

_SERVER_ERROR = 500


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    by_file: dict[str, dict[Place, tuple[Route, Event]]] = {}
    for route in surface.routes:
        for event in route.flow.among(Return, Raise):
            if _tells(event):
                by_file.setdefault(event.place.file, {}).setdefault(event.place, (route, event))
    for found in by_file.values():
        yield _hit(found)


def _tells(event: Event) -> bool:
    """Whether an answer carries the text of an unexpected error."""
    if not isinstance(event, Return | Raise):
        return False
    labels = event.value.may if isinstance(event, Return) else event.message.may
    if "traceback" in labels or "error:broad" in labels:
        return True
    return "error" in labels and event.status is not None and event.status >= _SERVER_ERROR


def _hit(found: Mapping[Place, tuple[Route, Event]]) -> Hit:
    """One finding a file: it is one habit. The first place that anyone can reach stands for it."""
    order = sorted(found, key=lambda place: (found[place][0].holds(Guarantee.AUTHENTICATED), place.line))
    first, *others = order
    route, event = found[first]
    labels = event.value.may if isinstance(event, Return) else event.message.may if isinstance(event, Raise) else NONE
    what = "a traceback" if "traceback" in labels else "the text of the exception"
    return Hit(
        place=first,
        message=f"{what} is part of the answer" + (f" (and in {len(others)} more places of this file)" if others else ""),
        attack="An attacker provokes errors and reads statements, paths and versions, or sees whether an injection got through.",
        fix='log it with logger.exception("...") and answer with a text of your own',
        subject=event.function,
        route=route.name,
        related=tuple(Related(place, f"here too: {found[place][0].name}") for place in others),
    )


RULE = Rule(
    id="error-details",
    title="internal errors shown to callers",
    cwe=(209, 497),
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=_check,
    owasp=("A10:2025", "API8:2023"),
    asvs=("v5.0.0-16.5.1",),
)
