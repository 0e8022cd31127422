"""Responses: made from data, followed to their end, and refusals where only an exception refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web
from aiohttp.payload import Payload

from counterseal.enforce.core.adapter import Around, Finish, Reply

JSON = "application/json"
PROBLEM = "application/problem+json"


class Refusal(web.HTTPException):
    """A denial of a function whose result is not the answer."""

    def __init__(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.status_code = status
        super().__init__(headers=dict(headers), text=body.decode(), content_type=PROBLEM if body else None)


def problem(status: int, body: bytes, headers: Mapping[str, str]) -> web.Response:
    """A refusal as RFC 9457 has it."""
    return web.Response(body=body, status=status, headers=dict(headers), content_type=PROBLEM if body else None)


def made(body: bytes, status: int | None, headers: Mapping[str, str], result: web.StreamResponse | None) -> web.Response:
    """A JSON response; with what the function's own response had beside its body."""
    chosen = status or (200 if result is None else result.status)
    # RFC 9110 section 15.3.5: there is no body, whatever the function returned.
    response = web.Response(status=chosen) if chosen in (204, 205) else web.Response(body=body, status=chosen, content_type=JSON)
    if result is not None:
        dress(response, result)
    response.headers.update(headers)
    return response


def dress(response: web.Response, other: web.StreamResponse) -> None:
    """Add the headers and cookies of another response, but those about its body."""
    own = ("content-length", "content-type", "content-encoding", "transfer-encoding", "etag")
    for name, value in other.headers.items():
        if name.lower() not in own:
            response.headers.add(name, value)
    for name, morsel in other.cookies.items():
        response.cookies[name] = morsel


def read(result: Any) -> Reply | None:
    """See `Adapter.read`."""
    if not isinstance(result, web.StreamResponse):
        return None
    status = result.status
    if isinstance(result, Stream):
        return Reply(status, streams=True)
    if isinstance(result, web.WebSocketResponse):
        return Reply(status, empty=True)
    if not isinstance(result, web.Response):
        # A file, or a response that the function has sent by itself.
        return Reply(status)
    body = result.body
    if isinstance(body, Payload):
        return Reply(status, streams=True)
    if not body:
        return Reply(status, empty=True)
    is_json = result.content_type == JSON or result.content_type.endswith("+json")
    return Reply(status, json=bytes(body) if is_json else None)


def raised(error: Exception) -> web.Response | None:
    """See `Adapter.raised`. Redirects and other successes are raised in aiohttp; what is raised as an error stays one."""
    if not isinstance(error, web.HTTPException) or error.status >= 400:
        return None
    # aiohttp writes a few words under a redirect, which are no data.
    body = None if error.status >= 300 else error.body
    response = web.Response(body=body, status=error.status, content_type=error.content_type if body else None)
    dress(response, error)
    return response


class Stream(web.StreamResponse):
    """A response whose body is produced piece by piece, after the function has returned."""

    def __init__(self, pieces: Any, media_type: str, headers: Mapping[str, str]) -> None:
        super().__init__(headers={"Content-Type": media_type, **headers})
        self._pieces = pieces

    async def write_eof(self, data: bytes = b"") -> None:
        """Send the pieces, and end."""
        if not self._must_be_empty_body and not self._eof_sent:
            if hasattr(self._pieces, "__aiter__"):
                async for piece in self._pieces:
                    await self.write(piece)
            else:
                for piece in self._pieces:
                    await self.write(piece)
        await super().write_eof(data)


def follow(response: web.StreamResponse, around: Around, finish: Finish) -> web.StreamResponse:
    """Have the end of a response told, whatever becomes of it."""
    write_eof, prepare = response.write_eof, response.prepare
    told = False

    async def tell(failure: BaseException | None) -> None:
        nonlocal told
        if not told:
            told = True
            done = finish(failure)
            if done is not None:
                await done

    async def followed_prepare(request: Any) -> Any:
        try:
            return await prepare(request)
        except BaseException as error:
            await tell(error)
            raise

    async def followed_eof(data: bytes = b"") -> None:
        failure: BaseException | None = None
        try:
            with around():
                await write_eof(data)
        except BaseException as error:
            failure = error
            raise
        finally:
            await tell(failure)

    # The very response goes on through middlewares, which may look at its class.
    vars(response).update(prepare=followed_prepare, write_eof=followed_eof)
    return response
