"""Fetching a small document from a configured address, with bounds on time and size."""

from __future__ import annotations

import time
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from counterseal.enforce.core.errors import ConfigurationError

_CHUNK = 16_384


class FetchFailed(Exception):  # noqa: N818  the name says what happened
    """The document could not be had. The message holds neither the address nor the content."""


def checked_url(url: str) -> SplitResult:
    """The parts of an address from which keys may come.

    Raises:
        ConfigurationError: it is not ``https`` (``http`` only to this machine), or holds a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigurationError("the JWKS address is not a URL") from None
    if not parts.hostname or parts.username or parts.password or parts.fragment or port == 0:
        raise ConfigurationError("the JWKS address needs a host, and no user, password or fragment")
    if parts.scheme == "https" or (parts.scheme == "http" and _loopback(parts.hostname)):
        return parts
    raise ConfigurationError("the JWKS address is not https: whoever sits on the way could give us keys", "Use https://….")


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def fetch(url: SplitResult, *, timeout: float, limit: int) -> bytes:
    """The document at an address. No redirect is followed, no proxy is used.

    Args:
        url: what `checked_url` returned.
        timeout: how long it may take altogether, in seconds; name resolution comes on top.
        limit: how many bytes it may have.

    Raises:
        FetchFailed: no answer, no 200, too slow or too large.
    """
    from http.client import HTTPConnection, HTTPException, HTTPSConnection

    deadline = time.monotonic() + timeout
    kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
    connection = kind(url.hostname or "", url.port, timeout=timeout)
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    try:
        connection.request("GET", target, headers={"Accept": "application/json", "Accept-Encoding": "identity"})
        answer = connection.getresponse()
        if answer.status != HTTPStatus.OK:
            raise FetchFailed(f"status {answer.status}")
        body = b""
        while chunk := answer.read1(_CHUNK):
            body += chunk
            if len(body) > limit:
                raise FetchFailed("the document is too large")
            if time.monotonic() > deadline:
                raise FetchFailed("the document comes too slowly")
    except (OSError, HTTPException, ValueError) as problem:
        raise FetchFailed(type(problem).__name__) from problem
    finally:
        connection.close()
    return body
