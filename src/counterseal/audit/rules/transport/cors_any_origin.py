"""Pages of every origin may call this application.

Reported where CORS allows all origins (`*`), also by a library's default. With credentials it is worse: the library then names
the calling page's own origin, so that browsers send the user's cookies.

## Why it matters

With credentials, any page that a signed-in user visits can read everything of theirs here, and act for them. Without
credentials, any page can still use the user's browser to reach an application in their own network.

## Remedy

List the origins of your own front ends. Take them from the configuration, not from the request.

## Examples

```python bad framework=fastapi
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

app = FastAPI()
app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)  # finding


@app.get("/me")
def me() -> dict:
    return {}
```

```python good framework=fastapi
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

app = FastAPI()
app.add_middleware(CORSMiddleware, allow_origins=["https://app.example.com"], allow_credentials=True)


@app.get("/me")
def me() -> dict:
    return {}
```

```python bad framework=flask
from flask import Flask, jsonify
from flask_cors import CORS

app = Flask(__name__)
CORS(app)  # finding


@app.get("/me")
def me():
    return jsonify()
```

```python good framework=flask
import os

from flask import Flask, jsonify
from flask_cors import CORS

app = Flask(__name__)
cors = CORS()
cors.init_app(app, origins=os.environ["ORIGINS"].split(","))


@app.get("/me")
def me():
    return jsonify()
```

```python bad framework=starlette
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse
from starlette.routing import Route


def me(request):
    return JSONResponse({})


app = Starlette(
    routes=[Route("/me", me)],
    middleware=[Middleware(CORSMiddleware, allow_origins=["*"])],  # finding
)
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
        if not cors.any_origin(use):
            continue
        credentials = cors.with_credentials(use)
        if credentials:
            message = "pages of every origin may call with the user's cookies (allowed origins *, with credentials)"
            attack = "A page that a signed-in user visits reads everything of theirs here, and acts for them."
        else:
            message = "pages of every origin may call and read the answers (allowed origins *)"
            attack = "A page that somebody visits uses their browser to read what this application shows in their network."
        origins = ", ".join(f'"{origin}"' for origin in policy.origins) or '"https://app.example.com"'
        yield Hit(
            place=use.place,
            message=message,
            attack=attack,
            fix=f'list your own front ends in place of "*": [{origins}]',
            subject="CORS",
            severity=Severity.HIGH if credentials else None,
            exposure=Exposure.ANYONE,
        )


RULE = Rule(
    id="cors-any-origin",
    title="every origin allowed to call",
    cwe=(942, 346),
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=_check,
    owasp=("A02:2025", "API8:2023"),
    asvs=("v5.0.0-3.4.2",),
)
