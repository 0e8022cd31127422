"""A request of aiohttp, as contracts see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from counterseal.enforce.contract.guard import MARK, Guard
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.exchange import Exchange, SocketWatcher


class AiohttpExchange(Exchange):
    """A request of aiohttp."""

    __slots__ = ("_request", "guard", "socket", "watcher")

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self.guard: Guard | None = None
        """The contract of the function that was called."""
        self.watcher: SocketWatcher | None = None
        self.socket: web.WebSocketResponse | None = None
        """The socket, once the function has opened it."""

    @property
    def kind(self) -> str:
        # Never what the client asks for: a header must not turn a route into one whose input nobody reads.
        return "websocket" if self.guard is not None and opens_socket(self.guard) else "http"

    @property
    def method(self) -> str:
        return self._request.method

    @property
    def route(self) -> str:
        resource = self._request.match_info.route.resource
        return "" if resource is None else resource.canonical

    @property
    def path_params(self) -> Mapping[str, Any]:
        return self._request.match_info

    @property
    def peer(self) -> str | None:
        # From the connection itself: `remote` is whatever a middleware says.
        peer = self._request.get_extra_info("peername")
        return peer[0] if isinstance(peer, (tuple, list)) and peer else None

    @property
    def target(self) -> str:
        return self._request.path_qs

    @property
    def native(self) -> web.Request:
        return self._request

    @property
    def key(self) -> object:
        return self._request

    def headers(self, name: str) -> Sequence[str]:
        return self._request.headers.getall(name, [])

    def cookie(self, name: str) -> str | None:
        return self._request.cookies.get(name)

    def query(self) -> Sequence[tuple[str, str]]:
        return list(self._request.rel_url.query.items())

    def body(self, limit: int) -> bytes | Awaitable[bytes]:
        return self._read(limit)

    async def _read(self, limit: int) -> bytes:
        body: bytes = await self._limited(limit, self._request.read)
        if len(body) > limit:
            raise _too_large(limit)
        return body

    def form(self, limit: int) -> Sequence[tuple[str, Any]] | Awaitable[Sequence[tuple[str, Any]]]:
        return self._read_form(limit)

    async def _read_form(self, limit: int) -> Sequence[tuple[str, Any]]:
        try:
            form = await self._limited(limit, self._request.post)
        except (ValueError, LookupError, web.HTTPClientError) as error:
            raise Denied(400, "malformed-form", "the form cannot be read") from error
        return list(form.items())

    async def _limited(self, limit: int, read: Callable[[], Awaitable[Any]]) -> Any:
        """Have aiohttp read, with this contract's limit in the place of the application's."""
        request = self._request
        stated = request.content_length
        if stated is not None and stated > limit:
            raise _too_large(limit)
        before, request._client_max_size = request._client_max_size, limit
        try:
            return await read()
        except web.HTTPRequestEntityTooLarge as error:
            raise _too_large(limit) from error
        finally:
            request._client_max_size = before

    def watch(self, watcher: SocketWatcher) -> None:
        self.watcher = watcher


def opens_socket(guard: Guard) -> bool:
    """Whether the function says of itself that it opens a socket: by what it returns."""
    answer = guard.plan.target.signature.return_annotation
    return isinstance(answer, type) and issubclass(answer, web.WebSocketResponse)


def guard_of(function: Any) -> Guard | None:
    """The contract on a function."""
    found = getattr(function, MARK, None)
    return found if isinstance(found, Guard) else None


def _too_large(limit: int) -> Denied:
    return Denied(413, "too-large", f"more than {limit} bytes")
