"""The certificate of the other side is not checked.

Reported are requests, clients and TLS contexts whose verification is switched off (`verify=False`, `ssl=False`, `CERT_NONE`,
`check_hostname = False`, an unverified context).

## Why it matters

Encryption without checking who is at the other end protects from nobody who can stand in between: they answer with a
certificate of their own, and read and change everything, the tokens and passwords too.

## Remedy

Leave verification on. For a certificate of your own, pass its authority: `verify="/etc/ssl/internal-ca.pem"`.

## Examples

```python bad framework=flask
import requests
from flask import Flask, jsonify

app = Flask(__name__)


@app.get("/rates")
def rates():
    return jsonify(requests.get("https://rates.example.com", verify=False, timeout=5).json())  # finding
```

```python good framework=flask
import requests
from flask import Flask, jsonify

app = Flask(__name__)


@app.get("/rates")
def rates():
    return jsonify(requests.get("https://rates.example.com", verify="/etc/ssl/internal-ca.pem", timeout=5).json())
```

```python bad framework=fastapi
import ssl

import httpx
from fastapi import FastAPI

app = FastAPI()
context = ssl.create_default_context()
context.check_hostname = False  # finding
context.verify_mode = ssl.CERT_NONE  # finding


@app.get("/rates")
async def rates() -> dict:
    async with httpx.AsyncClient(verify=context) as client:
        return (await client.get("https://rates.example.com")).json()
```

```python good framework=fastapi
import httpx
from fastapi import FastAPI

app = FastAPI()


@app.get("/rates")
async def rates() -> dict:
    async with httpx.AsyncClient() as client:
        return (await client.get("https://rates.example.com")).json()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Exposure, Hit, Place, Rule, Severity
from counterseal.audit.rules.usage import Use, by_route, each, knowledge, stores
from counterseal.audit.surface.model import Surface
from counterseal.audit.surface.values import Value
from counterseal.policy import Policy


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    seen: set[Place] = set()
    for use in each(surface, "http-request", "tls-context"):
        if _unchecked(use) and use.place not in seen:
            seen.add(use.place)
            yield _hit(use.place, f"{use.call.name} does not check the certificate", use.call.function, use.route)
    for route, store in stores(surface):
        what = _switched_off(store.name, store.value)
        if what is not None and store.place not in seen:
            seen.add(store.place)
            yield _hit(store.place, what, store.function, route)


def _unchecked(use: Use) -> bool:
    if use.value("verify") is False or use.value("hostname") is False:
        return True
    return any(_unverified(use.roles.get(role)) for role in ("verify", "context"))


def _unverified(value: Value | None) -> bool:
    """Whether a value stands for a context without verification."""
    if value is None:
        return False
    if value.const == "CERT_NONE" or (isinstance(value.ref, str) and value.ref.endswith(".CERT_NONE")):
        return True
    api = knowledge().api(value.ref) if value.kind == "ext" and isinstance(value.ref, str) else None
    return api is not None and api.kind == "tls-context" and api.fixed.get("verify") == "false"


def _switched_off(name: str, value: Value) -> str | None:
    if name == "check_hostname" and value.const is False:
        return "check_hostname = False: a certificate of any other host is accepted"
    if name == "verify_mode" and (_unverified(value) or (value.const == 0 and value.const is not False)):
        return "verify_mode = CERT_NONE: any certificate is accepted"
    if name == "verify" and value.const is False:
        return "verify = False: no request of this client checks the certificate"
    if name == "_create_default_https_context" and _unverified(value):
        return "no HTTPS request of the standard library checks the certificate any more"
    return None


def _hit(place: Place, message: str, subject: str, route: str | None) -> Hit:
    return Hit(
        place=place,
        message=message,
        attack="Whoever can stand in between, in the same network or at the provider, answers in the other side's name.",
        fix='leave verification on, or pass the authority of your own certificate: verify="/path/to/ca.pem"',
        subject=subject,
        route=route,
        exposure=Exposure.OPERATOR,
    )


RULE = Rule(
    id="tls-verification-off",
    title="certificates not checked",
    cwe=(295, 297),
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=by_route(_check),
    owasp=("A04:2025", "A07:2025"),
    asvs=("v5.0.0-12.3.2",),
)
