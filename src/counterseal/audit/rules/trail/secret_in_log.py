"""Passwords, tokens or codes are written to a log.

Reported are log messages and prints that contain a password, a token, a one-time code, a key or the address of a
webhook, or the whole body of a request in which a password stands. So are mails that are written to the log instead
when no mail server is configured: that is the default, also in operation. What a debug setting has to switch on is
not reported.

## Why it matters

Logs are kept for long, copied to other systems, and read by people who must not know these secrets. A reset code in a
log is the account of whoever asked for it; a password in a log often opens other services too.

## Remedy

Log that something happened and for which account, not the secret. Take prints out that were used to find a fault.

## Examples

```python bad framework=flask
import logging
import secrets

from flask import Flask, request

app = Flask(__name__)
log = logging.getLogger(__name__)


@app.post("/login")
def login():
    password = request.json["password"]
    log.info("login of %s with %s", request.json["email"], password)  # finding
    return "", 204


@app.post("/reset")
def reset():
    reset_code = str(secrets.randbelow(1_000_000))
    print(f"code for {request.json['email']}: {reset_code}")  # finding
    return "", 204
```

```python good framework=flask
import logging
import secrets

from flask import Flask, request

app = Flask(__name__)
log = logging.getLogger(__name__)


@app.post("/login")
def login():
    password = request.json["password"]
    log.info("login of %s, %d characters", request.json["email"], len(password))
    return "", 204


@app.post("/reset")
def reset():
    reset_code = str(secrets.randbelow(1_000_000))
    if app.config["DEBUG"]:
        log.warning("the code is %s", reset_code)
    return "", 204


@app.post("/answers")
def answer():
    log.info("used %d tokens", request.json["max_tokens"])
    return "", 204
```

```python bad framework=fastapi
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Credentials(BaseModel):
    email: str
    password: str


@app.post("/login")
def login(data: Credentials) -> dict:
    print("login", data.password)  # finding
    return {}
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Exposure, Hit, Place, Related, Rule, Severity
from counterseal.audit.rules._shared.abuse_answers import deciding
from counterseal.audit.surface.flow import Branch, Call, Flow
from counterseal.audit.surface.model import Route, Surface
from counterseal.audit.surface.values import Value
from counterseal.policy import Policy

_SECRET = re.compile(
    r"(^|_)(passwords?|passwd|pwd|passphrase|secret(_?key)?|api_?key|access_?key|private_?key|(access|refresh|reset|auth|session|bearer|id|jwt)?_?token|jwt|"
    r"otp|totp|pin|reset_?pin|(reset|verification|confirmation|activation|one_?time|auth|sms|login)(_password)?_?code|card_?number|cvv|cvc|webhook_?url)$",
    re.IGNORECASE,
)
_PRINTS = frozenset({"builtins.print", "sys.stdout.write", "sys.stderr.write"})
_HANDED_OUT = re.compile(
    r"\b(codes?|tokens?|pass(word|code)s?|secrets?|pins?|otps?|reset|invit\w*|verif\w*|activat\w*)\b", re.IGNORECASE
)
_STORED = re.compile(r"(password|passwd|pwd)_?(hash|digest)|(hashed|encrypted)_?password", re.IGNORECASE)
_DEVELOPER = re.compile(r"(^|_)(debug|dev|development|verbose|test(ing)?|local)($|_)", re.IGNORECASE)
_HARMLESS = frozenset({"hash:password", "hash:fast"})
_DEEPEST = 4


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    found: dict[tuple[str, str], list[tuple[Call, bool, str | None]]] = {}
    seen: set[Place] = set()
    for route, flow in [*((r, r.flow) for r in surface.routes), *((None, f) for f in surface.flows)]:
        for call in flow.calls():
            if call.place in seen or not (call.kind == "log" or call.name in _PRINTS):
                continue
            name = _secret(call, flow) or _made(call, flow, route)
            condition = deciding(flow, call)
            if name and not _debugging(condition):
                seen.add(call.place)
                aside = condition is not None and condition.refused
                found.setdefault((call.function, name), []).append((call, aside, route.name if route is not None else None))
    for (_, name), calls in found.items():
        yield _hit(name, calls)


def _secret(call: Call, flow: Flow) -> str:
    """The name of the secret that is written; empty when there is none."""
    for value in [*call.args, *call.kwargs.values()]:
        name = _named(value)
        if name:
            return name
        if _whole_body(value) and _carries_password(flow):
            return "the request body with the password"
    return ""


def _made(call: Call, flow: Flow, route: Route | None) -> str:
    """The name of a token or one-time code that was made for somebody and is written."""
    tokens = {c.result.name for c in flow.calls("token-encode", "signer-dump")}
    codes = {c.result.name for c in flow.calls("random-strong", "random-weak") if c.name.startswith(("secrets.", "random."))}
    values = list(_parts([*call.args, *call.kwargs.values()]))
    words = " ".join(w for v in values for w in [v.const, *(v.items if isinstance(v.items, list) else ())] if isinstance(w, str))
    handed_out = route is not None and bool(route.kinds & {"sign_up", "reset", "one_time_code", "costly"})
    for value in values:
        if value.name in tokens:
            return "token"
        if value.name in codes and (handed_out or _HANDED_OUT.search(words)):
            return "code"
    return ""


def _parts(values: list[Value], depth: int = 0) -> Iterator[Value]:
    for value in values:
        yield value
        if depth < _DEEPEST and isinstance(value.items, list):
            yield from _parts([item for item in value.items if isinstance(item, Value)], depth + 1)


def _named(value: Value, depth: int = 0) -> str:
    if value.is_const or (value.type in ("bool", "int") and not value.may) or depth > _DEEPEST:
        return ""
    if isinstance(value.items, list) and value.kind in ("text", "seq"):
        found = (_named(item, depth + 1) for item in value.items if isinstance(item, Value))
        return next((name for name in found if name), "")
    if value.kind == "dict" and isinstance(value.items, dict):
        found = (_named(item, depth + 1) for item in value.items.values() if isinstance(item, Value))
        return next((name for name in found if name), "")
    if value.may & _HARMLESS or "error" in value.may:
        return ""
    if _STORED.search(value.name) and any(label.startswith("db:") for label in value.may):
        return value.name
    names = [value.name, *(label.rpartition(":")[2] for label in value.must if label.startswith("in:"))]
    return next((name for name in names if name and _SECRET.search(name)), "")


def _whole_body(value: Value) -> bool:
    return bool(value.may) and value.may <= {"in:body", "in:form"}


def _carries_password(flow: Flow) -> bool:
    sent = {label for c in flow.calls() for v in [*c.args, *c.kwargs.values()] for label in v.may}
    sent |= {label for a in flow.accesses() for c in a.conditions for label in c.value.may}
    sent |= {label for a in flow.accesses() for _, v in a.values for label in v.may}
    return any(label.startswith(("in:body:", "in:form:")) and _SECRET.search(label.rpartition(":")[2]) for label in sent)


def _debugging(condition: Branch | None) -> bool:
    """Whether a setting for developers must be on: that is their choice, and off in operation."""
    if condition is None:
        return False
    value = condition.value
    flags = [value.name, *(label.rpartition(":")[2] for label in value.may if label.startswith("env:"))]
    return any(_DEVELOPER.search(flag) for flag in flags)


def _hit(name: str, calls: list[tuple[Call, bool, str | None]]) -> Hit:
    """One report for a function and a secret, at the message that is written when all goes well."""
    call, _, route = next((c for c in calls if not c[1]), calls[0])
    function = call.function.rpartition(".")[2]
    shown = name if " " in name else repr(name)
    return Hit(
        place=call.place,
        message=f"{function} writes {shown} to the log",
        attack="Whoever can read the logs, or a copy of them, takes over the accounts whose secrets stand there.",
        fix=f"leave {shown} out of the messages of {function}; name the account instead",
        subject=f"{function} {name}",
        route=route,
        exposure=Exposure.OPERATOR,
        related=tuple(Related(c.place, "the same here") for c, _, _ in calls if c is not call),
    )


RULE = Rule(
    id="secret-in-log",
    title="secret in a log",
    cwe=(532,),
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    since="0.1.0",
    check=_check,
    owasp=("A09:2025",),
    asvs=("v5.0.0-16.2.5",),
)
