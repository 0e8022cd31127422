"""The key that checks a token is named by the token itself.

Reported where a value from a token that is not verified yet (`jku`, `x5u`, `jwk`, `kid`) is fetched as an address, opened as a
file, or used as the key.

## Why it matters

Whoever writes the token then chooses the key, and knows it: they sign with their own key and name it in the header.

## Remedy

Keep a list of your keys. Use the token's `kid` only to choose from that list, and refuse what is not in it.

## Examples

```python bad framework=fastapi
import jwt
import requests
from fastapi import FastAPI, Header

app = FastAPI()


@app.get("/me")
def me(authorization: str = Header()) -> dict:
    header = jwt.get_unverified_header(authorization)
    key = requests.get(header["jku"], timeout=5).text  # finding
    claims = jwt.decode(authorization, key, algorithms=["RS256"])
    return {"user": claims["sub"]}
```

```python good framework=fastapi
import jwt
from fastapi import FastAPI, Header

app = FastAPI()
KEYS = {"2025-01": open("keys/2025-01.pem").read()}


@app.get("/me")
def me(authorization: str = Header()) -> dict:
    header = jwt.get_unverified_header(authorization)
    claims = jwt.decode(authorization, KEYS[header["kid"]], algorithms=["RS256"])
    return {"user": claims["sub"]}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Exposure, Hit, Place, Rule, Severity
from counterseal.audit.rules.usage import by_route, each
from counterseal.audit.surface.model import Surface
from counterseal.policy import Policy

_FETCHES = {
    "http-request": ("url", "fetches an address"),
    "file-open": ("path", "opens a file"),
    "subprocess": ("command", "runs a command"),
}
_KEYS_IN_TOKEN = {"jwk", "x5c", "jku", "x5u"}


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    for use in each(surface, *_FETCHES):
        role, what = _FETCHES[use.api.kind]
        given = use.roles.get(role)
        if given is not None and "unverified" in given.may:
            yield _hit(
                use.place, f"{use.call.name} {what} that a token names before it is verified", use.call.function, use.route
            )
    for use in each(surface, "token-decode"):
        key = use.roles.get("key")
        if key is not None and "unverified" in key.may and key.name in _KEYS_IN_TOKEN:
            yield _hit(
                use.place,
                f"{use.call.name} checks the token with the key that the token brings along ({key.name})",
                use.call.function,
                use.route,
            )


def _hit(place: Place, message: str, subject: str, route: str | None) -> Hit:
    return Hit(
        place=place,
        message=message,
        attack="An attacker signs a token with a key of their own, names that key in it, and is served as anyone they like.",
        fix='keep the keys in a dictionary of your own and take KEYS[header["kid"]], refusing ids that are not in it',
        subject=subject,
        route=route,
        exposure=Exposure.ANYONE,
    )


RULE = Rule(
    id="jwt-key-from-token",
    title="key chosen by the token that it checks",
    cwe=(347, 290),
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    since="0.1.0",
    check=by_route(_check),
    owasp=("A04:2025", "API2:2023"),
    asvs=("v5.0.0-9.1.3",),
)
