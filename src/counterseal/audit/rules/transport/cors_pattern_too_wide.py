r"""The pattern of allowed origins lets in origins of others.

Every pattern is tried with origins that are made from its own domains, such as `https://evilexample.com` and
`https://example.com.evil.example`. The message names one that passes.

## Why it matters

Anyone can register a domain that ends or begins like yours. Its pages are then treated like your own front end.

## Remedy

List the origins one by one. Where a pattern is needed, write the scheme, escape the dots and allow only labels before your
domain: `https://([a-z0-9-]+\.)?example\.com`.

## Examples

```python bad framework=fastapi
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

app = FastAPI()
app.add_middleware(  # finding
    CORSMiddleware,
    allow_origin_regex=r"https://.*example.com",
    allow_credentials=True,
)


@app.get("/me")
def me() -> dict:
    return {}
```

```python good framework=fastapi
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

app = FastAPI()
app.add_middleware(
    CORSMiddleware,
    allow_origin_regex=r"https://([a-z0-9-]+\.)?example\.com",
    allow_credentials=True,
)


@app.get("/me")
def me() -> dict:
    return {}
```

```python bad framework=flask
from flask import Flask, jsonify
from flask_cors import CORS

app = Flask(__name__)
CORS(app, origins=[r"https://app\.example\.com"], supports_credentials=True)  # finding


@app.get("/me")
def me():
    return jsonify()
```

```python good framework=flask
from flask import Flask, jsonify
from flask_cors import CORS

app = Flask(__name__)
CORS(app, origins=[r"https://app\.example\.com$"], supports_credentials=True)


@app.get("/me")
def me():
    return jsonify()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Exposure, Hit, Rule, Severity
from counterseal.audit.rules.transport import _cors as cors
from counterseal.audit.surface.model import Surface
from counterseal.policy import Policy


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    for use in cors.settings(surface):
        for pattern, whole in cors.patterns(use):
            origin = cors.hostile_origin(pattern, whole)
            if origin is None:
                continue
            cookies = " with the user's cookies" if cors.with_credentials(use) else ""
            yield Hit(
                place=use.place,
                message=f"the pattern of allowed origins lets in {origin}{cookies}",
                attack="An attacker registers such a domain; its pages read what a visiting user sees here, and act for them.",
                fix="list the origins, or write the pattern as https://([a-z0-9-]+\\.)?example\\.com$ with every dot escaped",
                subject="CORS",
                severity=None if cookies else Severity.LOW,
                exposure=Exposure.ANYONE,
            )
            break


RULE = Rule(
    id="cors-pattern-too-wide",
    title="pattern of origins too wide",
    cwe=(942, 183, 346),
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=_check,
    owasp=("A02:2025", "API8:2023"),
    asvs=("v5.0.0-3.4.2",),
)
