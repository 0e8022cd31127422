"""What a caller can guess: passwords, one-time codes, vouchers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from counterseal.audit.surface.flow import Access, Call, Compare, Event, Flow
from counterseal.audit.surface.values import Value
from counterseal.audit.surface.vocabulary import PASSWORD_LIKE, snake

_CODE = re.compile(
    r"(^|_)(otp|totp|pin|pass_?code|one_?time|(verification|verify|reset|activation|confirm(ation)?|auth|sms|email|mfa|login|security|access)_?code|2fa)($|_)",
    re.IGNORECASE,
)
_VOUCHER = re.compile(
    r"(^|_)(coupon|voucher|promo(tion)?|gift_?(card|code)?|discount|redeem|referral|licen[cs]e|invit(e|ation)|reset|verification|activation)s?($|_)",
    re.IGNORECASE,
)
_BARE = re.compile(r"^(code|pin|value|number|key)$", re.IGNORECASE)
_HASHED = "hash:fast"
_LONG = re.compile(r"(token|hash|digest|signature|uuid|jti|session)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False)
class Guess:
    """A secret that the caller sends and the program compares."""

    event: Event
    sent: Value
    what: str
    """Name of the secret as the program writes it."""

    @property
    def known_caller(self) -> bool:
        """Whether the caller had to sign in before."""
        return "auth" in self.event.facts


def password_guesses(flow: Flow) -> Iterator[Guess]:
    """Where a password that the caller sends is compared with a stored one."""
    for event in flow.among(Call, Compare, Access):
        if isinstance(event, Call) and event.kind == "password-verify":
            sent = event.roles.get("password")
            if sent is not None and (sent.inputs() or "cred" in sent.may):
                yield Guess(event, sent, sent.name or "password")
        elif isinstance(event, Compare):
            for sent, other in ((event.left, event.right), (event.right, event.left)):
                if (sent.inputs() or _HASHED in sent.may) and _from_database(other) and _is_password(sent, other):
                    yield Guess(event, sent, sent.name if PASSWORD_LIKE.search(sent.name) else other.name or "password")
        elif isinstance(event, Access) and event.verb in ("get", "list", "count"):
            for c in event.conditions:
                sent_here = bool(c.value.inputs()) or _HASHED in c.value.may
                if c.op == "==" and sent_here and PASSWORD_LIKE.search(c.column) and not _CODE.search(c.column):
                    yield Guess(event, c.value, c.column)


def code_guesses(flow: Flow) -> Iterator[Guess]:
    """Where a short code that the caller sends is looked up or compared: one-time codes, vouchers, invitations."""
    models: dict[str, str] = {}
    for event in flow.among(Call, Compare, Access):
        if isinstance(event, Access):
            models |= dict.fromkeys([event.label], event.models[0] if event.models else "")
            yield from _looked_up(event)
        elif isinstance(event, Compare):
            for sent, other in ((event.left, event.right), (event.right, event.left)):
                if sent.inputs() and _from_database(other) and _is_code(other.name, _model(other, models)):
                    yield Guess(event, sent, other.name)
        elif isinstance(event, Call) and event.kind in ("password-verify", "compare-digest"):
            sent_ = next((v for v in event.args if v.inputs()), None)
            if sent_ is not None and (
                _CODE.search(sent_.name) or any(_is_code(v.name, _model(v, models)) for v in event.args if _from_database(v))
            ):
                yield Guess(event, sent_, sent_.name)


def _looked_up(event: Access) -> Iterator[Guess]:
    if event.verb not in ("get", "list", "count", "update"):
        return
    for c in event.conditions:
        if c.op == "==" and c.value.inputs() and _is_code(c.column, event.models[0] if event.models else ""):
            yield Guess(event, c.value, c.column)


def _is_code(column: str, model: str) -> bool:
    if _LONG.search(column):
        return False
    return bool(_CODE.search(column) or (_VOUCHER.search(column) and "code" in column.lower())) or bool(
        _BARE.match(column) and (_VOUCHER.search(snake(model)) or _CODE.search(snake(model)))
    )


def _model(value: Value, models: Mapping[str, str]) -> str:
    return next((models[label] for label in sorted(value.may) if label in models), "")


def _from_database(value: Value) -> bool:
    return any(label.startswith("db:") for label in value.may)


def _is_password(sent: Value, other: Value) -> bool:
    if _LONG.search(other.name) and not PASSWORD_LIKE.search(other.name):
        return False
    named = [sent.name, other.name, *(label.rpartition(":")[2] for label in sent.inputs())]
    return any(PASSWORD_LIKE.search(name or "") and not _CODE.search(name or "") for name in named)
