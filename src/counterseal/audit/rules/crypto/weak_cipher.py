"""Data is encrypted in a way that does not hold.

Reported are broken ciphers (DES, 3DES, RC4, RC2, Blowfish, CAST, IDEA), the mode ECB, an initialisation vector that is a
constant, and RSA or DSA keys shorter than the policy's `thresholds.min_rsa_key_bits`.

## Why it matters

These ciphers and key lengths have been broken in practice. ECB encrypts equal blocks to equal blocks, so the pattern of the
data stays visible and blocks can be exchanged. With a constant vector, equal beginnings show.

## Remedy

Use `cryptography.fernet.Fernet`, or AES in GCM mode with a fresh nonce from `os.urandom(12)` for every message.

## Examples

```python bad framework=flask
import os

from Crypto.Cipher import AES
from flask import Flask, request

app = Flask(__name__)
KEY = bytes.fromhex(os.environ["CARD_KEY"])


@app.post("/cards")
def keep_card():
    cipher = AES.new(KEY, AES.MODE_ECB)  # finding
    return cipher.encrypt(request.json["number"].encode()).hex()
```

```python good framework=flask
import os

from Crypto.Cipher import AES
from flask import Flask, request

app = Flask(__name__)
KEY = bytes.fromhex(os.environ["CARD_KEY"])


@app.post("/cards")
def keep_card():
    cipher = AES.new(KEY, AES.MODE_GCM, nonce=os.urandom(12))
    return cipher.nonce.hex() + cipher.encrypt(request.json["number"].encode()).hex()
```

```python bad framework=fastapi
import os

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from fastapi import FastAPI

app = FastAPI()
KEY = bytes.fromhex(os.environ["CARD_KEY"])
SIGNING = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # finding


@app.post("/cards")
def keep_card(number: str) -> dict:
    cipher = Cipher(algorithms.ARC4(KEY), mode=None)  # finding
    return {"card": cipher.encryptor().update(number.encode()).hex()}
```

```python good framework=fastapi
import os

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI

app = FastAPI()
fernet = Fernet(os.environ["CARD_KEY"])
SIGNING = rsa.generate_private_key(public_exponent=65537, key_size=3072)


@app.post("/cards")
def keep_card(number: str) -> dict:
    return {"card": fernet.encrypt(number.encode()).decode()}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Hit, Place, Rule, Severity
from counterseal.audit.rules.usage import Use, by_route, each
from counterseal.audit.surface.model import Surface
from counterseal.policy import Policy


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    seen: set[Place] = set()
    for use in each(surface, "cipher"):
        found = _weakness(use, policy.thresholds.min_rsa_key_bits)
        if found is not None and use.place not in seen:
            seen.add(use.place)
            yield _hit(use, *found)


def _weakness(use: Use, bits: int) -> tuple[str, int] | None:
    """(what is wrong, CWE)."""
    if use.api.fixed.get("weak") == "algorithm":
        return f"{_algorithm(use)} is broken", 327
    if use.api.fixed.get("weak") == "mode" or _is_ecb(use):
        return "in the mode ECB equal blocks are encrypted to equal blocks", 327
    size = use.value("bits")
    if isinstance(size, int) and size < bits:
        return f"a key of {size} bits is too short; {bits} are needed", 326
    if isinstance(use.value("iv"), bytes | str):
        return "the initialisation vector is a constant, so equal beginnings show", 329
    return None


def _algorithm(use: Use) -> str:
    parts = [part for part in use.call.name.split(".") if part != "new"]
    return parts[-1]


def _is_ecb(use: Use) -> bool:
    mode = use.roles.get("mode")
    return mode is not None and isinstance(mode.ref, str) and mode.ref.upper().endswith(("MODE_ECB", ".ECB"))


def _hit(use: Use, what: str, cwe: int) -> Hit:
    return Hit(
        place=use.place,
        message=what,
        attack="Whoever gets hold of the encrypted data reads it, or parts of it, without the key.",
        fix="encrypt with cryptography.fernet.Fernet, or AES-GCM with nonce=os.urandom(12)"
        if cwe != 326
        else "make keys of 3072 bits, or use Ed25519",
        subject=use.call.function,
        route=use.route,
        cwe=cwe,
    )


RULE = Rule(
    id="weak-cipher",
    title="broken encryption",
    cwe=(327, 326, 329),
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=by_route(_check),
    owasp=("A04:2025",),
    asvs=("v5.0.0-11.3.1", "v5.0.0-11.3.2"),
)
