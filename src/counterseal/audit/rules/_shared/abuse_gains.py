"""What a caller gains by repeating a request."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from counterseal.audit.findings import Place, Severity
from counterseal.audit.rules._shared.abuse_growth import saves_upload, size_checked
from counterseal.audit.rules._shared.abuse_guesses import code_guesses, password_guesses
from counterseal.audit.rules._shared.abuse_limits import without_body
from counterseal.audit.rules._shared.abuse_requests import address_chosen
from counterseal.audit.surface.flow import Access, Call, Flow
from counterseal.audit.surface.model import Route
from counterseal.guarantees import Guarantee
from counterseal.policy import Policy

_TOKEN = re.compile(r"(token|hash|digest|nonce|uuid|jti|signature|key)", re.IGNORECASE)
_CREDENTIALS, _RESOURCES = 307, 770
_HIGH, _MEDIUM, _LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW
_MESSAGES = {"mail": "sends mail", "sms": "sends text messages", "llm": "asks a language model"}


@dataclass(frozen=True, slots=True)
class Gain:
    """What a caller gains by repeating a request."""

    what: str
    """What the route does, as the rest of a sentence that begins with the route."""
    attack: str
    limit: str
    """A limit that suits it, such as ``5/minute``."""
    severity: Severity
    cwe: int
    place: Place | None = None
    """Where it happens."""
    every_request: bool = False
    """It happens in a guard before every route, not in one route."""


def worst_gain(route: Route, addresses: frozenset[str]) -> Gain | None:
    """The worst that repeating a request to the route gives; ``None`` when that is nothing known."""
    finders: tuple[Callable[[Route], Gain | None], ...] = (_password, _code, _reset, _sign_up, _message)
    for find in finders:
        gain = find(route)
        if gain is not None:
            return gain
    return _fetch(route, addresses) or _file(route)


def demanded(route: Route, policy: Policy) -> Gain | None:
    """A limit that the policy's rules about this route ask for."""
    rule = policy.route_rule(route.method, route.path)
    if Guarantee.LIMITED not in rule.demands:
        return None
    what = f"must not be called more often than {rule.limit}" if rule.limit else "must be limited"
    return Gain(
        f"{what}, says the policy",
        f"An attacker repeats {route.name} without end.",
        rule.limit or "10/minute",
        _MEDIUM,
        _RESOURCES,
    )


def _password(route: Route) -> Gain | None:
    for guess in password_guesses(route.flow):
        if without_body(route, [guess.sent]):
            continue
        place, where = guess.event.place, route.name
        if "cred" in guess.sent.may:
            attack = f"An attacker guesses passwords with requests such as {where}."
            return Gain(
                "checks a password with every request", attack, "10/minute", _HIGH, _CREDENTIALS, place, every_request=True
            )
        if guess.known_caller:
            what = f"checks the current password ({guess.what}) as often as the caller likes"
            attack = f"Whoever borrows a session guesses the owner's password with {where} until it fits, and "
            "takes the account over."
            return Gain(what, attack, "5/minute", _MEDIUM, _CREDENTIALS, place)
        what = f"checks a password ({guess.what}) as often as the caller likes"
        return Gain(
            what,
            f"An attacker tries passwords with {where} by the thousand until one fits.",
            "5/minute",
            _HIGH,
            _CREDENTIALS,
            place,
        )
    return None


def _code(route: Route) -> Gain | None:
    for guess in code_guesses(route.flow):
        if "role" in guess.event.facts or without_body(route, [guess.sent]):
            continue
        entry = not guess.known_caller and bool(route.kinds & {"sign_in", "reset", "one_time_code"})
        what = f"checks a code ({guess.what}) as often as the caller likes"
        attack = f"An attacker sends one code after the other to {route.name} until one is accepted."
        return Gain(what, attack, "5/minute", _HIGH if entry else _MEDIUM, _CREDENTIALS, guess.event.place)
    return None


def _reset(route: Route) -> Gain | None:
    if "reset" not in route.kinds or _meant_for_known(route.flow):
        return None
    sends = next(iter(route.flow.calls("mail", "sms")), None)
    if sends is None and _takes_token(route.flow):
        return None
    what = "starts or finishes a password reset as often as the caller likes"
    attack = f"An attacker repeats {route.name}: the victim's mailbox is flooded, and each new code is another "
    "chance to guess one."
    return Gain(what, attack, "3/minute", _MEDIUM, _RESOURCES, sends.place if sends is not None else None)


def _takes_token(flow: Flow) -> bool:
    """Whether the caller proves the right to a reset with a signed or long random token."""
    for event in flow.among(Call, Access):
        if isinstance(event, Call) and event.kind in ("token-decode", "signer-load") and any(v.inputs() for v in event.args):
            return True
        if isinstance(event, Access) and any(c.value.inputs() and _TOKEN.search(c.column) for c in event.conditions):
            return True
    return False


def _sign_up(route: Route) -> Gain | None:
    if "sign_up" not in route.kinds or _meant_for_known(route.flow):
        return None
    attack = f"An attacker creates thousands of accounts with {route.name}."
    return Gain("creates an account for anyone, as often as they like", attack, "5/hour", _MEDIUM, _RESOURCES)


def _message(route: Route) -> Gain | None:
    for call in route.flow.calls(*_MESSAGES):
        if "role" not in call.facts:
            end = "until the bill hurts" if call.kind == "llm" else "and floods any recipient in the name of the service"
            attack = f"An attacker repeats {route.name} {end}."
            return Gain(
                f"{_MESSAGES[call.kind]} as often as the caller likes", attack, "10/hour", _MEDIUM, _RESOURCES, call.place
            )
    return None


def _fetch(route: Route, addresses: frozenset[str]) -> Gain | None:
    for call in route.flow.calls("http-request"):
        if "role" not in call.facts and address_chosen(call, addresses):
            attack = f"An attacker repeats {route.name} and makes the server flood or scan other hosts from its own address."
            return Gain(
                "fetches an address that users choose, as often as they like", attack, "10/minute", _LOW, _RESOURCES, call.place
            )
    return None


def _file(route: Route) -> Gain | None:
    call = saves_upload(route.flow)
    if call is None or "role" in call.facts or not size_checked(route.flow):
        return None  # files of any size are another finding
    attack = f"An attacker uploads with {route.name} until the disk is full."
    return Gain(
        "stores files as often as the caller likes, without a limit or quota", attack, "20/hour", _LOW, _RESOURCES, call.place
    )


def _meant_for_known(flow: Flow) -> bool:
    """Whether a guard stands before the handler, even one that accepts forged claims: no sign-up for everyone."""
    first = next((e.facts for e in flow.events if e.function == flow.function), frozenset[str]())
    return not first.isdisjoint(("auth", "claimed", "role"))
