"""Files of any size are received.

Reported where a route takes a file and nothing bounds its size: the file is read whole, or stored, without a look at
its size, and the framework has no limit of its own (`MAX_CONTENT_LENGTH` in Flask; FastAPI and Starlette have none).
Reported with less weight is a FastAPI or Starlette route that looks at the size itself: by then the whole body has
been received and written to a temporary file, before the identity of the caller was checked.

## Why it matters

One request with some gigabytes fills the memory, the temporary folder or the disk, and the server stops for everyone.

## Remedy

Flask: set `MAX_CONTENT_LENGTH`. FastAPI and Starlette: refuse in a middleware by `Content-Length`, count what arrives
in its `receive`, and set a limit in the proxy too. Read files in pieces and stop at the limit.

## Examples

```python bad framework=fastapi
from fastapi import FastAPI, UploadFile

app = FastAPI()


@app.post("/avatar")  # finding
async def avatar(file: UploadFile) -> dict:
    data = await file.read()
    with open("/srv/data/avatar", "wb") as out:
        out.write(data)
    return {"size": len(data)}
```

```python good framework=fastapi
from fastapi import FastAPI, Request, UploadFile
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import Response

app = FastAPI()


class LimitBodySize(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next):
        if int(request.headers.get("content-length", "0")) > 5_000_000:
            return Response(status_code=413)
        return await call_next(request)


app.add_middleware(LimitBodySize)


@app.post("/avatar")
async def avatar(file: UploadFile) -> dict:
    data = await file.read()
    return {"size": len(data)}
```

```python bad framework=flask
from flask import Flask, request

app = Flask(__name__)


@app.post("/import")  # finding
def load():
    return {"lines": request.files["file"].read().count(b";")}
```

```python good framework=flask
from flask import Flask, request

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 5 * 1024 * 1024


@app.post("/import")
def load():
    return {"lines": request.files["file"].read().count(b";")}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Hit, Related, Rule, Severity
from counterseal.audit.rules._shared.abuse_growth import application_of, body_limited, own_routes, size_checked, uploads
from counterseal.audit.surface.model import Route, Surface
from counterseal.policy import Policy


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    most = policy.thresholds.max_upload_bytes
    found = [
        r
        for r in own_routes(surface)
        if r.method != "GET" and _takes_file(r) and not body_limited(surface, application_of(surface, r))
    ]
    unchecked = [r for r in found if not size_checked(r.flow)]
    checked = [r for r in found if r not in unchecked and r.framework != "flask"]
    for routes, late in ((unchecked, False), (checked, True)):
        if routes:
            yield _hit(routes, late, most)


def _takes_file(route: Route) -> bool:
    return any(i.source == "file" for i in route.inputs) or uploads(route.flow)


def _hit(routes: list[Route], late: bool, most: int) -> Hit:
    route = routes[0]
    others = f" (so do {len(routes) - 1} more routes)" if len(routes) > 1 else ""
    what = "receives and stores the whole body before it looks at the size of the file" if late else "receives files of any size"
    flask = route.framework == "flask"
    return Hit(
        place=route.place,
        message=f"{route.name} {what}{others}",
        attack=f"An attacker sends gigabytes to {route.name} and fills memory or disk"
        + (", without signing in." if late else "."),
        fix=f'set app.config["MAX_CONTENT_LENGTH"] = {most}'
        if flask
        else f"refuse bodies beyond {most} bytes in a middleware, before they are read, and in the proxy",
        subject="late size check" if late else "uploads",
        route=route.name,
        severity=Severity.LOW if late else Severity.MEDIUM,
        related=tuple(Related(r.place, "the same here") for r in routes[1:6]),
    )


RULE = Rule(
    id="unbounded-upload",
    title="unbounded upload",
    cwe=(770, 400),
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    since="0.1.0",
    check=_check,
    owasp=("API4:2023", "A06:2025"),
    asvs=("v5.0.0-5.2.1",),
)
