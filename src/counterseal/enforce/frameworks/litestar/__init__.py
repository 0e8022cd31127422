"""Litestar."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from inspect import Signature
from typing import Any

from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.response import File, Response, Stream

from counterseal.enforce.core.adapter import Adapter, Admit, Around, Entry, Finish, Reply
from counterseal.enforce.core.call import current
from counterseal.enforce.core.errors import ContractError
from counterseal.enforce.core.exchange import Exchange
from counterseal.enforce.core.security import Security
from counterseal.enforce.frameworks.litestar import table
from counterseal.enforce.frameworks.litestar.answers import Followed, Refusal, body_of, media_type, problem, rebuilt
from counterseal.enforce.frameworks.litestar.exchange import KEPT, LOOP, LitestarExchange
from counterseal.enforce.frameworks.litestar.signature import REQUEST, SOCKET, exposed, plain

JSON = "application/json"


class LitestarAdapter(Adapter):
    """Litestar: functions, methods of controllers, sockets, dependencies."""

    name = "litestar"
    packages = frozenset({"litestar"})

    def find(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Exchange | None:
        for value in (kwargs.get(REQUEST), kwargs.get(SOCKET), *args, *kwargs.values()):
            if isinstance(value, ASGIConnection):
                return LitestarExchange(value)
        return None

    def security(self, exchange: Exchange) -> Security | None:
        # Asked of every call: also in an application that nobody sealed.
        table.uncached(exchange.native.route_handler)
        found = exchange.native.app.state.get(KEPT)
        return found if isinstance(found, Security) else None

    def bind(self, app: Any, security: Security) -> None:
        bound = KEPT in app.state
        app.state[KEPT] = security
        if not bound:
            table.bind(self, app)

    def arguments(
        self, exchange: Exchange, args: tuple[Any, ...], kwargs: dict[str, Any], wanted: Sequence[str]
    ) -> dict[str, Any]:
        given = {name: value for name, value in kwargs.items() if name in wanted}
        free = [name for name in wanted if name not in given]
        # A method gets its controller by position; everything else comes by name.
        return {**given, **dict(zip(free, args, strict=False))}

    def answers(self, exchange: Exchange, function: Any) -> bool:
        return plain(exchange.native.route_handler.fn) is function

    def refusal(self, exchange: Exchange, status: int, body: bytes, headers: Mapping[str, str]) -> Exception:
        return Refusal(status, body, headers)

    def respond(self, exchange: Exchange, body: bytes, status: int | None, headers: Mapping[str, str], result: Any) -> Any:
        if result is not None:
            return rebuilt(result, body, status, headers)
        # Without a status of its own a response gets the route's.
        return Response(body, status_code=status, headers=dict(headers), media_type=JSON)

    def problem(self, exchange: Exchange, status: int, body: bytes, headers: Mapping[str, str]) -> Any:
        if isinstance(exchange, LitestarExchange) and exchange.judged is not None:
            return exchange.judged.shut(status, "denied")
        if exchange.native.route_handler.resolve_return_dto() is not None:
            # The route has Litestar transfer whatever is returned into its own shape.
            raise Refusal(status, body, headers)
        return problem(status, body, headers)

    def read(self, result: Any) -> Reply | None:
        if not isinstance(result, Response):
            return None
        handler = _handler()
        # Litestar would fill these two in later, when nobody asks any more.
        result.status_code = status = result.status_code or getattr(handler, "status_code", None) or 200
        result.background = result.background or getattr(handler, "background", None)
        trailing = result.background is not None
        if isinstance(result, Stream):
            return Reply(status, streams=True, trailing=trailing)
        if isinstance(result, (File, Followed)):
            return Reply(status, trailing=trailing)
        media = media_type(result, handler)
        bare = media.partition(";")[0].strip()
        if result.content is None and status in (204, 304):
            return Reply(status, empty=True, trailing=trailing)
        body = body_of(result, media, handler)
        if not body:
            return Reply(status, empty=True, trailing=trailing)
        return Reply(status, json=body if bare == JSON or bare.endswith("+json") else None, trailing=trailing)

    def stream(self, exchange: Exchange, chunks: Any, media_type: str, headers: Mapping[str, str]) -> Any:
        return Stream(chunks, headers=dict(headers), media_type=media_type)

    def follow(self, exchange: Exchange, response: Any, around: Around, finish: Finish) -> Any:
        return Followed(response, around, finish)

    def expose(self, signature: Signature, admit: Admit) -> Signature | None:
        return exposed(signature)

    def wait(self, exchange: Exchange, pending: Awaitable[Any]) -> Any:
        async def waited() -> Any:
            return await pending

        loop = exchange.native.scope.get(LOOP)
        if loop is None or _on_a_loop():
            close = getattr(pending, "close", None)
            if close is not None:
                close()
            hint = "make it async def, or seal the application and give the route sync_to_thread=True"
            raise ContractError("a plain function has a clause that must be awaited, and no event loop to wait on", hint)
        return asyncio.run_coroutine_threadsafe(waited(), loop).result()

    def recognises(self, app: Any) -> bool:
        return isinstance(app, Litestar)

    def entries(self, app: Any) -> list[Entry]:
        return table.entries(app)

    def enclose(self, app: Any, admits: Callable[[Entry], bool]) -> None:
        table.enclose(app, admits)

    def document(self, app: Any, describe: Callable[[Any], Mapping[str, Any] | None]) -> None:
        table.document(app, describe)


def _handler() -> Any:
    """The route of the request that is being answered."""
    call = current.get()
    exchange = None if call is None else call.exchange
    return exchange.native.route_handler if isinstance(exchange, LitestarExchange) else None


def _on_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


ADAPTER = LitestarAdapter()
