"""Flask: functions, methods of `MethodView` and `View`, async views, blueprints, functions that views call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

from flask import Flask, current_app, has_request_context, request, stream_with_context

from counterseal.enforce.core.adapter import Adapter, Around, Entry, Finish, Reply
from counterseal.enforce.core.exchange import Exchange
from counterseal.enforce.core.security import Security
from counterseal.enforce.frameworks.flask.answers import followed, made, read, refusal
from counterseal.enforce.frameworks.flask.exchange import FlaskExchange
from counterseal.enforce.frameworks.flask.gate import close
from counterseal.enforce.frameworks.flask.table import entries, leads_to, standing
from counterseal.enforce.frameworks.given import placed
from counterseal.enforce.frameworks.streaming import plain, waited

KEPT = "counterseal"
"""Under which name an application's extensions hold the settings."""


class FlaskAdapter(Adapter):
    """Flask. The request is in Flask's context: views get only what the path holds."""

    name = "flask"
    ambient = True
    ends_on_loop = False

    def find(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Exchange | None:
        if not has_request_context():
            return None
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        return FlaskExchange(app, request._get_current_object())  # type: ignore[attr-defined]

    def security(self, exchange: Exchange) -> Security | None:
        found = _app(exchange).extensions.get(KEPT)
        return found if isinstance(found, Security) else None

    def bind(self, app: Any, security: Security) -> None:
        app.extensions[KEPT] = security
        for inner, _ in standing(app):
            # A request in a mounted application knows only that one.
            if isinstance(inner, Flask):
                inner.extensions.setdefault(KEPT, security)

    def arguments(
        self, exchange: Exchange, args: tuple[Any, ...], kwargs: dict[str, Any], wanted: Sequence[str]
    ) -> dict[str, Any]:
        return placed(args, kwargs, wanted, spare=lambda value: False)

    def answers(self, exchange: Exchange, function: Any) -> bool:
        asked = exchange.native
        view = _app(exchange).view_functions.get(asked.endpoint)
        return view is not None and leads_to(view, asked.method, function)

    def refusal(self, exchange: Exchange, status: int, body: bytes, headers: Mapping[str, str]) -> Exception:
        return refusal(self.problem(exchange, status, body, headers))

    def respond(self, exchange: Exchange, body: bytes, status: int | None, headers: Mapping[str, str], result: Any) -> Any:
        return made(_app(exchange), body, status, headers, result)

    def problem(self, exchange: Exchange, status: int, body: bytes, headers: Mapping[str, str]) -> Any:
        media = "application/problem+json" if body else "text/plain"
        return _app(exchange).response_class(body, status, dict(headers), mimetype=media)

    def read(self, result: Any) -> Reply | None:
        return read(result)

    def stream(self, exchange: Exchange, chunks: Any, media_type: str, headers: Mapping[str, str]) -> Any:
        pieces = plain(chunks) if isinstance(chunks, AsyncIterator) else chunks
        return _app(exchange).response_class(stream_with_context(pieces), headers=dict(headers), mimetype=media_type)

    def follow(self, exchange: Exchange, response: Any, around: Around, finish: Finish) -> Any:
        return followed(_app(exchange), response, bodiless=exchange.method == "HEAD", around=around, finish=finish)

    def wait(self, exchange: Exchange, pending: Awaitable[Any]) -> Any:
        return waited(pending)

    def recognises(self, app: Any) -> bool:
        return isinstance(app, Flask)

    def entries(self, app: Any) -> list[Entry]:
        return entries(app)

    def enclose(self, app: Any, admits: Callable[[Entry], bool]) -> None:
        for inner, prefix in standing(app):
            if isinstance(inner, Flask):
                close(inner, prefix, admits)

    def document(self, app: Any, describe: Callable[[Any], Mapping[str, Any] | None]) -> None:
        """Nothing: Flask has no document of its own, and each extension that makes one has its own way of keeping it."""


def _app(exchange: Exchange) -> Flask:
    """The application that a request of Flask belongs to."""
    if not isinstance(exchange, FlaskExchange):
        raise TypeError(f"not a request of Flask: {type(exchange).__qualname__}")
    return exchange.app


ADAPTER = FlaskAdapter()
