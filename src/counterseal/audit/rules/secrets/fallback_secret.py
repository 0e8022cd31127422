"""A secret from the environment has a fallback in the code.

Reported are fallbacks of `os.getenv("SECRET", "dev")`, `os.environ.get("SECRET") or "dev"` and the like, and defaults of
settings classes, for names of secrets and for everything that is used as a key. Not reported are fallbacks that are random,
empty, or compared with somewhere: then the program refuses to start with them.

## Why it matters

When the variable is missing in production, nothing breaks: the application signs sessions and tokens with a key that stands in
the code. Nobody notices, except whoever reads the code and signs a token as the administrator.

## Remedy

Leave the fallback out, so that a missing secret stops the start. For development, keep it in a file that is not part of the
code.

## Examples

```python bad framework=flask
import os

from flask import Flask

app = Flask(__name__)
app.secret_key = os.getenv("SECRET_KEY", "dev")  # finding
```

```python good framework=flask
import os

from flask import Flask

app = Flask(__name__)
app.secret_key = os.environ["SECRET_KEY"]
```

```python bad framework=flask
import os

from flask import Flask

SECRET_KEY = os.environ.get("SECRET_KEY")
if not SECRET_KEY:
    SECRET_KEY = "only-for-development"  # finding

app = Flask(__name__)
app.secret_key = SECRET_KEY
```

```python good framework=flask
import os

from flask import Flask

SECRET_KEY = os.environ.get("SECRET_KEY")
if not SECRET_KEY:
    if os.environ.get("APP_ENV") != "development":
        raise RuntimeError("set SECRET_KEY")
    SECRET_KEY = "only-for-development"

app = Flask(__name__)
app.secret_key = SECRET_KEY
```

```python bad framework=fastapi
from fastapi import FastAPI
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    jwt_secret: str = "change-me-in-production"  # finding
    token_url: str = "/login"


settings = Settings()
app = FastAPI()
```

```python good framework=fastapi
import secrets

from fastapi import FastAPI
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    jwt_secret: str
    csrf_secret: str = secrets.token_urlsafe(32)
    token_url: str = "/login"


settings = Settings()
app = FastAPI()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Exposure, Hit, Place, Rule, Severity
from counterseal.audit.rules.secrets import _names as names
from counterseal.audit.rules.usage import each, flows, from_environment
from counterseal.audit.surface.flow import Compare, Raise, Store
from counterseal.audit.surface.model import Surface
from counterseal.audit.surface.values import Value, const
from counterseal.policy import Policy

_KEYED = ("token-encode", "token-decode", "session-start", "signer-dump", "signer-load")


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    compared = _compared(surface)
    keys = set(_keys(surface))
    seen: set[Place] = set()
    for name, value, place in _candidates(surface):
        text = _text(value)
        if text is None or text in compared or place in seen or not (_secret(name, text) or text in keys):
            continue
        seen.add(place)
        yield _hit(name, place, text in keys)


def _candidates(surface: Surface) -> Iterator[tuple[str, Value, Place]]:
    """(name, value with its fallback, place)."""
    for use in each(surface, "env"):
        name, default = use.roles.get("name"), use.roles.get("default")
        if name is not None and isinstance(name.const, str) and default is not None:
            yield name.const, default, use.place
    for setting in surface.settings:
        model = surface.models.get(setting.owner)
        if (model is not None and model.kind == "settings" and not setting.name.startswith("_")) or from_environment(
            setting.value
        ):
            yield setting.name, setting.value, setting.place
    for _, flow in flows(surface):
        for event in flow.of(Store):
            if event.target.kind in ("config", "inst") and from_environment(event.value):
                yield event.name, event.value, event.place
    refusing = _refusing(surface)
    for literal in names.fallback_literals(surface):
        if literal.place.file not in refusing:
            yield literal.name, const(literal.value), literal.place


def _refusing(surface: Surface) -> set[str]:
    """Files whose module refuses to be imported under some condition: it looks at its settings itself."""
    return {event.place.file for _, flow in flows(surface) for event in flow.of(Raise) if event.function.endswith("<module>")}


def _text(value: Value) -> str | None:
    """The text of a fallback; that of ``Field("...")`` too."""
    if value.kind == "inst" and isinstance(value.items, dict):
        value = value.item("default") or value.item("0") or value
    text = value.const.decode("latin-1") if isinstance(value.const, bytes) else value.const
    return text if isinstance(text, str) and text.strip() else None


def _secret(name: str, text: str) -> bool:
    if names.url_password(text) is not None:
        return not names.is_local(str(names.url_password(text)))
    return names.live_secret(name, text, fallback=True) is not None or names.known_shape(text) is not None


def _compared(surface: Surface) -> set[object]:
    """Constants that the program compares something with: it looks whether a fallback is still there."""
    return {
        side.const
        for _, flow in flows(surface)
        for event in flow.of(Compare)
        for side in (event.left, event.right)
        if isinstance(side.const, str)
    }


def _keys(surface: Surface) -> Iterator[str]:
    """Fallbacks that are in use as keys, whatever the variable is called."""
    for use in each(surface, *_KEYED):
        key = use.roles.get("key")
        if key is not None and isinstance(key.const, str) and from_environment(key):
            yield key.const


def _hit(name: str, place: Place, signs: bool) -> Hit:
    return Hit(
        place=place,
        message=f"without {name} in the environment, a secret from the code is used in its place",
        attack="Where the variable is missing, whoever has read the code signs tokens, or signs in, with the fallback.",
        fix=f'leave the fallback out: os.environ["{name.upper()}"], or a settings field without a default, stops the start',
        subject=name,
        severity=Severity.HIGH if signs else None,
        exposure=Exposure.ANYONE if signs else None,
    )


RULE = Rule(
    id="fallback-secret",
    title="secret with a fallback in the code",
    cwe=(798, 1188, 547),
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=_check,
    owasp=("A07:2025", "A02:2025"),
    asvs=("v5.0.0-13.3.1",),
)
