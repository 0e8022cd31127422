"""A cookie that says who somebody is lacks its protection.

Reported are cookies for sessions and tokens that are set without `httponly` or `secure`, and session settings that switch these
flags off or leave them off.

## Why it matters

Without `httponly`, any script that gets into a page reads the cookie and sends it away. Without `secure`, the browser also
sends it over plain HTTP, where everyone on the way can read it. With the cookie, they are that user.

## Remedy

Set `httponly=True, secure=True, samesite="lax"`; in Flask's configuration `SESSION_COOKIE_SECURE = True`, for Starlette's
sessions `https_only=True`.

## Examples

```python bad framework=fastapi
import secrets

from fastapi import FastAPI, Response

app = FastAPI()


@app.post("/login")
def login(response: Response) -> dict:
    response.set_cookie("session_id", secrets.token_urlsafe(32))  # finding
    response.set_cookie("theme", "dark")
    return {}
```

```python good framework=fastapi
import secrets

from fastapi import FastAPI, Response

app = FastAPI()


@app.post("/login")
def login(response: Response) -> dict:
    response.set_cookie("session_id", secrets.token_urlsafe(32), httponly=True, secure=True)
    response.set_cookie("theme", "dark")
    response.set_cookie("is_user_signed_in", "true")
    return {}


@app.post("/logout")
def logout(response: Response) -> dict:
    response.set_cookie("session_id", "", max_age=0)
    return {}
```

```python bad framework=flask
from flask import Flask, jsonify, request, session

app = Flask(__name__)
app.config["SESSION_COOKIE_HTTPONLY"] = False  # finding
app.config["SESSION_COOKIE_SECURE"] = True


@app.post("/login")
def login():
    session["user_id"] = check(request.json)
    return jsonify(ok=True)
```

```python bad framework=flask
from flask import Flask, jsonify, request, session

app = Flask(__name__)  # finding


@app.post("/login")
def login():
    session["user_id"] = check(request.json)
    return jsonify(ok=True)
```

```python good framework=flask
from flask import Flask, jsonify, request, session

app = Flask(__name__)
app.config.update(SESSION_COOKIE_SECURE=True, SESSION_COOKIE_SAMESITE="Lax")


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
from counterseal.audit.rules.sessions._cookies import cookie_name, is_identity
from counterseal.audit.rules.usage import Use, by_route, each, flows, settings
from counterseal.audit.surface.flow import Store
from counterseal.audit.surface.model import Surface
from counterseal.audit.surface.vocabulary import IDENTITY_KEY
from counterseal.policy import Policy

_NOT_LIVE = re.compile(r"(^|[._])(\w*test\w*|dev\w*|local\w*)(config|settings)?$", re.IGNORECASE)
_SWITCHES = {
    "SESSION_COOKIE_HTTPONLY": "httponly", "SESSION_COOKIE_SECURE": "secure", "REMEMBER_COOKIE_HTTPONLY": "httponly",
    "REMEMBER_COOKIE_SECURE": "secure", "JWT_COOKIE_SECURE": "secure",
}  # fmt: skip
_WHY = {"httponly": "scripts can read it", "secure": "it is sent over plain HTTP too"}


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    for use in each(surface, "set-cookie"):
        missing = [flag for flag in ("httponly", "secure") if _off(use, flag)]
        if missing and is_identity(use):
            name = cookie_name(use) or "the cookie"
            options = ", ".join([*(f"{flag}=True" for flag in missing), *(() if use.given("samesite") else ('samesite="lax"',))])
            yield _hit(use.place, name, missing, f"add {options}", use.route)
    yield from _configured(surface)
    yield from _by_default(surface)


def _off(use: Use, flag: str) -> bool:
    return not use.given(flag) or use.value(flag) is False or (use.value(flag) == "" and flag not in use.roles)


def _configured(surface: Surface) -> Iterator[Hit]:
    for setting in settings(surface, *_SWITCHES):
        if setting.value.const is False and not setting.value.may and not _NOT_LIVE.search(setting.owner):
            flag = _SWITCHES[setting.name.upper()]
            name = f"the cookie of {setting.name.partition('_COOKIE')[0].lower()} ({setting.name} = False)"
            yield _hit(setting.place, name, [flag], f"set {setting.name} = True", None)
    for use in each(surface, "session-start"):
        if "secure" in use.api.roles and _off(use, "secure"):
            yield _hit(use.place, "the session cookie", ["secure"], "add https_only=True", use.route)


def _by_default(surface: Surface) -> Iterator[Hit]:
    """Flask sends its session cookie over plain HTTP unless told otherwise."""
    if any(True for _ in settings(surface, "SESSION_COOKIE_SECURE")) or any(True for _ in each(surface, "security-headers")):
        return
    applications = [app for app in surface.applications if app.framework == "flask"]
    if applications and _session_says_who(surface):
        fix = 'add app.config.update(SESSION_COOKIE_SECURE=True, SESSION_COOKIE_SAMESITE="Lax")'
        yield _hit(applications[0].place, "the session cookie", ["secure"], fix, None)


def _session_says_who(surface: Surface) -> bool:
    return any(
        any(True for _ in flow.calls("sign-in-session"))
        or any("session" in event.target.may and IDENTITY_KEY.search(event.name) for event in flow.of(Store))
        for _, flow in flows(surface)
    )


def _hit(place: Place, name: str, missing: list[str], fix: str, route: str | None) -> Hit:
    scripts = "httponly" in missing
    return Hit(
        place=place,
        message=f"{name} lacks {' and '.join(missing)}: " + ", ".join(_WHY[flag] for flag in missing),
        attack=(
            "A script in any page, injected or from a supplier, reads the cookie, and an attacker is that user."
            if scripts
            else "Whoever is in the same network reads the cookie from one request over plain HTTP, and is that user."
        ),
        fix=fix,
        subject=name,
        route=route,
        severity=Severity.MEDIUM if scripts else None,
        exposure=Exposure.ANYONE,
        cwe=1004 if scripts else 614,
    )


RULE = Rule(
    id="insecure-cookie",
    title="identity cookie without its flags",
    cwe=(614, 1004, 1275),
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=by_route(_check),
    owasp=("A02:2025", "A07:2025", "API8:2023"),
    asvs=("v5.0.0-3.3.1", "v5.0.0-3.3.4"),
)
