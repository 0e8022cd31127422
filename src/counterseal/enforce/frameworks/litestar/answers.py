"""Responses: made from data, followed to their end, and refusals where only an exception refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from litestar.concurrency import sync_to_thread
from litestar.connection import Request
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response
from litestar.response.base import ASGIResponse
from litestar.response.streaming import ASGIStreamingResponse
from litestar.serialization import get_serializer
from litestar.utils import AsyncIteratorWrapper
from litestar.utils.helpers import get_enum_string_value

from counterseal.enforce.core.adapter import Around, Finish

JSON = "application/json"
PROBLEM = "application/problem+json"
_DONE = object()


class Refusal(HTTPException):
    """A denial ahead of the function, or inside a dependency, where only an exception refuses."""

    def __init__(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        super().__init__(status_code=status, headers=dict(headers))
        self.body = body


def refused(request: Any, error: Refusal) -> Response[bytes]:
    """The exception handler for `Refusal`."""
    return problem(error.status_code, error.body, error.headers or {})


def problem(status: int, body: bytes, headers: Mapping[str, str]) -> Response[bytes]:
    """A refusal as RFC 9457 has it."""
    return Response(body, status_code=status, headers=dict(headers), media_type=PROBLEM)


def rebuilt(response: Response[Any], body: bytes, status: int | None, headers: Mapping[str, str]) -> Response[bytes]:
    """A response with another body. Headers, cookies and background work stay."""
    own = ("content-length", "content-type", "etag")
    kept = {name: value for name, value in response.headers.items() if name.lower() not in own}
    return Response(
        body,
        status_code=status or response.status_code,
        headers={**kept, **headers},
        cookies=response.cookies,
        background=response.background,
        media_type=JSON,
    )


def media_type(response: Response[Any], handler: Any) -> str:
    """The type under which a response leaves."""
    declared = handler.media_type if isinstance(handler, HTTPRouteHandler) else None
    stated = next((value for name, value in response.headers.items() if name.lower() == "content-type"), None)
    return str(stated or get_enum_string_value(response.media_type or declared or JSON))


def body_of(response: Response[Any], media: str, handler: Any) -> bytes:
    """The bytes that a response would send."""
    encoders = handler.resolve_type_encoders() if isinstance(handler, HTTPRouteHandler) else {}
    return response.render(response.content, media, get_serializer({**encoders, **response.response_type_encoders}))


class Followed(Response[Any]):
    """A response whose end is told: after the last byte and the background work, whatever became of them."""

    def __init__(self, inner: Response[Any], around: Around, finish: Finish) -> None:
        super().__init__(inner.content, status_code=inner.status_code, media_type=inner.media_type)
        # Hooks of the application may still add to these: they are the very same objects.
        self.headers, self.cookies, self.encoding = inner.headers, inner.cookies, inner.encoding
        self.response_type_encoders = inner.response_type_encoders
        self.background = inner.background
        self._inner = inner
        self._around = around
        self._finish = finish

    def to_asgi_response(self, app: Any, request: Request[Any, Any, Any], **settings: Any) -> Any:
        """See `litestar.response.Response.to_asgi_response`."""
        inner = self._inner
        inner.status_code, inner.background = self.status_code, self.background
        return _FollowedToEnd(inner.to_asgi_response(app, request, **settings), self._around, self._finish)


class _FollowedToEnd:
    """The ASGI application that sends such a response."""

    def __init__(self, inner: ASGIResponse, around: Around, finish: Finish) -> None:
        self._inner = inner
        self._around = around
        self._finish = finish

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        inner = self._inner
        pieces = None
        if isinstance(inner, ASGIStreamingResponse):
            pieces = _Pieces(inner.iterator, self._around)
            inner.iterator = pieces.run()
        if inner.background is not None:
            inner.background = _Carried(inner.background, self._around)  # type: ignore[assignment]  # Litestar only calls it
        failure: BaseException | None = None
        try:
            await inner(scope, receive, send)
        except BaseException as error:
            failure = error
            raise
        finally:
            done = self._finish(failure if pieces is None else pieces.failure or failure or pieces.broken_off())
            if done is not None:
                await done


class _Pieces:
    """The pieces of a stream, each made for the caller who asked for them."""

    def __init__(self, iterator: Any, around: Around) -> None:
        self._iterator = _honest(iterator)
        self._around = around
        self._ended = False
        self.failure: BaseException | None = None
        """What the stream itself raised: Litestar wraps it."""

    async def run(self) -> AsyncIterator[str | bytes]:
        """One piece after another."""
        iterator = aiter(self._iterator)
        while True:
            try:
                with self._around():
                    piece = await anext(iterator)
            except StopAsyncIteration:
                self._ended = True
                return
            except Exception as error:
                self.failure = error
                raise
            yield piece

    def broken_off(self) -> BaseException | None:
        """Litestar ends a stream without a word when the client goes away: then it is not complete."""
        return None if self._ended else ConnectionResetError("the client went away")


def _honest(iterator: Any) -> Any:
    """Litestar's wrapper of a plain iterator takes a ValueError for the end of the stream; this one does not."""
    if type(iterator) is AsyncIteratorWrapper:
        return _threaded(iterator.iterator)
    content = getattr(iterator, "content_async_iterator", None)
    if type(content) is AsyncIteratorWrapper:
        iterator.content_async_iterator = _threaded(content.iterator)
    return iterator


async def _threaded(iterator: Any) -> AsyncIterator[Any]:
    while (piece := await sync_to_thread(next, iterator, _DONE)) is not _DONE:
        yield piece


class _Carried:
    """Background work with the caller who asked for it."""

    def __init__(self, inner: Any, around: Around) -> None:
        self._inner = inner
        self._around = around

    async def __call__(self) -> None:
        with self._around():
            await self._inner()
