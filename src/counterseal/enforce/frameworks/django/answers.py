"""What views of Django return, as contracts see it, and responses made of data."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Mapping
from typing import Any

from asgiref.sync import sync_to_async
from django.core.exceptions import PermissionDenied
from django.db import connections
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase, HttpResponseRedirectBase

from counterseal.enforce.core.adapter import Around, Finish, Reply
from counterseal.enforce.frameworks.django import rest
from counterseal.enforce.frameworks.streaming import End, Followed, FollowedAsync, plain

JSON = "application/json"
_END = object()


class Refusal(PermissionDenied):  # type: ignore[misc]  # Django has no types
    """A denial where only an exception refuses. Where the application is bound it is answered as it is, elsewhere with 403."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__(response.reason_phrase)
        self.response = response


def read(result: object) -> Reply | None:
    """See `Adapter.read`."""
    if not isinstance(result, HttpResponseBase):
        return None
    status = result.status_code
    if isinstance(result, StreamingHttpResponse):
        return Reply(status, streams=not isinstance(result, FileResponse))
    if not getattr(result, "is_rendered", True):
        return _unrendered(result, status)
    body = result.content
    if not body or status in (204, 304) or isinstance(result, HttpResponseRedirectBase):
        return Reply(status, empty=True)
    return Reply(status, json=body if _is_json(result) else None)


def _unrendered(result: Any, status: int) -> Reply:
    if not rest.is_response(result):
        return Reply(status)
    if result.data is None or status in (204, 304):
        return Reply(status, empty=True)
    if status >= 400:
        return Reply(status, json=rest.rendered(result.data))
    return Reply(status, unrendered=True, data=result.data)


def _is_json(response: Any) -> bool:
    media = response.get("Content-Type", "").partition(";")[0].strip().lower()
    return bool(media == JSON or media.endswith("+json"))


def made(body: bytes, status: int | None, headers: Mapping[str, str], result: Any) -> Any:
    """A JSON response, with the headers and cookies of the one that a view built."""
    if result is None:
        return HttpResponse(body, content_type=JSON, status=status or 200, headers=dict(headers))
    if rest.is_response(result) and not result.is_rendered:
        # The framework renders it in the form that the caller asked for.
        result.data = json.loads(body)
    else:
        result.content = body
        if result.has_header("Content-Length"):
            result["Content-Length"] = str(len(body))
        if not _is_json(result):
            result["Content-Type"] = JSON
    # It was computed of what does not leave.
    result.headers.pop("ETag", None)
    if status is not None:
        result.status_code = status
    for name, value in headers.items():
        result[name] = value
    return result


def problem(status: int, body: bytes, headers: Mapping[str, str]) -> HttpResponse:
    """A refusal. What the request did so far in a transaction of Django's own (``ATOMIC_REQUESTS``) does not stay."""
    if status >= 400:
        for connection in connections.all(initialized_only=True):
            if connection.settings_dict["ATOMIC_REQUESTS"] and connection.in_atomic_block:
                connection.set_rollback(True)
    media = "application/problem+json" if body else "text/plain"
    return HttpResponse(body, content_type=media, status=status, headers=dict(headers))


def streamed(chunks: Any, media_type: str, headers: Mapping[str, str], *, on_loop: bool) -> StreamingHttpResponse:
    """A response produced piece by piece, by the kind of iterator that its server sends at once instead of collecting it."""
    if on_loop and not isinstance(chunks, AsyncIterator):
        chunks = _threaded(chunks)
    elif not on_loop and isinstance(chunks, AsyncIterator):
        chunks = plain(chunks)
    return StreamingHttpResponse(chunks, content_type=media_type, headers=dict(headers))


async def _threaded(chunks: Iterator[Any]) -> AsyncIterator[Any]:
    """A plain iterator on an event loop: each piece is produced in the request's thread."""
    iterator = iter(chunks)
    advance = sync_to_async(lambda: next(iterator, _END))
    try:
        while (piece := await advance()) is not _END:
            yield piece
    finally:
        close = getattr(iterator, "close", None)
        if close is not None:
            await sync_to_async(close)()


def followed(response: Any, *, bodiless: bool, around: Around, finish: Finish) -> Any:
    """A response whose end is told when the server closes it."""
    end = End(finish, complete=bodiless)
    pieces = response._iterator
    if isinstance(pieces, AsyncIterable):
        response.streaming_content = FollowedAsync(pieces, around, end)
    else:
        response.streaming_content = Followed(pieces, around, end)
    response._resource_closers.append(end.tell)
    return response
