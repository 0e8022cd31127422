"""A key or password stands in the code.

Reported are texts that are given to names for secrets (`SECRET_KEY`, `DB_PASSWORD`, `api_key`), keys in use for signing or
encryption, passwords in addresses, accounts that are created with a fixed password, texts that a request gets in with, and
texts that have the form of a known key (AWS, GitHub, Stripe, private keys, ...). A placeholder that is in use counts:
`changeme` is then the key. Not reported are test code, names that only speak about secrets (`token_url`, `password_field`) and
examples.

## Why it matters

Everyone who has ever had the code has the secret: contractors, forks, backups, the build log. It cannot be changed without a
release, and it is the same in every installation.

## Remedy

Read it from the environment or a secret store, without a fallback, so that a missing one stops the start. Then change the
secret: what has been committed is known.

## Examples

```python bad framework=flask
from flask import Flask

app = Flask(__name__)
app.config["SECRET_KEY"] = "a-very-secret-text"  # finding
app.config["SQLALCHEMY_DATABASE_URI"] = "postgresql://shop:Winter2024@db.example.org/shop"  # finding
```

```python good framework=flask
import os

from flask import Flask

app = Flask(__name__)
app.config["SECRET_KEY"] = os.environ["SECRET_KEY"]
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
app.config["PASSWORD_RESET_URL"] = "/reset"
app.config["API_KEY_HEADER"] = "X-API-Key"
```

```python bad framework=fastapi
import jwt
from fastapi import FastAPI, Header, HTTPException

app = FastAPI()
PASS = "k3y-f0r-t0kens-that-everyone-knows"  # finding


@app.get("/export")
def export(x_api_key: str = Header()) -> list:
    if x_api_key != "letmein":  # finding
        raise HTTPException(401)
    return []


@app.post("/login")
def login(name: str) -> dict:
    return {"token": jwt.encode({"sub": name, "exp": 1900000000}, PASS, algorithm="HS256")}
```

```python good framework=fastapi
import jwt
from fastapi import FastAPI
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    jwt_key: str


app = FastAPI()
settings = Settings()


@app.post("/login")
def login(name: str) -> dict:
    return {"token": jwt.encode({"sub": name, "exp": 1900000000}, settings.jwt_key, algorithm="HS256")}
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from counterseal.audit.findings import Confidence, Hit, Place, Related, Rule, Severity
from counterseal.audit.rules.secrets import _names as names
from counterseal.audit.rules.secrets._names import fallback_literals
from counterseal.audit.rules.usage import accesses, each, flows, from_environment, knowledge, route_place, shared_places, stores
from counterseal.audit.surface.flow import Access, Compare, Event, Store
from counterseal.audit.surface.model import Literal, Surface
from counterseal.audit.surface.values import Value
from counterseal.audit.surface.vocabulary import PASSWORD_LIKE
from counterseal.policy import Policy

_FOR_OTHERS = re.compile(r"(^|[._/])(\w*test\w*|dev\w*|local\w*)(config|settings)?$", re.IGNORECASE)
_INVENTED = re.compile(r"(^|/)(populate|fixtures?|factories|faker?|mock|sample)(_\w+)?$", re.IGNORECASE)
_KEYED = ("token-encode", "token-decode", "session-start", "signer-dump", "signer-load", "cipher")
_NOT_SECRETS = ("password-hash", "password-verify", "hash-slow", "hash-fast")
_SHORTEST = 4
_ENVIRON = 'os.environ["{}"]'


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    elsewhere = _fallbacks(surface)
    live = dict(_live(surface))
    reported: set[Place] = set()
    said: set[str] = set()
    for found in _literals(surface, elsewhere, live):
        reported.add(found.place)
        said.update(literal.value for literal in surface.literals if literal.place == found.place)
        yield found
    for value, place in live.items():
        if value not in said and place not in reported:
            reported.add(place)
            yield _hit(place, "the key that is used here stands in the code", "SECRET_KEY", "key", Severity.HIGH)
    for place, message, subject in [*_accounts(surface), *_comparisons(surface)]:
        if place not in reported and not _not_live(place.file):
            reported.add(place)
            yield _hit(place, message, subject, subject, Severity.HIGH)


def _accounts(surface: Surface) -> Iterator[tuple[Place, str, str]]:
    """Where records with a fixed password are written; the hash of a fixed password is no better."""
    shared = shared_places(surface)
    for route, access in accesses(surface, "create"):
        for column, value in access.values:
            if PASSWORD_LIKE.search(column) and isinstance(value.const, str) and _is_password(value.const):
                place = access.place if access.place not in shared else route_place(surface, route)
                table = access.models[0] if access.models else "?"
                if place is not None:
                    yield place, f"an account ({table}) is created with a password from the code", "INITIAL_PASSWORD"
    for _, flow in flows(surface):
        hashes = list(flow.calls("password-hash"))
        written = {e.function for e in flow.among(Access, Store) if _writes_hash(e)} if hashes else ()
        for call in hashes:
            if call.function in written:
                given = call.roles.get("password")
                if given is not None and isinstance(given.const, str) and not from_environment(given):
                    yield call.place, "an account is created with a password from the code", "INITIAL_PASSWORD"


def _comparisons(surface: Surface) -> Iterator[tuple[Place, str, str]]:
    """Where a request gets in with a text that stands in the code."""
    for _, flow in flows(surface):
        for event in flow.of(Compare):
            for given, expected in ((event.left, event.right), (event.right, event.left)):
                if _opens(given, expected):
                    yield event.place, f"what is sent as {given.name} is compared with a text in the code", given.name


def _opens(given: Value, expected: Value) -> bool:
    text = expected.const
    sent = any(label.startswith("in:") for label in given.must)
    if not isinstance(text, str) or from_environment(expected) or not sent or given.is_const:
        return False
    kind = names.secret_kind(given.name) if len(text) >= _SHORTEST else None
    return kind is not None and not re.search(r"\s", text) and text.lower() not in names.NOTHING


def _is_password(text: str) -> bool:
    """Whether a fixed text is a password, and not a mark that there is none (``"LDAP"``, ``"!"``)."""
    return not (text.isupper() and text.isalpha()) and names.live_secret("initial_password", text) is not None


def _writes_hash(event: Event) -> bool:
    if isinstance(event, Store):
        return bool(PASSWORD_LIKE.search(event.name)) and "hash:password" in event.value.may
    return isinstance(event, Access) and event.verb == "create" and any("hash:password" in value.may for _, value in event.values)


def _fallbacks(surface: Surface) -> set[Place]:
    """Places that another rule judges (fallbacks), and settings that are for tests and development only."""
    out = set()
    for setting in surface.settings:
        model = surface.models.get(setting.owner)
        if (model is not None and model.kind == "settings" and not setting.name.startswith("_")) or _FOR_OTHERS.search(
            setting.owner
        ):
            out.add(setting.place)
    out |= {literal.place for literal in fallback_literals(surface)}
    out |= {literal.place for literal in surface.literals if _not_live(literal.place.file)}
    return out


def _not_live(file: str) -> bool:
    """Whether a file is about tests, development or documentation, or fills a database with invented people."""
    name = file.removesuffix(".py")
    return bool(_FOR_OTHERS.search(name) or _INVENTED.search(name)) or file.startswith(("docs/", "doc/", "cypress/", "e2e/"))


def _live(surface: Surface) -> Iterator[tuple[str, Place]]:
    """Constants that are in use as keys or passwords, with the place of use."""
    for use in each(surface, *_KEYED):
        yield from _constant(use.roles.get("key"), use.place)
    for use in each(surface, "wait", "mail", "tls-context"):
        yield from _constant(use.roles.get("password"), use.place)
    for _, store in stores(surface):
        if store.name == "secret_key" and store.target.kind == "inst" and knowledge().framework(str(store.target.ref)):
            yield from _constant(store.value, store.place)


def _constant(value: Value | None, place: Place) -> Iterator[tuple[str, Place]]:
    if value is None or not value.is_const or from_environment(value):
        return
    text = value.const.decode("latin-1") if isinstance(value.const, bytes) else value.const
    if isinstance(text, str) and text and not text.startswith("-----BEGIN PUBLIC"):
        yield text, place


def _literals(surface: Surface, elsewhere: set[Place], live: Mapping[str, Place]) -> Iterator[Hit]:
    """Texts that are given to a name. Passwords in passing (of accounts for a first start, mostly) are one finding a file."""
    seen: set[Place] = set()
    passing: dict[str, list[Literal]] = {}
    for literal in surface.literals:
        if literal.test or literal.place in elsewhere or literal.place in seen:
            continue
        in_use = literal.value in live
        found = _by_shape(literal) or _by_name(literal, in_use)
        if found is None and names.embedded_secret(literal.name, literal.value) is names.Kind.PASSWORD:
            passing.setdefault(literal.place.file, []).append(literal)
        if found is not None:
            seen.add(literal.place)
            yield found
    for several in passing.values():
        first, *others = several
        count = f"{len(several)} passwords stand" if others else "a password stands"
        related = tuple(Related(other.place, "another one") for other in others)
        yield _hit(
            first.place, f"{count} in the code ({first.name})", first.name, first.name, Severity.HIGH, Confidence.MEDIUM, related
        )


def _by_shape(literal: Literal) -> Hit | None:
    name, value = literal.name, literal.value
    shape = names.known_shape(value)
    if shape is not None:
        severity = Severity.MEDIUM if "_test_" in value else Severity.CRITICAL if "private" in shape else Severity.HIGH
        return _hit(literal.place, f"{shape} stands in the code ({name})", name, name, severity)
    host = names.url_password(value)
    if host is not None:
        severity = Severity.MEDIUM if names.is_local(host) else Severity.HIGH
        return _hit(literal.place, f"the address in {name} holds a user name and password", name, name, severity)
    return None


def _by_name(literal: Literal, in_use: bool) -> Hit | None:
    name, value = literal.name, literal.value
    certain = name.isupper() or in_use
    kind = names.live_secret(name, value) if certain else names.embedded_secret(name, value)
    if not in_use and (kind is None or (kind is names.Kind.PASSWORD and not certain)):
        return None
    what = "password" if kind is names.Kind.PASSWORD else "secret"
    confidence = Confidence.HIGH if certain else Confidence.MEDIUM
    return _hit(literal.place, f"the {what} in {name} stands in the code", name, name, Severity.HIGH, confidence)


def _hit(
    place: Place,
    message: str,
    name: str,
    subject: str,
    severity: Severity,
    confidence: Confidence = Confidence.HIGH,
    related: tuple[Related, ...] = (),
) -> Hit:
    variable = re.sub(r"\W+", "_", name).strip("_").upper() or "SECRET"
    return Hit(
        place=place,
        message=message,
        attack="Whoever has seen the code once, in a fork, a backup or a build log, uses the secret as the application does.",
        fix=f"read it with {_ENVIRON.format(variable)}, without a fallback, and replace the secret: this one is known",
        subject=subject,
        severity=severity,
        confidence=confidence,
        related=related,
    )


RULE = Rule(
    id="hardcoded-secret",
    title="secret in the code",
    cwe=(798, 259, 321),
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=_check,
    owasp=("A07:2025", "A04:2025"),
    asvs=("v5.0.0-13.3.1", "v5.0.0-13.2.3"),
)
