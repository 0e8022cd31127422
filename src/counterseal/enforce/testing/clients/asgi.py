"""Applications that speak ASGI: Starlette, FastAPI, Litestar."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any
from urllib.parse import unquote

from counterseal.enforce.testing.clients import Answer, Pairs, Sent

PATIENCE = 30.0
"""Seconds that an answer may take."""
_SWITCHED = 101
_FORBIDDEN = 403
_HOST = "testserver"

Message = MutableMapping[str, Any]


class AsgiClient:
    """Runs an ASGI application on an event loop of its own. `Client` says what the methods do.

    All requests of a client run on one loop, because connection pools of the application belong to the loop that opened them.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._runner = asyncio.Runner()
        self._state: dict[str, Any] = {}
        self._life: asyncio.Task[None] | None = None
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[Message] = asyncio.Queue()

    def __enter__(self) -> AsgiClient:
        self._runner.__enter__()
        try:
            self._runner.run(self._start())
        except BaseException:
            self._runner.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self._runner.run(self._stop())
        finally:
            self._runner.close()

    def send(self, request: Sent) -> Answer:
        """See `Client`."""
        return self._runner.run(asyncio.wait_for(_Conversation(request, self._state).held(self._app), PATIENCE))

    async def _start(self) -> None:
        self._life = asyncio.get_running_loop().create_task(self._live())
        await self._to_app.put({"type": "lifespan.startup"})
        message = await self._told()
        if message is not None and message["type"] == "lifespan.startup.failed":
            raise RuntimeError(f"the application does not start: {message.get('message', '')}")

    async def _stop(self) -> None:
        if self._life is None or self._life.done():
            return
        await self._to_app.put({"type": "lifespan.shutdown"})
        message = await self._told()
        if message is not None and message["type"] == "lifespan.shutdown.failed":
            raise RuntimeError(f"the application does not stop: {message.get('message', '')}")
        await self._life

    async def _live(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self._state}
        await self._app(scope, self._to_app.get, self._from_app.put)

    async def _told(self) -> Message | None:
        """What the application says of its life; ``None``: it has none (ASGI lets it raise then)."""
        told = asyncio.ensure_future(self._from_app.get())
        if self._life is None:
            return None
        await asyncio.wait({told, self._life}, return_when=asyncio.FIRST_COMPLETED, timeout=PATIENCE)
        if told.done():
            return told.result()
        told.cancel()
        if not self._life.done():
            raise TimeoutError("the application does not start or stop in time")
        # Taken note of, or the event loop reports it as lost.
        self._life.exception()
        return None


class _Conversation:
    """One request and its answer."""

    def __init__(self, request: Sent, state: dict[str, Any]) -> None:
        self._request = request
        self._state = state
        self._socket = request.method == "WEBSOCKET"
        self._sent = False
        self._over = asyncio.Event()
        self._status: int | None = None
        self._headers: Pairs = ()
        self._pieces: list[bytes] = []

    async def held(self, app: Any) -> Answer:
        failure: BaseException | None = None
        try:
            await app(self._scope(), self._receive, self._send)
        except Exception as error:  # noqa: BLE001  a server would log it and answer 500
            failure = error
        status = self._status if self._status is not None else 500
        return Answer(status=status, headers=self._headers, body=b"".join(self._pieces), error=failure)

    def _scope(self) -> dict[str, Any]:
        request = self._request
        headers = [
            (b"host", _HOST.encode()),
            *((name.lower().encode(), value.encode("latin-1")) for name, value in request.headers),
        ]
        if request.body:
            headers.append((b"content-length", str(len(request.body)).encode()))
        common = {
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "path": unquote(request.path),
            "raw_path": request.path.encode(),
            "query_string": request.query.encode(),
            "root_path": "",
            "headers": headers,
            "client": (request.client, 50000),
            "server": (_HOST, 443),
            "state": dict(self._state),
        }
        if self._socket:
            extensions: dict[str, Any] = {"websocket.http.response": {}}
            return {"type": "websocket", "scheme": "wss", "subprotocols": [], "extensions": extensions, **common}
        return {"type": "http", "scheme": "https", "method": request.method, "extensions": {}, **common}

    async def _receive(self) -> Message:
        if not self._sent:
            self._sent = True
            if self._socket:
                return {"type": "websocket.connect"}
            return {"type": "http.request", "body": self._request.body, "more_body": False}
        if self._socket:
            return {"type": "websocket.disconnect", "code": 1000}
        await self._over.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        kind = message["type"]
        if kind in ("http.response.start", "websocket.http.response.start"):
            self._status = message["status"]
            self._headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in message.get("headers", ()))
        elif kind in ("http.response.body", "websocket.http.response.body"):
            self._pieces.append(bytes(message.get("body", b"")))
            if not message.get("more_body", False):
                self._over.set()
        elif kind == "websocket.accept":
            self._status = _SWITCHED
        elif kind == "websocket.close" and self._status is None:
            self._status = _FORBIDDEN


CLIENT = AsgiClient
