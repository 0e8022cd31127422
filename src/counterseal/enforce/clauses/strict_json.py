"""JSON as RFC 8259 and I-JSON (RFC 7493) allow it: UTF-8, no member twice, no NaN, bounded nesting."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from counterseal.enforce.core.denial import Denied

MAX_DEPTH = 64
"""How deep arrays and objects may nest."""


def check(body: bytes) -> None:
    """Refuse a document in which two readers could see different things.

    Raises:
        Denied: 400.
    """
    try:
        # The cheap count is an upper bound of the depth; the exact one is needed for few documents.
        if body.count(b"{") + body.count(b"[") > MAX_DEPTH and _depth(body) > MAX_DEPTH:
            raise Denied(400, "malformed-json", f"nested more than {MAX_DEPTH} deep")
        _DECODER.decode(body.decode("utf-8"))
    except RecursionError:
        raise Denied(400, "malformed-json", "nested too deep") from None
    except UnicodeDecodeError:
        raise Denied(400, "malformed-json", "not UTF-8") from None
    except _DoubleMemberError:
        raise Denied(400, "malformed-json", "an object has a member twice") from None
    except ValueError as error:
        where = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise Denied(400, "malformed-json", f"not JSON{where}") from None


class _DoubleMemberError(Exception):
    pass


def _object(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        raise _DoubleMemberError


def _constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON value")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


def _depth(body: bytes) -> int:
    """The deepest nesting, strings left out."""
    deepest = depth = 0
    inside = escaped = False
    for byte in body:
        if inside:
            inside = escaped or byte != 0x22
            escaped = byte == 0x5C and not escaped
        elif byte == 0x22:
            inside = True
        elif byte in b"{[":
            depth += 1
            deepest = max(deepest, depth)
            if deepest > MAX_DEPTH:
                break
        elif byte in b"}]":
            depth -= 1
    return deepest
