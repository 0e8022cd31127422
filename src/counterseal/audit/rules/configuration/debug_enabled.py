"""Debug mode is on in code that runs in production.

Reported are `run(debug=True)`, `debug=True` of an application, and `DEBUG = True` in configuration that is not named after
development or tests. Reading it from the environment with a fallback of `False` is not reported.

## Why it matters

The debugger of Flask shows source code and variables of every failing request, and has a console that runs any Python that a
visitor types. Its PIN can be computed from facts that a file-reading flaw gives away. Starlette and FastAPI show tracebacks.

## Remedy

Leave debug off, and switch it on from the environment where you develop: `flask --app app run --debug`.

## Examples

```python bad framework=flask
from flask import Flask

app = Flask(__name__)

if __name__ == "__main__":
    app.run(host="0.0.0.0", debug=True)  # finding
```

```python good framework=flask
import os

from flask import Flask

app = Flask(__name__)

if __name__ == "__main__":
    app.run(debug=os.environ.get("APP_DEBUG") == "1")
```

```python good framework=flask
from flask import Flask


class Config:
    DEBUG = False


class DevelopmentConfig(Config):
    DEBUG = True


app = Flask(__name__)
app.config.from_object(Config)
```

```python bad framework=fastapi
from fastapi import FastAPI

app = FastAPI(debug=True)  # finding


@app.get("/")
def home() -> dict:
    return {}
```

```python good framework=fastapi
import uvicorn
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def home() -> dict:
    return {}


if __name__ == "__main__":
    uvicorn.run("app:app", reload=True)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Exposure, Hit, Place, Rule, Severity
from counterseal.audit.rules.configuration._live import for_development
from counterseal.audit.rules.usage import each, knowledge, settings, stores
from counterseal.audit.surface.model import Surface
from counterseal.policy import Policy

_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    seen: set[Place] = set()
    for place, message, exposed, flask in _found(surface):
        if place not in seen:
            seen.add(place)
            yield _hit(place, message, exposed, flask)


def _found(surface: Surface) -> Iterator[tuple[Place, str, bool, bool]]:
    """(place, message, whether the network reaches it, whether it has the console)."""
    for use in each(surface, "server-run"):
        if use.value("debug") is True:
            everywhere = use.value("host") in _EVERYWHERE
            where = ", reachable from the network" if everywhere else ""
            yield use.place, f"the server runs with debug=True{where}", everywhere, True
    for use in each(surface, "app"):
        if use.value("debug") is True:
            yield use.place, f"{use.name}(debug=True) shows tracebacks to every visitor", True, False
    for _, store in stores(surface):
        if store.name == "debug" and store.value.const is True and knowledge().framework(str(store.target.ref)):
            yield store.place, "app.debug = True", True, True
    for setting in settings(surface, "DEBUG", "FLASK_DEBUG"):
        if setting.value.const is True and not for_development(setting) and _is_configuration(surface, setting.owner):
            yield setting.place, f"{setting.name} = True", True, "flask" in surface.frameworks


def _is_configuration(surface: Surface, owner: str) -> bool:
    """Whether a constant of this owner configures the application; any module may have a ``DEBUG`` of its own."""
    return owner == "app.config" or owner.rpartition(".")[2].lower().endswith(("config", "settings", "configuration"))


def _hit(place: Place, message: str, exposed: bool, console: bool) -> Hit:
    if console:
        attack = "An attacker provokes an error, opens the debugger's console in the browser, and runs commands on the server."
    else:
        attack = "An attacker provokes errors and reads source code, paths and values from the tracebacks."
    return Hit(
        place=place,
        message=message,
        attack=attack,
        fix='take it from the environment, off by default: debug=os.environ.get("APP_DEBUG") == "1"',
        subject="debug",
        severity=Severity.MEDIUM if not (exposed and console) else None,
        exposure=Exposure.ANYONE,
    )


RULE = Rule(
    id="debug-enabled",
    title="debug mode in production code",
    cwe=(489, 215, 94),
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=_check,
    owasp=("A02:2025", "API8:2023"),
    asvs=("v5.0.0-13.4.2",),
)
