"""Secrets are written to the log.

Reported is a line of the log that holds a code, token or link which was just made for somebody (a reset code, an invitation), a
password as the request sent it, or a stored password hash, key or code.

## Why it matters

Logs are copied: to files, to collectors, to support tickets. Whoever reads them opens every account whose reset code they find.
A common form is a mail that goes to the log when no mail server is set up, which is the default on the first day in production.

## Remedy

Log that it happened and for whom, not the secret. Where no mail server is configured, fail when the application starts, or write
the mail to the log only under an explicit development setting.

## Examples

```python bad framework=flask
import logging
import os
import secrets

from flask import Flask, request

app = Flask(__name__)
log = logging.getLogger(__name__)


def send(address, text):
    if not os.environ.get("SMTP_HOST"):
        log.warning("No mail server. Mail to %s: %s", address, text)  # finding


@app.post("/forgot-password")
def forgot_password():
    code = secrets.token_urlsafe(16)
    send(request.form["email"], f"Your reset code is {code}")
    return "", 204
```

```python good framework=flask
import logging
import os
import secrets
import smtplib

from flask import Flask, request

app = Flask(__name__)
log = logging.getLogger(__name__)


def send(address, text):
    with smtplib.SMTP(os.environ["SMTP_HOST"]) as server:
        server.sendmail("shop@example.com", address, text)
    log.info("Reset code sent to %s", address)


@app.post("/forgot-password")
def forgot_password():
    code = secrets.token_urlsafe(16)
    send(request.form["email"], f"Your reset code is {code}")
    return "", 204
```

```python bad framework=fastapi
import logging

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
log = logging.getLogger(__name__)


class Login(BaseModel):
    email: str
    password: str


@app.post("/login")
def login(data: Login) -> dict:
    log.info("Login of %s with %s", data.email, data.password)  # finding
    return {}
```

```python good framework=fastapi
import logging
import uuid

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
log = logging.getLogger(__name__)


class Login(BaseModel):
    email: str
    password: str


@app.post("/login")
def login(data: Login) -> dict:
    request_id = uuid.uuid4()
    log.info("Login of %s, request %s", data.email, request_id)
    return {}
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Hit, Rule, Severity
from counterseal.audit.rules._shared.access_words import is_credential_field
from counterseal.audit.rules.usage import Use, each
from counterseal.audit.surface.model import Surface
from counterseal.audit.surface.values import Value
from counterseal.audit.surface.vocabulary import PASSWORD_LIKE
from counterseal.policy import Policy

_SECRET_WORD = re.compile(
    r"\b(codes?|tokens?|passwords?|passcodes?|secrets?|pins?|otps?|reset|invit\w*|verif\w*|activat\w*|confirm\w*|api.?keys?)\b",
    re.IGNORECASE,
)
_DEEPEST = 4


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    for use in each(surface, "log"):
        words = " ".join(_constants(value, 0) for value in use.call.args)
        for value in [*use.call.args, *use.call.kwargs.values()]:
            found = _secret(value, words, policy, 0)
            if found:
                yield _hit(use, found)
                break


def _constants(value: Value, depth: int) -> str:
    """The constant text in and around a value."""
    if isinstance(value.const, str):
        return value.const
    if not isinstance(value.items, list) or depth > _DEEPEST:
        return ""
    return " ".join(part if isinstance(part, str) else _constants(part, depth + 1) for part in value.items)


def _secret(value: Value, words: str, policy: Policy, depth: int) -> str:
    """What secret a value is or holds, in words; empty when it is none."""
    if isinstance(value.items, list) and value.kind in ("text", "seq") and depth <= _DEEPEST:
        parts = [part for part in value.items if isinstance(part, Value)]
        return next((found for part in parts if (found := _secret(part, words, policy, depth + 1))), "")
    if value.type in ("bool", "uuid") or value.name in ("len", "count"):
        return ""
    name = value.name or ""
    if any(PASSWORD_LIKE.search(label.rpartition(":")[2]) for label in value.must if label.startswith(("in:body:", "in:form:"))):
        return "a password that a request sent"
    if any(label.startswith("db:") for label in value.may) and is_credential_field(name, policy):
        return f"the stored {name}"
    if value.may & {"random:strong", "random:weak"} and (
        _SECRET_WORD.search(words) or _SECRET_WORD.search(name.replace("_", " "))
    ):
        return "a secret that was just made for somebody"
    return ""


def _hit(use: Use, found: str) -> Hit:
    function = use.call.function.rpartition(".")[2]
    return Hit(
        place=use.place,
        message=f"{function} writes {found} to the log",
        attack="Whoever reads the log, a copy of it, or what a collector made of it, takes over the account it belongs to.",
        fix=f"In {function} ({use.place.file}:{use.place.line}), log whom it concerns and leave the secret out.",
        subject=use.call.function,
        route=use.route,
    )


RULE = Rule(
    id="secret-in-log",
    title="secret in the log",
    cwe=(532, 200),
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    since="0.1.0",
    check=_check,
    owasp=("A09:2025", "API8:2023"),
    asvs=("v5.0.0-16.2.5",),
)
