"""Only sealed routes run: decided where Flask hands a request to the view that its own matching has selected."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import Flask, request
from werkzeug.routing import Rule

from counterseal.enforce.core.adapter import Entry
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.frameworks.flask.table import ANY, method_of, of_rule

Admits = Callable[[Entry], bool]


def close(app: Flask, prefix: str, admits: Admits) -> None:
    """From now on, let only admitted routes of one application run."""
    dispatch = app.dispatch_request

    def gated() -> Any:
        rule = request.url_rule
        if request.routing_exception is None and rule is not None and not _sealed(app, rule, prefix, admits):
            document = json.dumps(Denied(503, "unsealed-route").problem())
            return app.response_class(document, 503, {"Cache-Control": "no-store"}, mimetype="application/problem+json")
        return dispatch()

    # The last step before the view: whatever was added, replaced or put in front later, a view runs through here.
    app.dispatch_request = gated  # type: ignore[method-assign]


def _sealed(app: Flask, rule: Rule, prefix: str, admits: Admits) -> bool:
    method = method_of(rule, request.method)
    # A rule without a view of its own for this method (OPTIONS) is as sealed as its other methods are.
    asked = [entry for entry in of_rule(app, rule, prefix) if method is None or entry.method in (method, ANY)]
    return bool(asked) and all(admits(entry) for entry in asked)
