"""A token is read without checking its signature.

Reported where a token's content is taken without verification (`verify=False`, `verify_signature: False`, the algorithm `none`,
`get_unverified_claims`, `loads_unsafe`) and nothing verifies it afterwards.

## Why it matters

A token is a text that the caller sends. Only its signature says that this application wrote it. Without the check, who the
caller is and which role they have is whatever the caller writes.

## Remedy

Verify with the key and the one algorithm that you sign with. To read the key id first, read the *header* unverified, choose the
key from your own list, and then verify.

## Examples

```python bad framework=fastapi
import jwt
from fastapi import Depends, FastAPI
from fastapi.security import OAuth2PasswordBearer

app = FastAPI()
bearer = OAuth2PasswordBearer(tokenUrl="login")


def current_user(token: str = Depends(bearer)) -> str:
    claims = jwt.decode(token, options={"verify_signature": False})  # finding
    return claims["sub"]


@app.get("/me")
def me(user: str = Depends(current_user)) -> dict:
    return {"user": user}
```

```python good framework=fastapi
import os

import jwt
from fastapi import Depends, FastAPI
from fastapi.security import OAuth2PasswordBearer

app = FastAPI()
bearer = OAuth2PasswordBearer(tokenUrl="login")


def current_user(token: str = Depends(bearer)) -> str:
    claims = jwt.decode(token, os.environ["JWT_KEY"], algorithms=["HS256"])
    return claims["sub"]


@app.get("/me")
def me(user: str = Depends(current_user)) -> dict:
    return {"user": user}
```

```python bad framework=flask
from flask import Flask, jsonify, request
from jose import jwt

app = Flask(__name__)


@app.get("/me")
def me():
    token = request.headers["Authorization"].removeprefix("Bearer ")
    claims = jwt.get_unverified_claims(token)  # finding
    return jsonify(user=claims["sub"])
```

```python good framework=flask
from flask import Flask, current_app, jsonify, request
from jose import jwt

app = Flask(__name__)


@app.get("/me")
def me():
    token = request.headers["Authorization"].removeprefix("Bearer ")
    key = current_app.config["JWT_KEYS"][jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["RS256"])
    return jsonify(user=claims["sub"])
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Exposure, Hit, Rule, Severity
from counterseal.audit.rules.usage import by_route, flows
from counterseal.audit.surface.flow import Call
from counterseal.audit.surface.library_call import unverified
from counterseal.audit.surface.model import Surface
from counterseal.policy import Policy


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    seen = set()
    for route, flow in flows(surface):
        calls = list(flow.calls("token-decode", "token-peek"))
        checked = max((call.seq for call in calls if call.kind == "token-decode" and not unverified(call.roles)), default=-1)
        for call in calls:
            if call.seq >= checked and call.place not in seen and _reads_claims(call) and _from_caller(call, route is not None):
                seen.add(call.place)
                yield _hit(call, route)


def _reads_claims(call: Call) -> bool:
    """Whether the content is read unverified; a header alone is needed to choose the key."""
    return (call.kind == "token-decode" and unverified(call.roles)) or call.name.endswith(("_claims", "_unsafe"))


def _from_caller(call: Call, in_route: bool) -> bool:
    """Whether the token may be the caller's: one that the application has just received from its own provider is not."""
    token = call.roles.get("token")
    return token is None or not in_route or bool(token.inputs()) or "cred" in token.may


def _hit(call: Call, route: str | None) -> Hit:
    name = call.name.rpartition(".")[2]
    verified = 'decode(token, KEY, algorithms=["HS256"]), with the key and algorithm that sign it'
    off = ", without the option that switches verification off" if call.kind == "token-decode" else ""
    return Hit(
        place=call.place,
        message=f"{call.name} takes what the token says without checking its signature",
        attack="Anyone writes a token that names another user, or an administrator, and is served as that user.",
        fix=f"replace {name}(...) by {verified}{off}",
        subject=call.function,
        route=route,
        exposure=Exposure.ANYONE,
    )


RULE = Rule(
    id="jwt-unverified",
    title="token read without verification",
    cwe=(347, 287),
    severity=Severity.CRITICAL,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=by_route(_check),
    owasp=("A04:2025", "A07:2025", "API2:2023"),
    asvs=("v5.0.0-9.1.1",),
)
