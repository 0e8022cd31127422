"""A request or socket of Litestar, as contracts see it."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, cast
from urllib.parse import parse_qsl

from litestar.connection import ASGIConnection, Request, WebSocket
from litestar.exceptions import HTTPException

from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.exchange import Exchange, SocketWatcher
from counterseal.enforce.frameworks.litestar.sockets import Judged

KEPT = "counterseal"
"""Where an application keeps its settings, and a request the calls that were begun for it."""
LOOP = "counterseal_loop"
"""Where a request keeps the event loop that it came in on, for functions that run in a thread."""

Connection = ASGIConnection[Any, Any, Any, Any]


class LitestarExchange(Exchange):
    """A request or socket of Litestar."""

    __slots__ = ("_connection", "_scope", "judged")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._scope = cast("dict[str, Any]", connection.scope)
        self.judged: Judged | None = None
        """The socket's traffic, once somebody judges it."""

    @property
    def kind(self) -> str:
        return str(self._scope["type"])

    @property
    def method(self) -> str:
        return str(self._scope.get("method", "GET"))

    @property
    def route(self) -> str:
        return f"{self._scope.get('root_path', '')}{self._scope.get('path_template', '')}"

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
        # Litestar takes the prefix off the path while it looks for the route.
        return f"{self._scope.get('root_path', '')}{self._scope.get('path', '/')}{'?' if query else ''}{query}"

    @property
    def native(self) -> Connection:
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
        return parse_qsl(self._scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)

    def body(self, limit: int) -> bytes | Awaitable[bytes]:
        return self._read(limit)

    async def _read(self, limit: int) -> bytes:
        request = self._request(limit)
        receive, size = request.receive, 0

        async def counted() -> Any:
            nonlocal size
            message = await receive()
            size += len(cast("dict[str, Any]", message).get("body", b""))
            if size > limit:
                raise _too_large(limit)
            return message

        request.receive = counted
        try:
            # Litestar keeps what it read, so that the application can read it again.
            body = await request.body()
        except HTTPException as error:
            raise _too_large(limit) if error.status_code == 413 else Denied(400, "malformed-body", "it broke off") from error
        finally:
            request.receive = receive
        if len(body) > limit:
            raise _too_large(limit)
        return body

    def form(self, limit: int) -> Sequence[tuple[str, Any]] | Awaitable[Sequence[tuple[str, Any]]]:
        return self._read_form(limit)

    async def _read_form(self, limit: int) -> Sequence[tuple[str, Any]]:
        await self._read(limit)
        try:
            form = await self._request(limit).form()
        except HTTPException as error:
            raise Denied(400, "malformed-form", "the form cannot be read") from error
        return list(form.multi_items())

    def _request(self, limit: int) -> Request[Any, Any, Any]:
        request = self._connection
        if not isinstance(request, Request):
            raise Denied(500, "clause-failed", "a socket has no body")
        stated = self.header("content-length")
        if stated is not None and stated.isdecimal() and int(stated) > limit:
            raise _too_large(limit)
        return request

    def watch(self, watcher: SocketWatcher) -> None:
        if not isinstance(self._connection, WebSocket):
            super().watch(watcher)
            return
        self.judged = Judged(self._connection, watcher)

    def keep(self, owner: object, call: Any) -> None:
        self._scope.setdefault(KEPT, {})[id(owner)] = call

    def kept(self, owner: object) -> Any:
        known = self._scope.get(KEPT)
        return None if known is None else known.pop(id(owner), None)


def _too_large(limit: int) -> Denied:
    return Denied(413, "too-large", f"more than {limit} bytes")
