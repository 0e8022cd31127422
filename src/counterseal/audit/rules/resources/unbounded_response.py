"""The whole answer of a server that a user chooses is read into memory.

Reported are requests to addresses that users choose, or have stored, whose answer is read at once, whatever its size.

## Why it matters

The answer may be endless, or small and compressed: libraries unpack it while they read. Two kilobytes that were
compressed twice become gigabytes in memory.

## Remedy

Read the answer in pieces (`stream=True`, `httpx.stream`), count what arrives after unpacking, and stop at a limit.
When only the status matters, do not read the body at all.

## Examples

```python bad framework=fastapi
import httpx
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Link(BaseModel):
    url: str


@app.post("/title")
def title(link: Link) -> dict:
    return {"text": httpx.get(link.url).text[:80]}  # finding
```

```python good framework=fastapi
import httpx
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

app = FastAPI()


class Link(BaseModel):
    url: str


@app.post("/title")
def title(link: Link) -> dict:
    data = b""
    with httpx.stream("GET", link.url) as answer:
        for piece in answer.iter_bytes():
            data += piece
            if len(data) > 100_000:
                raise HTTPException(400)
    return {"text": data[:80].decode()}
```

```python bad framework=flask
import requests
from flask import Flask, request

app = Flask(__name__)


@app.post("/fetch")
def fetch():
    return requests.get(request.json["url"], timeout=5).content  # finding
```

```python good framework=flask
import requests
from flask import Flask, abort, request

app = Flask(__name__)


@app.post("/fetch")
def fetch():
    answer = requests.get(request.json["url"], timeout=5, stream=True)
    data = answer.raw.read(100_001, decode_content=False)
    if len(data) > 100_000:
        abort(400)
    return data
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Hit, Place, Rule, Severity
from counterseal.audit.rules._shared.abuse_growth import own_routes
from counterseal.audit.rules._shared.abuse_requests import address_chosen, stored_addresses
from counterseal.audit.surface.flow import Call
from counterseal.audit.surface.model import Surface
from counterseal.policy import Policy


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    stored = stored_addresses(surface)
    seen: set[Place] = set()
    for route in own_routes(surface):
        for call in route.flow.calls("http-request"):
            if call.place in seen or "role" in call.facts or not address_chosen(call, stored) or _in_pieces(call):
                continue
            seen.add(call.place)
            function = call.function.rpartition(".")[2]
            yield Hit(
                place=call.place,
                message=f"{call.name} in {function} reads and unpacks the whole answer of a server that users choose",
                attack=f"An attacker calls {route.name} with a server of theirs that answers a few compressed "
                "kilobytes, which become gigabytes in memory.",
                fix=f"read the answer in {function} in pieces and stop at {policy.thresholds.max_upload_bytes} "
                "bytes; leave the body unread when only the status matters",
                subject=f"{function} {call.name}",
                route=route.name,
            )


def _in_pieces(call: Call) -> bool:
    """Whether the body is left to be read later: streamed, only headers asked for, or a client that always works so."""
    method = call.roles.get("method")
    if call.name.endswith((".stream", ".head")) or (method is not None and method.const == "HEAD"):
        return True
    given = {key: value.const for key, value in call.kwargs.items() if value.is_const}
    return (
        given.get("stream") is True
        or given.get("preload_content") is False
        or call.name.startswith(("urllib.request.", "aiohttp.", "http.client."))
    )


RULE = Rule(
    id="unbounded-response",
    title="unbounded answer of another server",
    cwe=(409, 770, 400),
    severity=Severity.LOW,
    confidence=Confidence.MEDIUM,
    since="0.1.0",
    check=_check,
    owasp=("API4:2023", "API10:2023"),
    asvs=("v5.0.0-5.2.3",),
)
