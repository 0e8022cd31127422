"""How reports show states, guarantees, priorities and exit codes: one choice for all formats."""

from __future__ import annotations

from dataclasses import dataclass

from counterseal.audit.findings import Exposure
from counterseal.guarantees import Guarantee, State


@dataclass(frozen=True, slots=True)
class StateLook:
    """How a state is shown where colour may be missing. ``plain`` stands in for ``glyph`` where only ASCII can be printed."""

    glyph: str
    plain: str
    meaning: str


STATES: dict[State, StateLook] = {
    State.PROVED: StateLook("★", "*", "attacked, and it held"),
    State.ENFORCED: StateLook("●", "#", "a contract enforces it at run time"),
    State.FOUND: StateLook("✓", "+", "seen in the code"),
    State.WAIVED: StateLook("~", "~", "a named person accepted the absence"),
    State.NOT_REQUIRED: StateLook("·", ".", "the security model does not ask for it here"),
    State.UNKNOWN: StateLook("?", "?", "not checked, or not decidable: treat it as missing"),
    State.MISSING: StateLook("✗", "x", "required and absent"),
    State.BROKEN: StateLook("!", "!", "attacked, and it fell"),
}


@dataclass(frozen=True, slots=True)
class GuaranteeLook:
    """How a guarantee is headed and explained. ``short`` has at most five characters."""

    short: str
    promise: str


GUARANTEES: dict[Guarantee, GuaranteeLook] = {
    Guarantee.AUTHENTICATED: GuaranteeLook("authn", "the caller is someone we know, with a valid and unexpired identity"),
    Guarantee.AUTHORIZED: GuaranteeLook("authz", "the caller's role or permission allows this operation"),
    Guarantee.OWNED: GuaranteeLook("owned", "the caller may touch this very object"),
    Guarantee.VALIDATED: GuaranteeLook("valid", "the input has the declared shape and nothing more"),
    Guarantee.LIMITED: GuaranteeLook("limit", "the operation cannot be repeated without bound"),
    Guarantee.AUDITED: GuaranteeLook("audit", "who did what, to what, with what outcome, is on record"),
    Guarantee.SHAPED: GuaranteeLook("shape", "the output has the declared shape and nothing more"),
    Guarantee.CONTAINED: GuaranteeLook("contn", "nothing that the caller sends reaches a dangerous sink unchecked"),
}

PRIORITIES: dict[int, str] = {1: "fix first", 2: "fix next", 3: "plan it", 4: "when you are there", 5: "for the record"}
"""What each priority asks of the reader."""

REACH: dict[Exposure, str] = {
    Exposure.ANYONE: "open to anyone",
    Exposure.USER: "open to any user",
    Exposure.ADMIN: "open to administrators",
    Exposure.OPERATOR: "not tied to a route",
}
"""Who can use a flaw, as a remark."""

EXIT_CODES: dict[int, str] = {
    0: "pass",
    1: "findings at or above the threshold",
    2: "the call or the configuration is wrong",
    3: "incomplete: something was not checked",
}
"""The meaning of the process's exit codes."""


def count(number: int, noun: str, plural: str | None = None) -> str:
    """``count(1, "route")`` is ``"1 route"``, ``count(1200, "route")`` is ``"1,200 routes"``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
