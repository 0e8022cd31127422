"""aiohttp."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractView

from counterseal.enforce.core.adapter import Adapter, Around, Entry, Finish, Reply
from counterseal.enforce.core.exchange import Exchange
from counterseal.enforce.core.security import Security
from counterseal.enforce.frameworks.aiohttp import answers, table
from counterseal.enforce.frameworks.aiohttp.exchange import AiohttpExchange, guard_of
from counterseal.enforce.frameworks.aiohttp.sending import shut, supervise

KEPT: web.AppKey[Security] = web.AppKey("counterseal", Security)
"""Where an application keeps its settings. Those of a parent hold for the applications in it that have none."""


class AiohttpAdapter(Adapter):
    """aiohttp: functions, methods of views and of plain objects, sockets."""

    name = "aiohttp"

    def find(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Exchange | None:
        for value in (*args, *kwargs.values()):
            if isinstance(value, web.Request):
                return AiohttpExchange(value)
            if isinstance(value, AbstractView) and isinstance(value.request, web.Request):
                return AiohttpExchange(value.request)
        return None

    def security(self, exchange: Exchange) -> Security | None:
        found = exchange.native.config_dict.get(KEPT)
        return found if isinstance(found, Security) else None

    def bind(self, app: Any, security: Security) -> None:
        app[KEPT] = security

    def arguments(
        self, exchange: Exchange, args: tuple[Any, ...], kwargs: dict[str, Any], wanted: Sequence[str]
    ) -> dict[str, Any]:
        if isinstance(exchange, AiohttpExchange):
            supervise(exchange)
        given = {name: value for name, value in kwargs.items() if name in wanted}
        free = [name for name in wanted if name not in given]
        return {**given, **dict(zip(free, args, strict=False))}

    def answers(self, exchange: Exchange, function: Any) -> bool:
        if isinstance(exchange, AiohttpExchange):
            exchange.guard = guard_of(function)
        return table.endpoint(exchange.native) is function

    def refusal(self, exchange: Exchange, status: int, body: bytes, headers: Mapping[str, str]) -> Exception:
        return answers.Refusal(status, body, headers)

    def respond(self, exchange: Exchange, body: bytes, status: int | None, headers: Mapping[str, str], result: Any) -> Any:
        return answers.made(body, status, headers, result)

    def problem(self, exchange: Exchange, status: int, body: bytes, headers: Mapping[str, str]) -> Any:
        if isinstance(exchange, AiohttpExchange) and exchange.socket is not None:
            return shut(exchange.socket, status, "denied")
        return answers.problem(status, body, headers)

    def read(self, result: Any) -> Reply | None:
        return answers.read(result)

    def raised(self, error: Exception) -> Any:
        return answers.raised(error)

    def stream(self, exchange: Exchange, chunks: Any, media_type: str, headers: Mapping[str, str]) -> Any:
        return answers.Stream(chunks, media_type, headers)

    def follow(self, exchange: Exchange, response: Any, around: Around, finish: Finish) -> Any:
        return answers.follow(response, around, finish)

    def recognises(self, app: Any) -> bool:
        return isinstance(app, web.Application)

    def entries(self, app: Any) -> list[Entry]:
        return table.entries(app)

    def enclose(self, app: Any, admits: Callable[[Entry], bool]) -> None:
        table.enclose(app, admits)

    def document(self, app: Any, describe: Callable[[Any], Mapping[str, Any] | None]) -> None:
        """There is none: aiohttp makes no OpenAPI document."""


ADAPTER = AiohttpAdapter()
