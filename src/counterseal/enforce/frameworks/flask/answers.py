"""What views of Flask return, as contracts see it, and responses made of data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from flask import Flask, current_app
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from counterseal.enforce.core.adapter import Around, Finish, Reply
from counterseal.enforce.frameworks.streaming import End, Followed, closing

JSON = "application/json"
_BODILESS = (204, 304)


def refusal(response: Response) -> HTTPException:
    """An exception with which Flask answers this response as it is: without a code of its own, no error handler is asked."""
    made = HTTPException(response=response)
    made.code = None
    return made


def read(result: object) -> Reply | None:
    """See `Adapter.read`."""
    if isinstance(result, Response):
        return _of_response(result)
    if isinstance(result, tuple):
        return _of_tuple(result)
    if isinstance(result, Iterator):
        return Reply(200, streams=True)
    return None


def _of_response(response: Response) -> Reply:
    status, trailing = response.status_code, bool(response._on_close)
    if response.direct_passthrough:
        return Reply(status, trailing=trailing)
    if response.is_streamed:
        return Reply(status, streams=True, trailing=trailing)
    body = response.get_data()
    # Werkzeug writes a line of HTML into a redirect.
    redirects = 300 <= status < 400 and "Location" in response.headers and response.mimetype == "text/html"
    if not body or status in _BODILESS or redirects:
        return Reply(status, empty=True, trailing=trailing)
    return Reply(status, json=body if response.is_json else None, trailing=trailing)


def _of_tuple(result: tuple[Any, ...]) -> Reply:
    """Data, or a response, with a status or headers."""
    rest, status = result[0], _status(result)
    if isinstance(rest, Response):
        inner = _of_response(rest)
        return inner if status is None else replace(inner, status=status)
    known = status or 200
    if isinstance(rest, Iterator):
        return Reply(known, streams=True)
    if known in _BODILESS or rest in ("", b""):
        return Reply(known, empty=True)
    if known >= 400:
        return Reply(known, json=current_app.json.dumps(rest).encode())
    return Reply(known, unrendered=True, data=rest)


def _status(result: tuple[Any, ...]) -> int | None:
    """The status in a tuple as Flask reads it."""
    given = result[1] if len(result) > 1 and not isinstance(result[1], (Headers, dict, tuple, list)) else None
    if isinstance(given, HTTPStatus):
        return given.value
    if isinstance(given, str):
        word = given.partition(" ")[0]
        return int(word) if word.isdecimal() else None
    return given if isinstance(given, int) else None


def made(app: Flask, body: bytes, status: int | None, headers: Mapping[str, str], result: Any) -> Response:
    """A JSON response, with the headers and cookies of the one that a view built."""
    if result is None:
        response: Response = app.response_class(body, status or 200, mimetype=JSON)
    else:
        response = _built(app, result)
        response.set_data(body)
        # It was computed of what does not leave.
        response.headers.pop("ETag", None)
        if status is not None:
            response.status_code = status
        if not response.is_json:
            response.content_type = JSON
    response.headers.update(headers)
    return response


def _built(app: Flask, result: Any) -> Response:
    if isinstance(result, tuple) and not isinstance(result[0], Response):
        # Flask puts status and headers together; the body is another one.
        result = ("", *result[1:])
    return app.make_response(result)


def followed(app: Flask, answer: Any, *, bodiless: bool, around: Around, finish: Finish) -> Response:
    """A response whose end is told when the server closes it."""
    response = app.make_response(answer)
    streams = response.is_streamed and not response.direct_passthrough
    end = End(finish, complete=bodiless or not streams)
    if streams:
        response.response = Followed(response.response, around, end)
    response._on_close[:] = [closing(tuple(response._on_close), around, end)]
    return response
