"""Only sealed routes run: decided where Django is about to call the view that its own matching has selected."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from django.core.handlers.asgi import ASGIHandler
from django.http import HttpResponse

from counterseal.enforce.core.adapter import Entry
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.errors import ContractError
from counterseal.enforce.frameworks.django.answers import Refusal
from counterseal.enforce.frameworks.django.table import ANY, Row, method_of, of_row

Admits = Callable[[Entry], bool]
log = logging.getLogger("counterseal")


def close(app: Any, admits: Admits) -> None:
    """From now on, let only admitted routes run in an application.

    Raises:
        ContractError: this version of Django keeps its middleware in another way.
    """
    views = _chain(app, "_view_middleware")

    def gated(request: Any, callback: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        row = Row(request.resolver_match.route, callback)
        method = method_of(row, request.method)
        # A method for which a class has nothing: Django answers 405. The route itself has to be sealed all the same.
        entries = list(of_row(row))
        asked = [entry for entry in entries if entry.method in (method, ANY)] or entries
        if asked and all(admits(entry) for entry in asked):
            return None
        document = json.dumps(Denied(503, "unsealed-route").problem())
        return HttpResponse(document, "application/problem+json", 503, headers={"Cache-Control": "no-store"})

    async def gated_async(request: Any, callback: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        return gated(request, callback, args, kwargs)

    views.insert(0, gated_async if isinstance(app, ASGIHandler) else gated)


def answer_refusals(app: Any) -> None:
    """Have an application answer refusals that had to be raised.

    Raises:
        ContractError: this version of Django keeps its middleware in another way.
    """
    chain = _chain(app, "_exception_middleware")
    if _answered not in chain:
        chain.insert(0, _answered)


def _answered(request: Any, error: Exception) -> HttpResponse | None:
    return error.response if isinstance(error, Refusal) else None


def _chain(app: Any, name: str) -> list[Any]:
    chain = getattr(app, name, None)
    if not isinstance(chain, list):
        hint = "seal what get_wsgi_application() or get_asgi_application() returns"
        raise ContractError(f"{type(app).__qualname__} has no {name}", hint)
    return chain
