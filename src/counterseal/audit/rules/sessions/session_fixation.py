"""A session keeps the id that it had before somebody signed in.

Reported where the value of a session cookie can come from the request itself, and where a sign-in writes an identity into a
session that is kept on the server without starting a new one. Sessions that live in a signed cookie have no id to fix and are
not reported.

## Why it matters

An attacker opens a session, gives its id to a victim (a link, a shared computer, a cookie of a sister domain) and waits. When
the victim signs in, the session that the attacker knows is signed in.

## Remedy

Make a new id when somebody signs in: `session.clear()` and a fresh session, or a new random value for the cookie. Never take it
from the request.

## Examples

```python bad framework=fastapi
import secrets

from fastapi import Cookie, FastAPI, Response

app = FastAPI()
SESSIONS = {}


@app.post("/login")
def login(name: str, response: Response, sid: str | None = Cookie(None)) -> dict:
    session_id = sid or secrets.token_urlsafe(32)
    SESSIONS[session_id] = name
    response.set_cookie("sid", session_id, httponly=True, secure=True)  # finding
    return {"ok": True}
```

```python good framework=fastapi
import secrets

from fastapi import FastAPI, Response

app = FastAPI()
SESSIONS = {}


@app.post("/login")
def login(name: str, response: Response) -> dict:
    session_id = secrets.token_urlsafe(32)
    SESSIONS[session_id] = name
    response.set_cookie("sid", session_id, httponly=True, secure=True)
    return {"ok": True}
```

```python bad framework=flask
from flask import Flask, jsonify, request, session
from flask_session import Session

app = Flask(__name__)
app.config["SESSION_TYPE"] = "redis"
Session(app)


@app.post("/login")
def login():
    session["user_id"] = check(request.json)  # finding
    return jsonify(ok=True)
```

```python good framework=flask
from flask import Flask, jsonify, request, session
from flask_session import Session

app = Flask(__name__)
app.config["SESSION_TYPE"] = "redis"
Session(app)


@app.post("/login")
def login():
    user_id = check(request.json)
    session.clear()
    app.session_interface.regenerate(session)
    session["user_id"] = user_id
    return jsonify(ok=True)
```

```python good framework=flask
from flask import Flask, jsonify, request, session

app = Flask(__name__)


@app.post("/login")
def login():
    session["user_id"] = check(request.json)
    return jsonify(ok=True)
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Exposure, Hit, Place, Rule, Severity
from counterseal.audit.rules.sessions._cookies import cookie_name
from counterseal.audit.rules.usage import by_route, each, function_name, settings
from counterseal.audit.surface.flow import Call, Event, Flow, Store
from counterseal.audit.surface.model import Surface
from counterseal.policy import Policy

_SESSION_COOKIE = re.compile(
    r"^(__Host-|__Secure-)?(.*[_-])?(sid|sess|session|session[_-]?id|sessionid|phpsessid|jsessionid)$", re.IGNORECASE
)
_SIGN_IN = re.compile(r"log[_-]?in|sign[_-]?(in|up)|register|authenticate|callback", re.IGNORECASE)
_WHO = re.compile(
    r"(^|_)(user|uid|userid|account|login|logged|auth|authenticated|admin|member|principal|customer)(_|$)", re.IGNORECASE
)
_RENEWS = re.compile(r"(^|\.)(clear|regenerate\w*|new_session|cycle_key|rotate\w*|renew\w*|invalidate)$")


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    for use in each(surface, "set-cookie"):
        value = use.roles.get("value")
        if (
            value is not None
            and _SESSION_COOKIE.match(cookie_name(use))
            and _SIGN_IN.search(f"{use.route} {function_name(use.call)}")
            and any(x.startswith(("in:cookie", "in:query", "in:form", "in:body")) for x in value.may)
        ):
            message = f"the session cookie {cookie_name(use)} can get a value that the request brings along"
            yield _hit(
                use.place, message, "make the value with secrets.token_urlsafe(32) at every sign-in", use.call.function, use.route
            )
    if _on_server(surface):
        yield from _not_renewed(surface)


def _on_server(surface: Surface) -> bool:
    """Whether sessions are kept on the server, under an id that the browser holds."""
    kinds = [setting.value.const for setting in settings(surface, "SESSION_TYPE")]
    return any(isinstance(kind, str) and kind not in ("null", "cookie", "securecookie") for kind in kinds)


def _not_renewed(surface: Surface) -> Iterator[Hit]:
    for route in surface.routes:
        written = next(filter(_signs_in, route.flow.among(Call, Store)), None)
        if written is not None and not _renewed(route.flow):
            message = "signing in keeps the id of the session from before"
            yield _hit(
                written.place,
                message,
                "call session.clear() and start a new session id before the identity is written",
                route.name,
                route.name,
            )


def _signs_in(event: Event) -> bool:
    """Whether an event makes somebody's session out of one that was nobody's."""
    if isinstance(event, Call):
        return event.kind == "sign-in-session"
    return (
        isinstance(event, Store) and "auth" not in event.facts and "session" in event.target.may and bool(_WHO.search(event.name))
    )


def _renewed(flow: Flow) -> bool:
    return any(_RENEWS.search(call.name) for call in flow.of(Call))


def _hit(place: Place, message: str, fix: str, subject: str, route: str | None) -> Hit:
    return Hit(
        place=place,
        message=message,
        attack="An attacker gives a victim a session id that they know, and uses the session once the victim has signed in.",
        fix=fix,
        subject=subject,
        route=route,
        exposure=Exposure.ANYONE,
    )


RULE = Rule(
    id="session-fixation",
    title="session id kept over sign-in",
    cwe=(384,),
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    since="0.1.0",
    check=by_route(_check),
    owasp=("A07:2025", "API2:2023"),
    asvs=("v5.0.0-7.2.4",),
)
