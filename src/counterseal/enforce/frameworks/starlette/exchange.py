"""A request or socket of Starlette, as contracts see it."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from starlette.background import BackgroundTasks
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.exchange import Exchange, SocketWatcher

KEPT = "counterseal"
"""Where an application keeps its settings, and a request the calls that were begun for it."""


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
        self._scope.setdefault(KEPT, {})[id(owner)] = call

    def kept(self, owner: object) -> Any:
        known = self._scope.get(KEPT)
        return None if known is None else known.pop(id(owner), None)


def _too_large(limit: int) -> Denied:
    return Denied(413, "too-large", f"more than {limit} bytes")
