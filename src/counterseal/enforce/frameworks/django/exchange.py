"""A request of Django, as contracts see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.exceptions import (
    BadRequest,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.http import HttpRequest, QueryDict
from django.http.multipartparser import MultiPartParserError
from django.utils.datastructures import MultiValueDict

from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.exchange import Exchange

_PIECE = 1 << 16
_TOO_MUCH = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)
_PLACES = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


class DjangoExchange(Exchange):
    """A request of Django, also when Django REST framework has wrapped it."""

    __slots__ = ("_request",)

    def __init__(self, request: Any) -> None:
        self._request = request

    @property
    def method(self) -> str:
        return str(self._request.method)

    @property
    def route(self) -> str:
        from counterseal.enforce.frameworks.django.table import path_of

        match = self._request.resolver_match
        return "" if match is None else path_of(match.route)

    @property
    def path_params(self) -> Mapping[str, Any]:
        match = self._request.resolver_match
        params: Mapping[str, Any] = {} if match is None else match.kwargs
        return params

    @property
    def peer(self) -> str | None:
        return self._request.META.get("REMOTE_ADDR") or None

    @property
    def target(self) -> str:
        return str(self._request.get_full_path())

    @property
    def native(self) -> Any:
        return self._request

    @property
    def key(self) -> object:
        return self._request

    @property
    def on_loop(self) -> bool:
        """Whether the server that will send the answer runs an event loop."""
        return hasattr(self._request, "scope")

    def headers(self, name: str) -> Sequence[str]:
        value = self._request.META.get(_PLACES.get(name) or f"HTTP_{name.upper().replace('-', '_')}")
        return [] if value in (None, "") else [str(value)]

    def cookie(self, name: str) -> str | None:
        found: str | None = self._request.COOKIES.get(name)
        return found

    def query(self) -> Sequence[tuple[str, str]]:
        try:
            return _pairs(self._request.GET)
        except TooManyFieldsSent:
            raise Denied(400, "malformed-query", "too many parameters") from None

    def body(self, limit: int) -> bytes:
        request = self._request
        limit = self._within(limit)
        self._check_length(limit)
        kept: bytes | None = getattr(request, "_body", None)
        if kept is None:
            if getattr(request, "_read_started", False):
                raise Denied(500, "clause-failed", "the body was read before the contract, and was not kept")
            kept = _read(request, limit)
            # Django keeps a body that was read in this very way, so that the application can read it again.
            request._body = kept
            request._stream = BytesIO(kept)
        if len(kept) > limit:
            raise _too_large(limit)
        return kept

    def form(self, limit: int) -> Sequence[tuple[str, Any]]:
        request = self._request
        self._check_length(limit)
        try:
            if request.method != "POST" or not hasattr(request, "_post"):
                request._post, request._files = self._parsed(self.body(limit))
            elif self._size() > limit:
                raise _too_large(limit)
        except _TOO_MUCH as error:
            raise Denied(413, "too-large", type(error).__qualname__) from error
        except (MultiPartParserError, BadRequest, OSError, ValueError) as error:
            raise Denied(400, "malformed-form", "the form cannot be read") from error
        return [*_pairs(request._post), *_pairs(request._files)]

    def _parsed(self, body: bytes) -> tuple[Any, Any]:
        """The form, whatever the method: Django itself reads it for POST only, and takes a broken one for an empty one."""
        request = self._request
        if request.content_type != "multipart/form-data":
            body.decode()
            return QueryDict(body, encoding="utf-8"), MultiValueDict()
        boundary = request.content_params.get("boundary", "")
        if not boundary or f"--{boundary}--".encode("latin-1", "replace") not in body:
            raise ValueError("the form does not end")
        parsed: tuple[Any, Any] = request.parse_file_upload({**request.META, "CONTENT_LENGTH": len(body)}, BytesIO(body))
        return parsed

    def _size(self) -> int:
        """What a form that somebody else has read amounts to."""
        fields = sum(len(name) + len(value) for name, value in _pairs(self._request._post))
        return fields + sum(int(item.size or 0) for _, item in _pairs(self._request._files))

    def _within(self, limit: int) -> int:
        """Django's own limit holds too. It is not about files."""
        own = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if own is None or self._request.content_type == "multipart/form-data":
            return limit
        return min(limit, int(own))

    def _check_length(self, limit: int) -> None:
        stated = self.header("content-length")
        if stated is not None and stated.isdecimal() and int(stated) > limit:
            raise _too_large(limit)


def _read(request: HttpRequest, limit: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    try:
        # One byte more than is allowed tells a body that is too large.
        while piece := request.read(min(_PIECE, limit + 1 - size)):
            size += len(piece)
            if size > limit:
                raise _too_large(limit)
            pieces.append(piece)
    except OSError as error:
        raise Denied(400, "incomplete-body", type(error).__qualname__) from error
    body = b"".join(pieces)
    stated = request.META.get("CONTENT_LENGTH")
    if isinstance(stated, str) and stated.isdecimal() and int(stated) > len(body):
        raise Denied(400, "incomplete-body", "fewer bytes than were announced")
    return body


def _pairs(values: Any) -> list[tuple[str, Any]]:
    return [(name, value) for name, several in values.lists() for value in several]


def _too_large(limit: int) -> Denied:
    return Denied(413, "too-large", f"more than {limit} bytes")
