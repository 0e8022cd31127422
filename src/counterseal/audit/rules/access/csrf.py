"""Other sites can make a visitor's browser change things with the visitor's session.

Reported once for an application in which a cookie says who is calling, at least one route changes something without a body that
only a script can send, and nothing stands against requests from other sites: no CSRF protection is attached, and the cookie is
not declared `SameSite=Lax` or `Strict`. Routes that take nothing but JSON are left alone: no form of another site can send it.

## Why it matters

A page that the visitor opens somewhere else holds a hidden form for your address. The browser sends it with the visitor's cookie,
and the application does what it says. Some browsers treat cookies without `SameSite` as `Lax` by themselves; others do not.

## Remedy

Set `SameSite` explicitly, and attach a CSRF protection where forms are used: `CSRFProtect(app)` and
`SESSION_COOKIE_SAMESITE = "Lax"` in Flask, `same_site="lax"` in Starlette. Never change anything with GET.

## Examples

```python bad framework=flask
from functools import wraps

from flask import Flask, abort, request, session
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)  # finding
db = SQLAlchemy(app)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(200))


def signed_in(view):
    @wraps(view)
    def guarded(*args, **kwargs):
        if not session.get("user_id"):
            abort(401)
        return view(*args, **kwargs)

    return guarded


@app.post("/email")
@signed_in
def change_email():
    user = db.session.get(User, session["user_id"])
    user.email = request.form["email"]
    db.session.commit()
    return "", 204
```

```python good framework=flask
from functools import wraps

from flask import Flask, abort, request, session
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SESSION_COOKIE_SAMESITE"] = "Lax"
db = SQLAlchemy(app)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(200))


def signed_in(view):
    @wraps(view)
    def guarded(*args, **kwargs):
        if not session.get("user_id"):
            abort(401)
        return view(*args, **kwargs)

    return guarded


@app.post("/email")
@signed_in
def change_email():
    user = db.session.get(User, session["user_id"])
    user.email = request.form["email"]
    db.session.commit()
    return "", 204
```

```python good framework=flask
from functools import wraps

from flask import Flask, abort, request, session
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

app = Flask(__name__)
db = SQLAlchemy(app)
CSRFProtect(app)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(200))


def signed_in(view):
    @wraps(view)
    def guarded(*args, **kwargs):
        if not session.get("user_id"):
            abort(401)
        return view(*args, **kwargs)

    return guarded


@app.post("/email")
@signed_in
def change_email():
    user = db.session.get(User, session["user_id"])
    user.email = request.form["email"]
    db.session.commit()
    return "", 204
```

```python bad framework=fastapi
import os

import jwt
from fastapi import Cookie, Depends, FastAPI, Form, HTTPException, Response
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()  # finding


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]


def get_db() -> Session: ...


@app.post("/start")
def start(response: Response) -> dict:
    response.set_cookie("token", os.urandom(16).hex(), samesite="none", secure=True, httponly=True)
    return {}


def current_user(token: str = Cookie(), db: Session = Depends(get_db)) -> User:
    claims = jwt.decode(token, os.environ["JWT_KEY"], algorithms=["HS256"])
    user = db.get(User, claims["sub"])
    if user is None:
        raise HTTPException(401)
    return user


@app.post("/email")
def change_email(email: str = Form(), user: User = Depends(current_user), db: Session = Depends(get_db)):
    user.email = email
    db.commit()
```

```python good framework=fastapi
import os

import jwt
from fastapi import Depends, FastAPI, Form, HTTPException
from fastapi.security import OAuth2PasswordBearer
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()
scheme = OAuth2PasswordBearer(tokenUrl="/token")


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]


def get_db() -> Session: ...


def current_user(token: str = Depends(scheme), db: Session = Depends(get_db)) -> User:
    claims = jwt.decode(token, os.environ["JWT_KEY"], algorithms=["HS256"])
    user = db.get(User, claims["sub"])
    if user is None:
        raise HTTPException(401)
    return user


@app.post("/email")
def change_email(email: str = Form(), user: User = Depends(current_user), db: Session = Depends(get_db)):
    user.email = email
    db.commit()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Exposure, Hit, Place, Related, Rule, Severity
from counterseal.audit.rules._shared.access_cookies import Defences, defences, defended, identity_cookie, sends_without_script
from counterseal.audit.rules._shared.access_routes import ENTRY_KINDS, claimed, judged
from counterseal.audit.surface.model import Route, Surface
from counterseal.policy import Policy

_MOST = 4


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    open_: dict[str, list[tuple[Route, str]]] = {}
    known: Defences | None = None
    for route in judged(surface):
        if route.kinds & ENTRY_KINDS or not claimed(route):
            continue
        cookie = identity_cookie(route)
        if cookie and sends_without_script(route):
            known = known or defences(surface)
            if not defended(route, cookie, known, surface):
                open_.setdefault(route.app, []).append((route, cookie))
    for app, routes in open_.items():
        yield _hit(app, routes, surface)


def _hit(app: str, routes: list[tuple[Route, str]], surface: Surface) -> Hit:
    first, cookie = routes[0]
    place = next((each.place for each in surface.applications if each.name == app), first.place)
    what = "the session cookie" if cookie == "session" else f"the cookie {cookie}"
    return Hit(
        place=Place(place.file, place.line),
        message=f"Requests that other sites make count: {what} says who is calling, without SameSite or a CSRF token,"
        f" on {len(routes)} routes that change something",
        attack=f"A page of another site holds a hidden form for {first.name}; the visitor's browser sends it with {what}.",
        fix=_fix(first, cookie),
        subject=f"csrf {app.partition(':')[0]}",
        exposure=Exposure.ANYONE,
        related=tuple(Related(route.place, f"{route.name} can be sent by a form") for route, _ in routes[:_MOST]),
    )


def _fix(route: Route, cookie: str) -> str:
    if cookie != "session":
        return f'Set the cookie {cookie} with samesite="Lax" (set_cookie), and attach a CSRF protection where forms are used.'
    if route.framework == "flask":
        return 'Set app.config["SESSION_COOKIE_SAMESITE"] = "Lax" and attach CSRFProtect(app) from flask_wtf.'
    return 'Give SessionMiddleware same_site="lax" and attach a CSRF middleware where forms are used.'


RULE = Rule(
    id="csrf",
    title="cross-site request forgery",
    cwe=(352,),
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    since="0.1.0",
    check=_check,
    owasp=("A01:2025",),
    asvs=("v5.0.0-3.3.2", "v5.0.0-3.5.1"),
)
