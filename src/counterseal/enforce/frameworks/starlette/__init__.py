"""Starlette and FastAPI."""

from __future__ import annotations

import functools
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from inspect import Signature
from typing import Any

from anyio import from_thread
from starlette.applications import Starlette
from starlette.background import BackgroundTasks
from starlette.requests import HTTPConnection
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.websockets import WebSocket

from counterseal.enforce.core.adapter import Adapter, Admit, Around, Entry, Finish, Reply
from counterseal.enforce.core.exchange import Exchange
from counterseal.enforce.core.security import Security
from counterseal.enforce.frameworks.starlette.answers import JSON, Followed, Refusal, add_headers, made, refused
from counterseal.enforce.frameworks.starlette.exchange import KEPT, StarletteExchange
from counterseal.enforce.frameworks.starlette.gate import close
from counterseal.enforce.frameworks.starlette.openapi import documented
from counterseal.enforce.frameworks.starlette.probe import check
from counterseal.enforce.frameworks.starlette.signature import REQUEST, exposed, reads_body
from counterseal.enforce.frameworks.starlette.sockets import WatchedSocket
from counterseal.enforce.frameworks.starlette.start import at_start
from counterseal.enforce.frameworks.starlette.table import walked


def _leave(app: Any, security: Security) -> None:
    """Leave the settings with one application, and have it answer refusals of dependencies as they are meant."""
    setattr(app.state, KEPT, security)
    app.add_exception_handler(Refusal, refused)


class StarletteAdapter(Adapter):
    """Starlette and FastAPI: functions, methods of `HTTPEndpoint`, sockets, dependencies."""

    name = "starlette"
    packages = frozenset({"fastapi", "starlette"})

    def find(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Exchange | None:
        found = kwargs.get(REQUEST)
        if found is not None:
            return StarletteExchange(found)
        for value in args:
            if isinstance(value, HTTPConnection):
                return StarletteExchange(value)
        for value in kwargs.values():
            if isinstance(value, HTTPConnection):
                return StarletteExchange(value)
        return None

    def security(self, exchange: Exchange) -> Security | None:
        app = exchange.native.scope.get("app")
        found = getattr(getattr(app, "state", None), KEPT, None)
        return found if isinstance(found, Security) else None

    def bind(self, app: Any, security: Security) -> None:
        _leave(app, security)
        for branch in walked(app).walk():
            # A request in a mounted application knows only that one.
            if branch.app is not None and not hasattr(branch.app.state, KEPT):
                _leave(branch.app, security)

    def arguments(
        self, exchange: Exchange, args: tuple[Any, ...], kwargs: dict[str, Any], wanted: Sequence[str]
    ) -> dict[str, Any]:
        given = {name: value for name, value in kwargs.items() if name in wanted}
        free = [name for name in wanted if name not in given]
        for value in args:
            if isinstance(value, HTTPConnection) and not free:
                continue
            given[free.pop(0)] = value
        if isinstance(exchange, StarletteExchange):
            for name, item in given.items():
                if isinstance(item, Response):
                    exchange.injected = item
                elif isinstance(item, BackgroundTasks):
                    exchange.tasks = item
                elif isinstance(item, WebSocket) and exchange.watcher is not None:
                    given[name] = WatchedSocket(item, exchange.watcher)
        return given

    def answers(self, exchange: Exchange, function: Any) -> bool:
        endpoint = exchange.native.scope.get("endpoint")
        while isinstance(endpoint, functools.partial):
            endpoint = endpoint.func
        endpoint = getattr(endpoint, "__func__", endpoint)
        if isinstance(endpoint, type):
            # A class answers by its own methods. A helper that one of them calls does not: it has to be stopped by an exception.
            return any(member is function for owner in endpoint.__mro__ for member in vars(owner).values())
        # Neither is a dependency what the route was made of, nor what a middleware calls before any route is matched.
        return endpoint is function

    def refusal(self, exchange: Exchange, status: int, body: bytes, headers: Mapping[str, str]) -> Exception:
        return Refusal(status, body, headers)

    def respond(self, exchange: Exchange, body: bytes, status: int | None, headers: Mapping[str, str], result: Any) -> Any:
        if result is None:
            return made(exchange, body, status, headers)
        response = Response(body, status or result.status_code, background=result.background)
        add_headers(response, result)
        response.headers["content-type"] = JSON
        response.headers.update(headers)
        return response

    def problem(self, exchange: Exchange, status: int, body: bytes, headers: Mapping[str, str]) -> Any:
        response = Response(body, status, dict(headers), "application/problem+json" if body else None)
        if exchange.kind == "websocket":
            return self._close(exchange.native, response)
        return response

    async def _close(self, socket: WebSocket, response: Response) -> None:
        if socket.application_state.name == "CONNECTING":
            # Before the handshake is accepted an HTTP answer is possible where the server knows how, else it sends 403.
            if "websocket.http.response" in socket.scope.get("extensions", {}):
                await socket.send_denial_response(response)
            else:
                await socket.close(1008)

    def read(self, result: Any) -> Reply | None:
        if not isinstance(result, Response):
            return None
        status, trailing = result.status_code, result.background is not None
        if isinstance(result, StreamingResponse):
            return Reply(status, streams=True, trailing=trailing)
        if isinstance(result, FileResponse):
            return Reply(status, trailing=trailing)
        body = bytes(result.body)
        media = (result.media_type or result.headers.get("content-type", "")).partition(";")[0].strip()
        if not body:
            return Reply(status, empty=True, trailing=trailing)
        is_json = media == JSON or media.endswith("+json")
        return Reply(status, json=body if is_json else None, trailing=trailing)

    def stream(self, exchange: Exchange, chunks: Any, media_type: str, headers: Mapping[str, str]) -> Any:
        return StreamingResponse(chunks, headers=dict(headers), media_type=media_type)

    def follow(self, exchange: Exchange, response: Any, around: Around, finish: Finish) -> Any:
        return Followed(response, around, finish)

    def expose(self, signature: Signature, admit: Admit) -> Signature | None:
        return exposed(signature, admit) if "fastapi" in sys.modules else None

    def objection(self, endpoint: Any) -> tuple[str, str] | None:
        signature = getattr(endpoint, "__signature__", None)
        taken = [item.name for item in signature.parameters.values() if reads_body(item)] if signature is not None else []
        if not taken or "fastapi" not in sys.modules:
            return None
        return f"{taken[0]!r} takes the body, and no clause checks it", "add validates(Model), or name the parameter with into="

    def recognises(self, app: Any) -> bool:
        return isinstance(app, Starlette)

    def entries(self, app: Any) -> list[Entry]:
        found = walked(app)
        check(found)
        return list(found.entries)

    def enclose(self, app: Any, admits: Callable[[Entry], bool]) -> None:
        close(app, walked(app), admits)

    def document(self, app: Any, describe: Callable[[Any], Mapping[str, Any] | None]) -> None:
        documented(walked(app), describe)

    def on_start(self, app: Any, check: Callable[[], None]) -> None:
        at_start(app, check)

    def wait(self, exchange: Exchange, pending: Awaitable[Any]) -> Any:
        async def waited() -> Any:
            return await pending

        return from_thread.run(waited)


ADAPTER = StarletteAdapter()
