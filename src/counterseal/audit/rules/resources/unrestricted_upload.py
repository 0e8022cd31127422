"""Any kind of file can be uploaded to a place from which it is served.

Reported where an uploaded file is stored under a name that the caller chose, or with an ending that the caller chose,
in a folder that is served, and no list of allowed endings stands before it. `secure_filename` keeps the path inside
the folder; it does not look at the kind of file. Nor does a check of `content_type` help: the caller writes that too.

## Why it matters

A page or an SVG image with a script, opened from your own host, acts with the rights of whoever opens it. On servers
that run scripts from that folder, the file is code.

## Remedy

Store files under a random name with an ending from a list of your own, outside any served folder, and answer them as
attachments with `X-Content-Type-Options: nosniff`.

## Examples

```python bad framework=flask
import os

from flask import Flask, request
from werkzeug.utils import secure_filename

app = Flask(__name__)
app.config["UPLOAD_FOLDER"] = "static/uploads"


@app.post("/avatar")
def avatar():
    file = request.files["file"]
    if file.filename == "":
        return "", 400
    name = secure_filename(file.filename)
    file.save(os.path.join(app.config["UPLOAD_FOLDER"], name))  # finding
    return "", 204
```

```python good framework=flask
import os
import uuid

from flask import Flask, abort, request

app = Flask(__name__)
ALLOWED = {".png", ".jpg"}


def allowed(name: str) -> bool:
    return "." in name and os.path.splitext(name)[1].lower() in ALLOWED


@app.post("/avatar")
def avatar():
    file = request.files["file"]
    if not allowed(file.filename):
        abort(400)
    ending = os.path.splitext(file.filename)[1].lower()
    file.save(os.path.join("static/uploads", uuid.uuid4().hex + ending))
    return "", 204


@app.post("/report")
def report():
    request.files["file"].save(os.path.join("static/reports", uuid.uuid4().hex + ".pdf"))
    return "", 204
```

```python bad framework=fastapi
from fastapi import FastAPI, HTTPException, UploadFile
from fastapi.staticfiles import StaticFiles

app = FastAPI()
app.mount("/media", StaticFiles(directory="uploads"))


@app.post("/avatar")
async def avatar(file: UploadFile) -> dict:
    path = f"uploads/{file.filename}"
    with open(path, "wb") as out:  # finding
        out.write(await file.read())
    return {"path": path}
```

```python good framework=fastapi
import uuid

from fastapi import FastAPI, UploadFile

app = FastAPI()


@app.post("/avatar")
async def avatar(file: UploadFile) -> dict:
    with open(f"/srv/private/{uuid.uuid4().hex}", "wb") as out:
        out.write(await file.read())
    return {"ok": True}
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Hit, Rule, Severity
from counterseal.audit.result import RouteKind
from counterseal.audit.rules._shared.abuse_growth import own_routes
from counterseal.audit.surface.flow import Branch, Call, Compare, Flow
from counterseal.audit.surface.model import Route, Surface
from counterseal.audit.surface.values import Value
from counterseal.policy import Policy

_SERVED = re.compile(r"(^|[/\\])(static|public|media|assets|www|htdocs|wwwroot)([/\\]|$)", re.IGNORECASE)
_FOLDER = re.compile(r"(upload|file|media|image|avatar|attachment)", re.IGNORECASE)


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    for route in own_routes(surface):
        for call, path in _stored(route.flow):
            if _named_by_caller(path) and not _kinds_checked(route.flow, call) and _served(surface, route, call, path):
                yield _hit(route, call, path)
                break


def _stored(flow: Flow) -> Iterator[tuple[Call, Value]]:
    """Where a file is opened for writing or an upload is saved, with its path."""
    for call in flow.calls():
        last = call.name.rpartition(".")[2]
        if (call.name == "builtins.open" and call.args and _writes(call)) or (
            last == "save" and call.args and call.receiver is not None and any(x.startswith("in:file") for x in call.receiver.may)
        ):
            yield call, call.args[0]
        elif last in ("write_bytes", "write_text") and call.receiver is not None:
            yield call, call.receiver


def _writes(call: Call) -> bool:
    mode = call.arg(1, "mode")
    return mode is not None and isinstance(mode.const, str) and any(letter in mode.const for letter in "wax")


def _named_by_caller(path: Value) -> bool:
    return any(label.startswith("in:file") for label in path.may) and "listed" not in path.may


def _kinds_checked(flow: Flow, call: Call) -> bool:
    """Whether something about the file other than its presence and its declared type decides what happens."""
    empties = {e.place.line for e in flow.of(Compare) if any(v.is_const and not v.const for v in (e.left, e.right))}
    for event in flow.of(Branch):
        if event.place.line not in empties:
            about = {label for label in event.value.may if label.startswith("in:file:")}
            present = f"in:file:{event.value.name}" in about
            if about and not present and not any(label.endswith(":content_type") for label in about):
                return True
    return False


def _served(surface: Surface, route: Route, call: Call, path: Value) -> bool:
    words = [word for c in route.flow.calls() if c.seq <= call.seq for v in c.args for word in _words(v)] + list(_words(path))
    if any(_SERVED.search(word) for word in words):
        return True
    served_by_code = any(True for _ in surface.calls("file-response"))
    mounted = any(r.kind is RouteKind.STATIC and r.framework != "flask" for r in surface.routes)
    return (served_by_code or mounted) and any(_FOLDER.search(word) for word in words)


def _words(value: Value) -> Iterator[str]:
    if isinstance(value.const, str):
        yield value.const
    elif value.kind == "text" and isinstance(value.items, list):
        yield from (item for item in value.items if isinstance(item, str))


def _hit(route: Route, call: Call, path: Value) -> Hit:
    function = call.function.rpartition(".")[2]
    return Hit(
        place=call.place,
        message=f"{route.name} stores uploaded files with a name or ending that the caller chooses, in a folder that is served",
        attack=f"An attacker uploads a page with a script through {route.name} and sends its address, on your own "
        "host, to other users.",
        fix=f"in {function}, take the ending from a list of allowed ones, store under a random name (uuid4().hex) "
        "outside served folders, and answer files as attachments",
        subject=f"{route.name} {function}",
        route=route.name,
    )


RULE = Rule(
    id="unrestricted-upload",
    title="unrestricted upload",
    cwe=(434,),
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    since="0.1.0",
    check=_check,
    owasp=("API8:2023", "A06:2025"),
    asvs=("v5.0.0-5.2.2", "v5.0.0-5.3.1"),
)
