"""The check for whom a token was issued is switched off.

Reported where tokens are decoded with `verify_aud: False`, and where a key of a shared identity provider verifies tokens
without any audience.

## Why it matters

An identity provider signs the tokens of all its applications with the same keys. Only the audience says which application a
token is for. Without the check, a token that a user gave to any other application of the provider, a malicious one too, signs
in here.

## Remedy

Pass `audience=` with the client id or resource of this application, and `issuer=` with the provider's address.

## Examples

```python bad framework=fastapi
import jwt
from fastapi import FastAPI, Header

app = FastAPI()
keys = jwt.PyJWKClient("https://login.example.com/keys")


@app.get("/me")
def me(authorization: str = Header()) -> dict:
    key = keys.get_signing_key_from_jwt(authorization).key
    claims = jwt.decode(authorization, key, algorithms=["RS256"], options={"verify_aud": False})  # finding
    return {"user": claims["sub"]}
```

```python good framework=fastapi
import jwt
from fastapi import FastAPI, Header

app = FastAPI()
keys = jwt.PyJWKClient("https://login.example.com/keys")


@app.get("/me")
def me(authorization: str = Header()) -> dict:
    key = keys.get_signing_key_from_jwt(authorization).key
    claims = jwt.decode(authorization, key, algorithms=["RS256"], audience="orders", issuer="https://login.example.com")
    return {"user": claims["sub"]}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Exposure, Hit, Rule, Severity
from counterseal.audit.rules.usage import by_route, each
from counterseal.audit.surface.library_call import unverified
from counterseal.audit.surface.model import Surface
from counterseal.policy import Policy


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    for use in each(surface, "token-decode"):
        options = use.roles.get("options")
        flag = options.item("verify_aud") if options is not None else None
        if flag is None or flag.const is not False or unverified(use.roles):
            continue
        yield Hit(
            place=use.place,
            message=f"{use.call.name} accepts tokens that were issued for other applications (verify_aud is False)",
            attack="A token that a user gave to another application of the same provider signs in here as that user.",
            fix='remove "verify_aud": False and pass audience="..." with the name that the provider gives this application',
            subject=use.call.function,
            route=use.route,
            exposure=Exposure.ANYONE,
        )


RULE = Rule(
    id="jwt-audience-unchecked",
    title="audience of tokens not checked",
    cwe=(287, 345),
    severity=Severity.LOW,
    confidence=Confidence.MEDIUM,
    since="0.1.0",
    check=by_route(_check),
    owasp=("A07:2025", "API2:2023"),
    asvs=("v5.0.0-9.2.3",),
)
