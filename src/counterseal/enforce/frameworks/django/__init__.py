"""Django: functions, methods of class-based views, async views, and views of Django REST framework."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.http import HttpRequest
from django.utils.module_loading import import_string
from django.views import View

from counterseal.enforce.core.adapter import Adapter, Around, Entry, Finish, Reply
from counterseal.enforce.core.errors import ConfigurationError
from counterseal.enforce.core.exchange import Exchange
from counterseal.enforce.core.security import Security
from counterseal.enforce.frameworks.django import rest
from counterseal.enforce.frameworks.django.answers import Refusal, followed, made, problem, read, streamed
from counterseal.enforce.frameworks.django.exchange import DjangoExchange
from counterseal.enforce.frameworks.django.gate import answer_refusals, close
from counterseal.enforce.frameworks.django.table import entries, leads_to
from counterseal.enforce.frameworks.given import placed

SETTING = "COUNTERSEAL"
"""The setting that holds the `Security`, or its dotted name."""


class DjangoAdapter(Adapter):
    """Django. The request is the first argument of a view, or an attribute of its class."""

    name = "django"
    ends_on_loop = False

    def find(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Exchange | None:
        for value in (*args, *kwargs.values()):
            plain = rest.unwrapped(value)
            if isinstance(plain, HttpRequest):
                return DjangoExchange(plain)
        # A method of a view that gets no request of its own (get_queryset, form_valid) finds it where Django has put it.
        if args and isinstance(args[0], View):
            plain = rest.unwrapped(getattr(args[0], "request", None))
            if isinstance(plain, HttpRequest):
                return DjangoExchange(plain)
        return None

    def security(self, exchange: Exchange) -> Security | None:
        found = getattr(settings, SETTING, None)
        if isinstance(found, str):
            found = _named(found)
        if found is not None and not isinstance(found, Security):
            raise ConfigurationError(f"settings.{SETTING} is no Security", "give it one, or the dotted name of one")
        return found

    def bind(self, app: Any, security: Security) -> None:
        setattr(settings, SETTING, security)
        answer_refusals(app)

    def arguments(
        self, exchange: Exchange, args: tuple[Any, ...], kwargs: dict[str, Any], wanted: Sequence[str]
    ) -> dict[str, Any]:
        return placed(args, kwargs, wanted, spare=_is_request)

    def answers(self, exchange: Exchange, function: Any) -> bool:
        match = exchange.native.resolver_match
        return match is not None and leads_to(match.func, exchange.method, function)

    def refusal(self, exchange: Exchange, status: int, body: bytes, headers: Mapping[str, str]) -> Exception:
        return Refusal(problem(status, body, headers))

    def respond(self, exchange: Exchange, body: bytes, status: int | None, headers: Mapping[str, str], result: Any) -> Any:
        return made(body, status, headers, result)

    def problem(self, exchange: Exchange, status: int, body: bytes, headers: Mapping[str, str]) -> Any:
        return problem(status, body, headers)

    def read(self, result: Any) -> Reply | None:
        return read(result)

    def stream(self, exchange: Exchange, chunks: Any, media_type: str, headers: Mapping[str, str]) -> Any:
        return streamed(chunks, media_type, headers, on_loop=isinstance(exchange, DjangoExchange) and exchange.on_loop)

    def follow(self, exchange: Exchange, response: Any, around: Around, finish: Finish) -> Any:
        return followed(response, bodiless=exchange.method == "HEAD", around=around, finish=finish)

    def wait(self, exchange: Exchange, pending: Awaitable[Any]) -> Any:
        return async_to_sync(_awaited)(pending)

    def recognises(self, app: Any) -> bool:
        return isinstance(app, BaseHandler)

    def entries(self, app: Any) -> list[Entry]:
        return entries()

    def enclose(self, app: Any, admits: Callable[[Entry], bool]) -> None:
        close(app, admits)

    def document(self, app: Any, describe: Callable[[Any], Mapping[str, Any] | None]) -> None:
        """Nothing: Django has no document of its own, and each package that makes one has its own way of keeping it."""


def _is_request(value: Any) -> bool:
    return isinstance(rest.unwrapped(value), HttpRequest)


@lru_cache(maxsize=8)
def _named(name: str) -> Any:
    return import_string(name)


async def _awaited(pending: Awaitable[Any]) -> Any:
    return await pending


ADAPTER = DjangoAdapter()
