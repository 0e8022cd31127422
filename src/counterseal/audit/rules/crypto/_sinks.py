"""Where values end up under a name: columns, attributes, keys, cookies. The name says what the value is for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from counterseal.audit.surface.flow import Access, Call, Event, Return, Store
from counterseal.audit.surface.values import Value
from counterseal.audit.surface.vocabulary import snake

SECRET = re.compile(
    r"(^|_)(token|secret|otp|totp|pin|passcode|password|passwd|pwd|api_?key|secret_?key|signing_?key|auth_?key|session_?id|sid|nonce|salt|csrf"
    r"|cvv|cvc|(reset|verification|verify|confirmation|confirm|activation|login|sms|email|auth|authorization|one_time|invite|invitation|referral"
    r"|access|recovery|backup|security|two_factor|mfa|voucher|coupon|gift|discount|promo)_?(code|token|key|pin|link|secret)s?)(_|$)"
)
"""What must not be guessed."""
IDENTIFIER = re.compile(
    r"(^|_)((account|card|order|invoice|transaction|payment|booking|ticket|customer|member|reference|ref|confirmation|tracking|receipt|policy|claim)"
    r"_?(number|no|num|id|code|ref|reference)|iban|uuid|guid|reference)(_|$)"
)
"""What names a record to the outside."""
_MAKES = re.compile(r"(^|_)(generate|gen|create|make|new|random|get|build|issue|produce)(_|$)")
_MADE = re.compile(
    r"(^|_)(token|secret|otp|pin|password|passwd|pwd|(api|secret|auth|access|signing|session)_?key|cvv|cvc|code|nonce|salt|session|voucher|coupon|csrf)s?(_|$)"
)
_MADE_IDENTIFIER = re.compile(r"(^|_)(account|card|order|invoice|transaction|booking|ticket|reference|number|iban|id)s?(_|$)")
_NOT_LIVE = re.compile(
    r"(^|_)(seed|fake|demo|mock|sample|test|fixture|color|colour|avatar|jitter|backoff|shuffle|quote|delay|status_code|zip_code|country_code|error_code)"
)
_DEPTH = 3


def named(event: Event) -> Iterator[tuple[str, Value]]:
    """Names under which an event keeps or hands out values, in snake case."""
    if isinstance(event, Access):
        yield from ((snake(column), value) for column, value in event.values)
    elif isinstance(event, Store):
        yield snake(event.name), event.value
    elif isinstance(event, Return):
        yield from _members(event.value, _DEPTH)
    elif isinstance(event, Call):
        yield from _of_call(event)


def _of_call(call: Call) -> Iterator[tuple[str, Value]]:
    roles = call.roles
    if call.kind == "set-cookie" and "value" in roles:
        key = roles.get("key")
        yield snake(str(key.const)) if key is not None and key.is_const else "session_id", roles["value"]
    elif call.kind == "password-hash" and "password" in roles:
        yield "password", roles["password"]
    elif call.kind in ("token-encode", "token-decode", "session-start") and "key" in roles:
        yield "signing_key", roles["key"]


def _members(value: Value, depth: int) -> Iterator[tuple[str, Value]]:
    if isinstance(value.items, dict) and depth:
        for name, member in value.items.items():
            if isinstance(member, Value):
                yield snake(name), member
                yield from _members(member, depth - 1)


def makes_secret(function: str) -> bool:
    """Whether a function of this name makes something that must not be guessed (``generate_cvv``)."""
    name = snake(function).lower()
    return _live(name) and bool(_MAKES.search(name)) and bool(_MADE.search(name))


def makes_identifier(function: str) -> bool:
    """Whether a function of this name makes something that names a record (``generate_account_number``)."""
    name = snake(function).lower()
    return _live(name) and bool(_MAKES.search(name)) and bool(_MADE_IDENTIFIER.search(name))


def is_secret(name: str) -> bool:
    """Whether what is kept under this name must not be guessed."""
    return _live(name) and bool(SECRET.search(name))


def is_identifier(name: str) -> bool:
    """Whether what is kept under this name names a record to the outside."""
    return _live(name) and bool(IDENTIFIER.search(name))


def _live(name: str) -> bool:
    return not _NOT_LIVE.search(name)
