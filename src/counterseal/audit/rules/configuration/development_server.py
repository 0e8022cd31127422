"""The development server listens to the network.

Reported where Flask's or Werkzeug's own server is started on all addresses (`host="0.0.0.0"`). With `debug=True` it is another
finding (`debug-enabled`).

## Why it matters

The server is made for one developer. It has no limits on slow or large requests, and its makers fix no security flaws in it.

## Remedy

Start a production server: `gunicorn "app:app"` or `waitress-serve app:app`. For development, leave `host` out.

## Examples

```python bad framework=flask
from flask import Flask

app = Flask(__name__)

if __name__ == "__main__":
    app.run(host="0.0.0.0", port=8000)  # finding
```

```python good framework=flask
from flask import Flask
from waitress import serve

app = Flask(__name__)

if __name__ == "__main__":
    serve(app, host="0.0.0.0", port=8000)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Exposure, Hit, Rule, Severity
from counterseal.audit.rules.usage import each
from counterseal.audit.surface.model import Surface
from counterseal.policy import Policy

_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    for use in each(surface, "server-run"):
        # Only servers that have a debugger are development servers.
        if "debug" not in use.api.roles or "reload" not in use.api.roles or "log_level" in use.api.roles:
            continue
        if use.value("host") in _EVERYWHERE and use.value("debug") is not True:
            yield Hit(
                place=use.place,
                message="the development server listens on all addresses",
                attack="An attacker keeps it busy with a few slow requests, and uses flaws that are not fixed in it.",
                fix='start it with gunicorn "module:app" or waitress, and leave host out for development',
                subject="server",
                exposure=Exposure.ANYONE,
            )


RULE = Rule(
    id="development-server",
    title="development server open to the network",
    cwe=(489,),
    severity=Severity.LOW,
    confidence=Confidence.LOW,
    since="0.1.0",
    check=_check,
    owasp=("A02:2025", "API8:2023"),
    asvs=("v5.0.0-13.4.2",),
)
