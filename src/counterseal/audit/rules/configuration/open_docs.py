"""The description of all routes is open to everyone.

Reported where a FastAPI application serves `/docs` or `/openapi.json` without authentication although the policy asks for
authentication there, or although every other route of it is authenticated.

## Why it matters

The page lists every route with its parameters, the ones for administrators too. An attacker need not search.

## Remedy

Switch the pages off with `FastAPI(docs_url=None, redoc_url=None, openapi_url=None)`, or serve them from a route of your own
with the guard of the other routes.

## Examples

```python bad framework=fastapi
import os

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer

bearer = OAuth2PasswordBearer(tokenUrl="https://login.example.com/token")


def user(token: str = Depends(bearer)) -> str:
    try:
        return jwt.decode(token, os.environ["JWT_KEY"], algorithms=["HS256"])["sub"]
    except jwt.InvalidTokenError:
        raise HTTPException(401)


app = FastAPI(dependencies=[Depends(user)])  # finding


@app.get("/orders")
def orders() -> list:
    return []


@app.get("/admin/users")
def users() -> list:
    return []


@app.delete("/admin/users/{name}")
def delete(name: str) -> dict:
    return {}
```

```python good framework=fastapi
import os

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer

bearer = OAuth2PasswordBearer(tokenUrl="https://login.example.com/token")


def user(token: str = Depends(bearer)) -> str:
    try:
        return jwt.decode(token, os.environ["JWT_KEY"], algorithms=["HS256"])["sub"]
    except jwt.InvalidTokenError:
        raise HTTPException(401)


app = FastAPI(dependencies=[Depends(user)], docs_url=None, redoc_url=None, openapi_url=None)


@app.get("/orders")
def orders() -> list:
    return []


@app.get("/admin/users")
def users() -> list:
    return []


@app.delete("/admin/users/{name}")
def delete(name: str) -> dict:
    return {}
```

```python good framework=fastapi
from fastapi import FastAPI

app = FastAPI()


@app.get("/news")
def news() -> list:
    return []
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Exposure, Hit, Place, Rule, Severity
from counterseal.audit.result import RouteKind
from counterseal.audit.surface.model import Surface
from counterseal.guarantees import Guarantee
from counterseal.policy import Policy

_FEW = 3
_PAGES = ("/docs", "/redoc", "/openapi.json")


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    for application in surface.applications:
        routes = [route for route in surface.routes if route.app == application.name]
        pages = [route for route in routes if route.kind is RouteKind.GENERATED and route.path.endswith(_PAGES)]
        own = [route for route in routes if route.kind in (RouteKind.HTTP, RouteKind.WEBSOCKET)]
        closed = len(own) >= _FEW and all(route.holds(Guarantee.AUTHENTICATED) for route in own)
        asked = [page for page in pages if Guarantee.AUTHENTICATED in policy.route_rule(page.method, page.path).demands]
        wanted = asked or (pages if closed else [])
        if wanted:
            yield _hit(application.place, sorted({page.path for page in wanted}))


def _hit(place: Place, paths: list[str]) -> Hit:
    return Hit(
        place=place,
        message=f"{', '.join(paths)} describe all routes to everyone, while every other route asks who is calling",
        attack="An attacker reads every route with its parameters, the ones for administrators too, before the first attempt.",
        fix="add docs_url=None, redoc_url=None, openapi_url=None, or serve them from a guarded route of your own",
        subject="documentation pages",
        exposure=Exposure.ANYONE,
    )


RULE = Rule(
    id="open-docs",
    title="description of all routes open to everyone",
    cwe=(200, 497),
    severity=Severity.LOW,
    confidence=Confidence.LOW,
    since="0.1.0",
    check=_check,
    owasp=("A02:2025", "API9:2023"),
    asvs=("v5.0.0-13.4.5",),
)
