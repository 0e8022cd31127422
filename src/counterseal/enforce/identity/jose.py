"""The compact form of a signed token, read strictly (RFC 7515 section 7.1, RFC 7519 section 7.2)."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

MAX_KEY_ID = 256
"""The longest ``kid`` that is looked up, in characters."""
_SEGMENTS = 3


class Malformed(ValueError):  # noqa: N818  the name says what happened
    """A token or a key set is not well-formed. The message holds no part of it."""


@dataclass(frozen=True, slots=True)
class SignedToken:
    """A token's parts. Nothing in it is true before the signature is verified."""

    algorithm: str
    key_id: str | None
    type: str | None
    signed: bytes
    """What the signature covers: header and payload as they were sent."""
    payload: bytes
    signature: bytes


def parse_token(token: bytes) -> SignedToken:
    """Take a token apart. Its header serves to find the key among ours and to check the algorithm, for nothing else.

    ``jku``, ``jwk``, ``x5u`` and ``x5c`` are never looked at: a key that comes with the token proves nothing (RFC 8725
    section 3.10).

    Raises:
        Malformed: it is not in the compact form, has a member twice, or demands extensions (``crit``).
    """
    segments = token.split(b".")
    if len(segments) != _SEGMENTS:
        raise Malformed("not three segments")
    header = strict_object(_decoded(segments[0]))
    if "crit" in header or "b64" in header:
        raise Malformed("it demands extensions, and none are supported")
    algorithm, key_id, kind = header.get("alg"), header.get("kid"), header.get("typ")
    if not isinstance(algorithm, str):
        raise Malformed("no algorithm")
    if key_id is not None and (not isinstance(key_id, str) or len(key_id) > MAX_KEY_ID):
        raise Malformed("the key id is not a short text")
    if kind is not None and not isinstance(kind, str):
        raise Malformed("the type is not a text")
    return SignedToken(
        algorithm, key_id, kind, token[: token.rindex(b".")], payload=_decoded(segments[1]), signature=_decoded(segments[2])
    )


def _decoded(segment: bytes) -> bytes:
    """Base64url as RFC 7515 section 2 has it: no padding, no other characters, one spelling for each value."""
    try:
        decoded = urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))
    except Base64Error:
        raise Malformed("not base64url") from None
    if urlsafe_b64encode(decoded).rstrip(b"=") != segment:
        raise Malformed("not base64url")
    return decoded


def strict_object(data: bytes) -> dict[str, Any]:
    """A JSON object without repeated members (RFC 7519 section 4) and without NaN and infinities.

    Raises:
        Malformed: it is anything else.
    """
    try:
        found = _DECODER.decode(data.decode("utf-8"))
    except (ValueError, RecursionError):  # the message would quote the content
        raise Malformed("not a JSON object with distinct members") from None
    if not isinstance(found, dict):
        raise Malformed("not a JSON object")
    return found


def _distinct(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("a member stands there twice")
    return found


def _no_number(_text: str) -> NoReturn:
    raise Malformed("not a number")


_DECODER = json.JSONDecoder(object_pairs_hook=_distinct, parse_constant=_no_number)
