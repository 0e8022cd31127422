"""Nobody can tell afterwards who did it.

Reported, once for each route, where the security model asks for a record and the code writes none: add `audited` to
`owes.privileged` or `owes.sign_in`, or give a route rule `audited = true`. Without a policy that asks, nothing is
reported. A record is a row in a table of its own (audit, history, event), a call of an audit library, or a log
message that names the caller.

## Why it matters

When rights were granted, prices changed or data exported by somebody who should not have, the first question is who
did it, when, and from what to what. An access log says that some request was made; it does not say by whom.

## Remedy

Write a record in the same transaction as the change: time, caller, action, object, old and new value, outcome. Record
refusals too, and failed sign-ins with the account that was tried, never with the password.

## Examples

```toml
[owes]
privileged = ["authenticated", "authorized", "audited"]
```

```python bad framework=fastapi
import os

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer
from sqlalchemy import Boolean, Column, Integer
from sqlalchemy.orm import Session, declarative_base

app = FastAPI()
Base = declarative_base()
scheme = OAuth2PasswordBearer("login")


class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    is_admin = Column(Boolean)
    is_active = Column(Boolean)


def session() -> Session:
    return Session()


def admin(token: str = Depends(scheme), db: Session = Depends(session)) -> User:
    claims = jwt.decode(token, os.environ["KEY"], algorithms=["HS256"])
    user = db.get(User, int(claims["sub"]))
    if user is None:
        raise HTTPException(401)
    if not user.is_admin:
        raise HTTPException(403)
    return user


@app.post("/admin/users/{user_id}/ban")  # finding
def ban(user_id: int, caller: User = Depends(admin), db: Session = Depends(session)) -> dict:
    db.get(User, user_id).is_active = False
    db.commit()
    return {"ok": True}
```

```toml
[owes]
privileged = ["authenticated", "authorized", "audited"]
```

```python good framework=fastapi
import logging
import os

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer
from sqlalchemy import Boolean, Column, Integer
from sqlalchemy.orm import Session, declarative_base

app = FastAPI()
Base = declarative_base()
scheme = OAuth2PasswordBearer("login")
log = logging.getLogger("audit")


class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    is_admin = Column(Boolean)
    is_active = Column(Boolean)


def session() -> Session:
    return Session()


def admin(token: str = Depends(scheme), db: Session = Depends(session)) -> User:
    claims = jwt.decode(token, os.environ["KEY"], algorithms=["HS256"])
    user = db.get(User, int(claims["sub"]))
    if user is None:
        raise HTTPException(401)
    if not user.is_admin:
        raise HTTPException(403)
    return user


@app.post("/admin/users/{user_id}/ban")
def ban(user_id: int, caller: User = Depends(admin), db: Session = Depends(session)) -> dict:
    db.get(User, user_id).is_active = False
    db.commit()
    log.info("user %s banned by %s", user_id, caller.id)
    return {"ok": True}
```

```python good framework=flask
from flask import Flask

app = Flask(__name__)


@app.post("/admin/cache/clear")
def clear_cache():
    return "", 204  # no policy asks for a record
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Hit, Rule, Severity
from counterseal.audit.rules._shared.abuse_growth import own_routes
from counterseal.audit.surface.model import Route, Surface
from counterseal.guarantees import Guarantee, State
from counterseal.policy import Policy


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    for route in own_routes(surface):
        cell = route.cells.get(Guarantee.AUDITED)
        if cell is not None and cell.state is State.MISSING:
            yield _hit(route)


def _hit(route: Route) -> Hit:
    name = route.handler.rpartition(".")[2]
    if "sign_in" in route.kinds:
        what = "leaves no record of who signed in, nor of failed attempts"
        attack = "An attacker guesses passwords, and afterwards nobody can say whose account was tried or entered."
        fix = f"record every attempt in {name} with time, account and outcome, never with the password"
    else:
        what = "leaves no record of who did it"
        attack = f"An insider, or whoever took over an account, uses {route.name}, and afterwards nobody can say who it was."
        fix = f"in {name}, write a record with time, caller, action, object and outcome, in the same transaction as the change"
    return Hit(route.place, f"{route.name} {what}, and the policy asks for one", attack, fix, route.name, route=route.name)


RULE = Rule(
    id="missing-audit-trail",
    title="missing audit trail",
    cwe=(778,),
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    since="0.1.0",
    check=_check,
    owasp=("A09:2025",),
    asvs=("v5.0.0-16.3.1", "v5.0.0-16.3.3"),
)
