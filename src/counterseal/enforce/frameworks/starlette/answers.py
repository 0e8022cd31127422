"""Responses: made from data, followed to their end, and refusals where only an exception refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from counterseal.enforce.core.adapter import Around, Finish
from counterseal.enforce.core.exchange import Exchange
from counterseal.enforce.frameworks.starlette.exchange import StarletteExchange

JSON = "application/json"


class Refusal(HTTPException):
    """A denial inside a dependency, where only an exception refuses."""

    def __init__(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        # The detail is what an application shows that was not sealed: Starlette sends it as text, FastAPI as JSON.
        super().__init__(status, headers=dict(headers))
        self.body = body


async def refused(request: Any, error: Any) -> Response:
    """The exception handler for `Refusal`."""
    return Response(error.body, error.status_code, error.headers, "application/problem+json" if error.body else None)


def made(exchange: Exchange, body: bytes, status: int | None, headers: Mapping[str, str]) -> Response:
    """A response for data, with what the function did to the response and the tasks that FastAPI handed to it."""
    declared = getattr(exchange.native.scope.get("route"), "status_code", None)
    injected = exchange.injected if isinstance(exchange, StarletteExchange) else None
    tasks = exchange.tasks if isinstance(exchange, StarletteExchange) else None
    chosen = status or (injected.status_code if injected is not None else None) or declared or 200
    after = tasks if tasks is not None and tasks.tasks else None
    # RFC 9110 section 15.3.5: there is no body, whatever the function returned.
    response = Response(None if chosen in (204, 205) else body, chosen, headers or None, JSON, after)
    if injected is not None:
        add_headers(response, injected)
    return response


def add_headers(response: Response, other: Response) -> None:
    """Add the headers of another response, but those about its body."""
    own = (b"content-length", b"content-type")
    response.raw_headers.extend(pair for pair in other.raw_headers if pair[0].lower() not in own)


class Followed(Response):
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
