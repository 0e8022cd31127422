"""Starlette and FastAPI."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Mapping, Sequence
from inspect import Parameter, Signature
from typing import Annotated, Any, get_args

from anyio import from_thread
from starlette.background import BackgroundTask, BackgroundTasks
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.websockets import WebSocket

from counterseal.enforce.core.adapter import Adapter, Admit, Around, Entry, Finish, Reply
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.exchange import Exchange, SocketWatcher
from counterseal.enforce.core.security import Security

_REQUEST = "counterseal_request"
"""The parameter that FastAPI is shown where the body takes no request itself."""
_ADMISSION = "counterseal_admission"
_KEPT = "counterseal"
_JSON = "application/json"


class StarletteExchange(Exchange):
    """A request or socket of Starlette."""

    __slots__ = ("_connection", "_scope", "injected", "tasks", "watcher")

    def __init__(self, connection: HTTPConnection) -> None:
        self._connection = connection
        self._scope = connection.scope
        self.watcher: SocketWatcher | None = None
        self.injected: Response | None = None
        """The response that FastAPI hands to a function, so that it can set headers and cookies."""
        self.tasks: BackgroundTasks | None = None
        """The background work that FastAPI lets a function add to."""

    @property
    def kind(self) -> str:
        return str(self._scope["type"])

    @property
    def method(self) -> str:
        return str(self._scope.get("method", "GET"))

    @property
    def route(self) -> str:
        route = self._scope.get("route")
        included = self._scope.get("fastapi")
        # A route of an included router: FastAPI keeps the prefix beside the route, not in it.
        context = included.get("effective_route_context") if isinstance(included, dict) else None
        path = getattr(context, "path_format", None) or getattr(route, "path_format", None) or getattr(route, "path", "")
        return f"{self._scope.get('root_path', '')}{path}"

    @property
    def path_params(self) -> Mapping[str, Any]:
        params: Mapping[str, Any] = self._scope.get("path_params", {})
        return params

    @property
    def peer(self) -> str | None:
        client = self._scope.get("client")
        return client[0] if client else None

    @property
    def target(self) -> str:
        query = self._scope.get("query_string", b"").decode("latin-1")
        return f"{self._scope.get('path', '/')}{'?' if query else ''}{query}"

    @property
    def native(self) -> HTTPConnection:
        return self._connection

    @property
    def key(self) -> object:
        return self._scope

    def headers(self, name: str) -> Sequence[str]:
        wanted = name.encode("latin-1")
        return [value.decode("latin-1") for key, value in self._scope["headers"] if key == wanted]

    def cookie(self, name: str) -> str | None:
        return self._connection.cookies.get(name)

    def query(self) -> Sequence[tuple[str, str]]:
        return self._connection.query_params.multi_items()

    def body(self, limit: int) -> bytes | Awaitable[bytes]:
        return self._read(limit)

    async def _read(self, limit: int) -> bytes:
        request = self._request(limit)
        kept = getattr(request, "_body", None)
        if isinstance(kept, bytes):
            return kept
        pieces: list[bytes] = []
        size = 0
        async for piece in request.stream():
            size += len(piece)
            if size > limit:
                raise _too_large(limit)
            pieces.append(piece)
        # Starlette keeps a body that was read in this very attribute, so that the application can read it again.
        request._body = b"".join(pieces)
        return request._body

    def form(self, limit: int) -> Sequence[tuple[str, Any]] | Awaitable[Sequence[tuple[str, Any]]]:
        return self._read_form(limit)

    async def _read_form(self, limit: int) -> Sequence[tuple[str, Any]]:
        await self._read(limit)
        try:
            form = await self._request(limit).form()
        except HTTPException as error:
            raise Denied(400, "malformed-form", "the form cannot be read") from error
        return form.multi_items()

    def _request(self, limit: int) -> Request:
        request = self._connection
        if not isinstance(request, Request):
            raise Denied(500, "clause-failed", "a socket has no body")
        stated = self.header("content-length")
        if stated is not None and stated.isdecimal() and int(stated) > limit:
            raise _too_large(limit)
        return request

    def watch(self, watcher: SocketWatcher) -> None:
        self.watcher = watcher

    def keep(self, owner: object, call: Any) -> None:
        self._scope.setdefault(_KEPT, {})[id(owner)] = call

    def kept(self, owner: object) -> Any:
        known = self._scope.get(_KEPT)
        return None if known is None else known.pop(id(owner), None)


def _too_large(limit: int) -> Denied:
    return Denied(413, "too-large", f"more than {limit} bytes")


class WatchedSocket(WebSocket):
    """A socket whose messages are judged. It shares its state with the one that the framework made."""

    def __init__(self, inner: WebSocket, watcher: SocketWatcher) -> None:
        self.__dict__ = inner.__dict__
        self._watcher = watcher

    async def receive(self) -> Any:
        message = await super().receive()
        if message["type"] == "websocket.receive":
            data = message.get("text")
            await self._judged(data if data is not None else message.get("bytes") or b"")
        return message

    async def _judged(self, data: str | bytes) -> None:
        try:
            await self._watcher.received(data)
        except Denied as denial:
            await super().send({"type": "websocket.close", "code": close_code(denial), "reason": denial.code})
            raise

    async def send(self, message: Any) -> None:
        if message["type"] == "websocket.send":
            field = "text" if message.get("text") is not None else "bytes"
            message = {**message, field: self._watcher.sent(message[field])}
        await super().send(message)


def close_code(denial: Denied) -> int:
    """The status with which a socket is closed (RFC 6455 section 7.4.1)."""
    return {413: 1009, 400: 1007, 422: 1007, 500: 1011, 503: 1013}.get(denial.status, 1008)


class Refusal(HTTPException):
    """A denial inside a dependency, where only an exception refuses."""

    def __init__(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        import json

        super().__init__(status, detail=json.loads(body) if body else None, headers=dict(headers))


class StarletteAdapter(Adapter):
    """Starlette and FastAPI: functions, methods of `HTTPEndpoint`, sockets, dependencies."""

    name = "starlette"

    def find(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Exchange | None:
        found = kwargs.get(_REQUEST)
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
        found = getattr(getattr(app, "state", None), _KEPT, None)
        return found if isinstance(found, Security) else None

    def bind(self, app: Any, security: Security) -> None:
        setattr(app.state, _KEPT, security)

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
        # A class is asked by its methods; a dependency's function is not what the route was made of.
        return endpoint is function or isinstance(endpoint, type) or endpoint is None

    def refusal(self, exchange: Exchange, status: int, body: bytes, headers: Mapping[str, str]) -> Exception:
        return Refusal(status, body, headers)

    def respond(self, exchange: Exchange, body: bytes, status: int | None, headers: Mapping[str, str], result: Any) -> Any:
        if result is None:
            return _made(exchange, body, status, headers)
        response = Response(body, status or result.status_code, background=result.background)
        _add_headers(response, result)
        response.headers["content-type"] = _JSON
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
        is_json = media == _JSON or media.endswith("+json")
        return Reply(status, json=body if is_json else None, trailing=trailing)

    def stream(self, exchange: Exchange, chunks: Any, media_type: str, headers: Mapping[str, str]) -> Any:
        return StreamingResponse(chunks, headers=dict(headers), media_type=media_type)

    def follow(self, exchange: Exchange, response: Any, around: Around, finish: Finish) -> Any:
        return _Followed(response, around, finish)

    def expose(self, signature: Signature, admit: Admit) -> Signature | None:
        if "fastapi" not in sys.modules:
            return None
        parameters = list(signature.parameters.values())
        if parameters and parameters[0].name == "self":
            return None
        shown = [item.replace(kind=Parameter.KEYWORD_ONLY) for item in parameters if item.kind is not Parameter.VAR_KEYWORD]
        if any(not _plain(item) for item in shown):
            shown.insert(0, _admission(admit))
        if not any(_is_connection(item) for item in shown):
            shown.append(Parameter(_REQUEST, Parameter.KEYWORD_ONLY, annotation=HTTPConnection))
        return signature.replace(parameters=shown)

    def recognises(self, app: Any) -> bool:
        raise NotImplementedError

    def entries(self, app: Any) -> list[Entry]:
        raise NotImplementedError

    def enclose(self, app: Any, admits: Callable[[Entry], bool]) -> None:
        raise NotImplementedError

    def wait(self, exchange: Exchange, pending: Awaitable[Any]) -> Any:
        async def waited() -> Any:
            return await pending

        return from_thread.run(waited)


def _made(exchange: Exchange, body: bytes, status: int | None, headers: Mapping[str, str]) -> Response:
    """A response for data, with what the function did to the response and the tasks that FastAPI handed to it."""
    declared = getattr(exchange.native.scope.get("route"), "status_code", None)
    injected = exchange.injected if isinstance(exchange, StarletteExchange) else None
    tasks = exchange.tasks if isinstance(exchange, StarletteExchange) else None
    chosen = status or (injected.status_code if injected is not None else None) or declared or 200
    response = Response(body, chosen, headers or None, _JSON, tasks if tasks is not None and tasks.tasks else None)
    if injected is not None:
        _add_headers(response, injected)
    return response


def _add_headers(response: Response, other: Response) -> None:
    own = (b"content-length", b"content-type")
    response.raw_headers.extend(pair for pair in other.raw_headers if pair[0].lower() not in own)


def _admission(admit: Admit) -> Parameter:
    """A dependency ahead of all others: FastAPI judges parameters, and answers 422, only after dependencies have run."""
    from fastapi import Depends

    async def admission(connection: HTTPConnection) -> None:
        await admit(StarletteExchange(connection))

    # FastAPI reads this annotation; with postponed evaluation it would be a text that is looked up in the wrong module.
    admission.__annotations__["connection"] = HTTPConnection
    return Parameter(_ADMISSION, Parameter.KEYWORD_ONLY, annotation=Annotated[None, Depends(admission)])


def _is_connection(item: Parameter) -> bool:
    return isinstance(item.annotation, type) and issubclass(item.annotation, HTTPConnection)


def _plain(item: Parameter) -> bool:
    """Whether FastAPI hands this over without reading anything that a caller sent."""
    plain = get_args(item.annotation)[0] if hasattr(item.annotation, "__metadata__") else item.annotation
    return isinstance(plain, type) and issubclass(plain, (HTTPConnection, Response, BackgroundTasks)) and item.annotation is plain


class _Followed(Response):
    """A response whose end is told: after the last byte and the background work, whatever became of them."""

    def __init__(self, inner: Response, around: Around, finish: Finish) -> None:
        self._inner = inner
        self._around = around
        self._finish = finish
        self.status_code = inner.status_code
        self.background = _Carried(inner.background, around) if inner.background is not None else None
        self.raw_headers = inner.raw_headers
        self.media_type = inner.media_type
        self.body = getattr(inner, "body", b"")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        inner = self._inner
        if isinstance(inner, StreamingResponse):
            inner.body_iterator = _within(inner.body_iterator, self._around)
        inner.background = self.background
        failure: BaseException | None = None
        try:
            await inner(scope, receive, send)
        except BaseException as error:
            failure = error
            raise
        finally:
            done = self._finish(failure)
            if done is not None:
                await done


async def _within(pieces: Any, around: Around) -> Any:
    iterator = pieces.__aiter__()
    while True:
        try:
            with around():
                piece = await iterator.__anext__()
        except StopAsyncIteration:
            return
        yield piece


class _Carried(BackgroundTask):
    """Background work with the caller who asked for it."""

    def __init__(self, inner: BackgroundTask, around: Around) -> None:
        self._inner = inner
        self._around = around

    async def __call__(self) -> None:
        with self._around():
            await self._inner()


ADAPTER = StarletteAdapter()
