"""A request of Flask, as contracts see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any
from urllib.parse import quote

from flask import Flask, Request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.exchange import Exchange

_PIECE = 1 << 16


class FlaskExchange(Exchange):
    """A request of Flask."""

    __slots__ = ("_request", "app")

    def __init__(self, app: Flask, request: Request) -> None:
        self.app = app
        self._request = request

    @property
    def kind(self) -> str:
        rule = self._request.url_rule
        return "websocket" if rule is not None and rule.websocket else "http"

    @property
    def method(self) -> str:
        return self._request.method

    @property
    def route(self) -> str:
        rule = self._request.url_rule
        return "" if rule is None else rule.rule

    @property
    def path_params(self) -> Mapping[str, Any]:
        return self._request.view_args or {}

    @property
    def peer(self) -> str | None:
        environ = self._request.environ
        # ProxyFix puts what a header says in the place of the connection's address, and keeps the latter here.
        kept = environ.get("werkzeug.proxy_fix.orig", environ)
        return kept.get("REMOTE_ADDR") or None

    @property
    def target(self) -> str:
        environ = self._request.environ
        sent = environ.get("RAW_URI") or environ.get("REQUEST_URI")
        if sent:
            return str(sent)
        path = quote(self._request.root_path + self._request.path)
        query = environ.get("QUERY_STRING", "")
        return f"{path}{'?' if query else ''}{query}"

    @property
    def native(self) -> Request:
        return self._request

    @property
    def key(self) -> object:
        return self._request

    def headers(self, name: str) -> Sequence[str]:
        return self._request.headers.getlist(name)

    def cookie(self, name: str) -> str | None:
        return self._request.cookies.get(name)

    def query(self) -> Sequence[tuple[str, str]]:
        return list(self._request.args.items(multi=True))

    def body(self, limit: int) -> bytes:
        request = self._request
        self._check_length(limit)
        # Werkzeug keeps a body that was read in this very attribute, so that the application can read it again.
        body: bytes | None = getattr(request, "_cached_data", None)
        if body is None:
            body = request._cached_data = self._read(limit)
        if len(body) > limit:
            raise _too_large(limit)
        return body

    def _read(self, limit: int) -> bytes:
        pieces: list[bytes] = []
        size = 0
        try:
            # One byte more than is allowed tells a body that is too large.
            while piece := self._request.stream.read(min(_PIECE, limit + 1 - size)):
                size += len(piece)
                if size > limit:
                    raise _too_large(limit)
                pieces.append(piece)
        except RequestEntityTooLarge:
            raise _too_large(limit) from None
        except (BadRequest, OSError) as error:
            raise Denied(400, "incomplete-body", type(error).__qualname__) from error
        return b"".join(pieces)

    def form(self, limit: int) -> Sequence[tuple[str, Any]]:
        request = self._request
        self._check_length(limit)
        if "form" not in request.__dict__:
            self._parse(self.body(limit))
        return [*request.form.items(multi=True), *request.files.items(multi=True)]

    def _parse(self, body: bytes) -> None:
        """Put the form where Werkzeug would: it takes one that it cannot read for an empty one, and this does not."""
        request = self._request
        parser = request.make_form_data_parser()
        parser.silent = False
        try:
            stream, form, files = parser.parse(BytesIO(body), request.mimetype, len(body), request.mimetype_params)
        except RequestEntityTooLarge as error:
            raise Denied(413, "too-large", "a field is too large, or there are too many") from error
        except ValueError as error:
            raise Denied(400, "malformed-form", "the form cannot be read") from error
        request.__dict__.update(stream=stream, form=form, files=files)

    def _check_length(self, limit: int) -> None:
        stated = self._request.content_length
        if stated is not None and stated > limit:
            raise _too_large(limit)


def _too_large(limit: int) -> Denied:
    return Denied(413, "too-large", f"more than {limit} bytes")
