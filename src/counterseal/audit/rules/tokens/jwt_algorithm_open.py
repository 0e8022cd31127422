"""A token's own header decides how its signature is checked.

Reported where tokens are decoded with an algorithm list that contains `none`, that mixes signatures by a shared key (HS256)
with signatures by a key pair (RS256, ES256), that comes from the token, or that is missing although the library then accepts
every algorithm; and where tokens are signed with `none`.

## Why it matters

The algorithm stands in the part of the token that the caller writes. If HS256 and RS256 are both accepted, a token signed with
HS256 and the *public* RSA key as the secret passes: the public key is known to everyone. With `none` no key is needed at all.

## Remedy

Name exactly one algorithm, the one that you sign with, where you decode.

## Examples

```python bad framework=fastapi
import jwt
from fastapi import FastAPI, Header

app = FastAPI()
KEY = open("public.pem").read()


@app.get("/me")
def me(authorization: str = Header()) -> dict:
    claims = jwt.decode(authorization, KEY, algorithms=["RS256", "HS256"])  # finding
    return {"user": claims["sub"]}
```

```python good framework=fastapi
import jwt
from fastapi import FastAPI, Header

app = FastAPI()
KEY = open("public.pem").read()


@app.get("/me")
def me(authorization: str = Header()) -> dict:
    claims = jwt.decode(authorization, KEY, algorithms=["RS256"])
    return {"user": claims["sub"]}
```

```python bad framework=flask
import os

import jwt
from flask import Flask, jsonify, request

app = Flask(__name__)


@app.get("/me")
def me():
    token = request.headers["Authorization"]
    algorithm = jwt.get_unverified_header(token)["alg"]
    claims = jwt.decode(token, os.environ["JWT_KEY"], algorithms=[algorithm])  # finding
    return jsonify(user=claims["sub"])
```

```python good framework=flask
import os

import jwt
from flask import Flask, jsonify, request

app = Flask(__name__)


@app.get("/me")
def me():
    token = request.headers["Authorization"]
    claims = jwt.decode(token, os.environ["JWT_KEY"], algorithms=["HS256"])
    return jsonify(user=claims["sub"])
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Exposure, Hit, Rule, Severity
from counterseal.audit.rules.usage import Use, by_route, constants, each
from counterseal.audit.surface.library_call import unverified
from counterseal.audit.surface.model import Surface
from counterseal.audit.surface.values import Value
from counterseal.policy import Policy

_SHARED = ("HS",)
_PAIRS = ("RS", "ES", "PS", "Ed")


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    for use in each(surface, "token-decode"):
        if "algorithms" in use.api.roles and not unverified(use.roles):
            found = _decoding(use)
            if found is not None:
                yield _hit(use, *found)
    for use in each(surface, "token-encode"):
        algorithm = use.value("algorithm")
        if isinstance(algorithm, str) and algorithm.lower() == "none":
            yield _hit(
                use, "signs tokens with the algorithm none, which is no signature", 'algorithm="HS256" and a key', Confidence.HIGH
            )


def _decoding(use: Use) -> tuple[str, str, Confidence] | None:
    given = use.roles.get("algorithms")
    if given is None:
        if use.given("algorithms") or (not use.call.args and not use.roles):
            return None
        return (
            "accepts tokens of every algorithm that the library knows",
            'algorithms=["HS256"], the one that you sign with',
            Confidence.MEDIUM,
        )
    if _from_token(given):
        return (
            "takes the algorithm from the token that it checks",
            'algorithms=["HS256"], the one that you sign with',
            Confidence.HIGH,
        )
    names = [str(name) for name in constants(given)]
    if any(name.lower() == "none" for name in names):
        return "accepts tokens without a signature (none)", 'algorithms=["HS256"], the one that you sign with', Confidence.HIGH
    if any(name.startswith(_SHARED) for name in names) and any(name.startswith(_PAIRS) for name in names):
        wanted = next(name for name in names if name.startswith(_PAIRS))
        return (
            f"accepts signatures by a shared key and by a key pair ({', '.join(names)}) with the same key",
            f'algorithms=["{wanted}"], or two calls with a key each',
            Confidence.HIGH,
        )
    return None


def _from_token(given: Value) -> bool:
    labels = set(given.may)
    for item in given.items if isinstance(given.items, list) else ():
        labels |= item.may if isinstance(item, Value) else set()
    return "unverified" in labels or any(label.startswith("in:") for label in labels)


def _hit(use: Use, what: str, instead: str, confidence: Confidence) -> Hit:
    return Hit(
        place=use.place,
        message=f"{use.call.name} {what}",
        attack="An attacker chooses an algorithm for which they can make a valid signature, and signs in as anyone.",
        fix=f"pass {instead}",
        subject=use.call.function,
        route=use.route,
        confidence=confidence,
        severity=Severity.MEDIUM if confidence is Confidence.MEDIUM else None,
        exposure=Exposure.ANYONE,
    )


RULE = Rule(
    id="jwt-algorithm-open",
    title="open choice of a token's algorithm",
    cwe=(347, 757, 327),
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=by_route(_check),
    owasp=("A04:2025", "API2:2023"),
    asvs=("v5.0.0-9.1.2",),
)
