"""Applications that speak WSGI (PEP 3333): Flask, and Django under WSGI."""

from __future__ import annotations

import sys
from io import BytesIO
from types import TracebackType
from typing import Any
from urllib.parse import unquote_to_bytes

from counterseal.enforce.testing.clients import Answer, Client, Pairs, Sent
from counterseal.enforce.testing.clients.asgi import AsgiClient

_HOST = "testserver"


class WsgiClient:
    """Calls a WSGI application in the thread of the test. `Client` says what the methods do."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def __enter__(self) -> WsgiClient:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Nothing: a WSGI application is neither started nor stopped."""

    def send(self, request: Sent) -> Answer:
        """See `Client`."""
        told: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], trouble: Any = None) -> Any:
            told.append((status, headers))
            return lambda piece: None

        try:
            pieces = self._app(environ(request), start)
            try:
                body = b"".join(pieces)
            finally:
                close = getattr(pieces, "close", None)
                if close is not None:
                    close()
        except Exception as error:  # noqa: BLE001  a server would log it and answer 500
            return Answer(status=500, error=error)
        status, headers = told[-1]
        given: Pairs = tuple(headers)
        return Answer(status=int(status.partition(" ")[0]), headers=given, body=body)


def environ(request: Sent) -> dict[str, Any]:
    """A request as PEP 3333 has it."""
    made: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(request.path).decode("latin-1"),
        "QUERY_STRING": request.query,
        "SERVER_NAME": _HOST,
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": request.client,
        "HTTP_HOST": _HOST,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input": BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if request.body:
        made["CONTENT_LENGTH"] = str(len(request.body))
    for name, value in request.headers:
        key = name.upper().replace("-", "_")
        made[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    return made


def CLIENT(app: Any) -> Client:  # noqa: N802  every module here has one
    """A client for an application of Flask or Django, whichever of the two protocols it speaks."""
    # Django's handler for ASGI has a coroutine in the place of the call.
    return AsgiClient(app) if type(app).__name__ == "ASGIHandler" else WsgiClient(app)
