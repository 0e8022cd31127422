"""MD5 or SHA-1 guards something.

Reported where MD5, SHA-1 or an older digest makes or checks a token, key or signature: by the name of what keeps the result, of
what goes in, or of the function. Digests for caches, file names and entity tags are not reported, nor is
`usedforsecurity=False`. Passwords are another rule's (`weak-password-hash`).

## Why it matters

For MD5 and SHA-1, two texts with the same digest can be made to order. Whoever can have one text signed then has a signature
for the other.

## Remedy

Use `hmac.new(key, text, hashlib.sha256)` for signatures, `secrets.token_urlsafe(32)` for tokens, SHA-256 for digests.

## Examples

```python bad framework=flask
import hashlib

from flask import Flask, abort, jsonify, request

app = Flask(__name__)


@app.get("/download")
def download():
    signature = hashlib.md5((app.config["SIGNING_KEY"] + request.args["file"]).encode()).hexdigest()  # finding
    return jsonify(signature=signature)
```

```python good framework=flask
import hashlib
import hmac

from flask import Flask, abort, jsonify, request

app = Flask(__name__)


@app.get("/download")
def download():
    key = app.config["SIGNING_KEY"].encode()
    signature = hmac.new(key, request.args["file"].encode(), hashlib.sha256).hexdigest()
    return jsonify(signature=signature, etag=hashlib.md5(b"file").hexdigest())
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Hit, Place, Rule, Severity
from counterseal.audit.rules.crypto._sinks import named
from counterseal.audit.rules.secrets._names import secret_kind
from counterseal.audit.rules.usage import by_route, flows, function_name
from counterseal.audit.surface.flow import Call, Flow
from counterseal.audit.surface.model import Surface
from counterseal.audit.surface.values import Value
from counterseal.policy import Policy

_WEAK = re.compile(r"(^|\.)(md2|md4|md5|sha1?|ripemd(160)?)(\.new)?$", re.IGNORECASE)
_GUARDS = re.compile(
    r"(^|_)(token|signature|sign|signed|hmac|mac|api_?key|secret|session_?id|csrf|otp|verification)(_|$)", re.IGNORECASE
)
_PASSWORD = re.compile(r"passw|pwd|passphrase|(^|[_:])pin($|_)", re.IGNORECASE)
_HARMLESS = re.compile(r"etag|cache|checksum|fingerprint|gravatar|avatar|dedup|color|bucket|shard|pwned|breach", re.IGNORECASE)


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    seen: set[Place] = set()
    for route, flow in flows(surface):
        for call in flow.calls("hash-fast"):
            if call.place not in seen and _weak(call):
                what = _use(call, flow)
                if what is not None:
                    seen.add(call.place)
                    yield _hit(call, what, route)


def _weak(call: Call) -> bool:
    flag = call.roles.get("for_security")
    if (flag is not None and flag.const is False) or _HARMLESS.search(call.function):
        return False
    algorithm = call.roles.get("algorithm")
    return bool(_WEAK.search(str(algorithm.const) if algorithm is not None and algorithm.is_const else call.name))


def _use(call: Call, flow: Flow) -> str | None:
    """What the digest guards, or ``None``."""
    data = call.roles.get("data")
    if _PASSWORD.search(function_name(call)) or (data is not None and _is_password(data)):
        return None
    if data is not None and _holds_secret(data):
        return "a secret is signed or hidden"
    if _GUARDS.search(function_name(call)):
        return f"{function_name(call)} works"
    same = {e.place for e in flow.calls("hash-fast")}
    for event in flow.events:
        if event.seq > call.seq and len(same) == 1:
            for name, value in named(event):
                if _GUARDS.search(name) and "hash:fast" in value.may and "hash:password" not in value.may:
                    return f"the {name} is made"
    return None


def _is_password(value: Value) -> bool:
    return bool(_PASSWORD.search(value.name or "")) or any(_PASSWORD.search(label) for label in value.inputs())


def _holds_secret(value: Value) -> bool:
    parts = [value, *(part for part in value.items if isinstance(part, Value))] if isinstance(value.items, list) else [value]
    secret = {label[4:] for part in parts for label in part.may if label.startswith("env:")}
    return "secret" in value.may or any(secret_kind(name) for name in [*secret, *(part.name for part in parts if part.name)])


def _hit(call: Call, what: str, route: str | None) -> Hit:
    return Hit(
        place=call.place,
        message=f"{what} with {call.name}, for which two texts with the same digest can be made",
        attack="An attacker makes two texts with one digest, has the harmless one accepted, and uses the other.",
        fix="use hmac.new(key, text, hashlib.sha256) for signatures, secrets.token_urlsafe(32) for tokens",
        subject=call.function,
        route=route,
    )


RULE = Rule(
    id="weak-hash",
    title="broken digest as protection",
    cwe=(328, 327),
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    since="0.1.0",
    check=by_route(_check),
    owasp=("A04:2025",),
    asvs=("v5.0.0-11.4.1",),
)
