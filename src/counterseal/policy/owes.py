"""Kinds of route, and which guarantees each kind owes."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from counterseal.guarantees import Guarantee
from counterseal.policy.values import Section


class Kind(StrEnum):
    """What a route does. One route may be of several kinds: ``DELETE /invoices/{id}`` is a write on an object."""

    READ = "read"
    """It changes nothing."""
    WRITE = "write"
    """It changes something."""
    OBJECT = "object"
    """The client chooses which object it works on."""
    SIGN_IN = "sign_in"
    """It turns credentials into an identity."""
    SIGN_UP = "sign_up"
    """It creates an account."""
    RESET = "reset"
    """It starts or finishes the recovery of an account."""
    ONE_TIME_CODE = "one_time_code"
    """It sends or checks a code."""
    COSTLY = "costly"
    """One call costs money, or a lot of time or memory."""
    PRIVILEGED = "privileged"
    """It is for some roles only."""


ENTRY_KINDS = frozenset({Kind.SIGN_IN, Kind.SIGN_UP, Kind.RESET})
"""Routes for callers who have no identity yet."""

_A, _Z = Guarantee.AUTHENTICATED, Guarantee.AUTHORIZED
_EXAMPLES: list[object] = [["authenticated", "validated"]]


class Owes(Section):
    """Which guarantees each kind of route owes. Naming a kind replaces its default."""

    read: tuple[Guarantee, ...] = Field(
        default=(),
        description="Routes that change nothing. Default: nothing beyond what route rules ask for.",
        examples=[["authenticated"]],
    )
    write: tuple[Guarantee, ...] = Field(
        default=(_A, Guarantee.VALIDATED),
        description="Routes that change something. Source of the default: ASVS v5.0.0-8.3.1 and v5.0.0-2.2.1.",
        examples=_EXAMPLES,
    )
    object: tuple[Guarantee, ...] = Field(
        default=(Guarantee.OWNED,),
        description="Routes on which the client chooses the object. Source of the default: ASVS v5.0.0-8.2.2, OWASP API1:2023.",
        examples=[["owned"]],
    )
    sign_in: tuple[Guarantee, ...] = Field(
        default=(Guarantee.LIMITED,),
        description="Routes that turn credentials into an identity. Source of the default: ASVS v5.0.0-6.3.1, OWASP API2:2023.",
        examples=[["limited", "audited"]],
    )
    sign_up: tuple[Guarantee, ...] = Field(
        default=(Guarantee.LIMITED,),
        description="Routes that create an account. Source of the default: ASVS v5.0.0-2.4.1, OWASP API6:2023.",
        examples=[["limited"]],
    )
    reset: tuple[Guarantee, ...] = Field(
        default=(Guarantee.LIMITED,),
        description="Routes that recover an account. Source of the default: ASVS v5.0.0-6.3.1, OWASP API2:2023.",
        examples=[["limited"]],
    )
    one_time_code: tuple[Guarantee, ...] = Field(
        default=(Guarantee.LIMITED,),
        description="Routes that send or check a code. Source of the default: ASVS v5.0.0-6.6.3.",
        examples=[["limited"]],
    )
    costly: tuple[Guarantee, ...] = Field(
        default=(Guarantee.LIMITED,),
        description="Routes whose work costs money, time or memory. Source of the default: ASVS v5.0.0-15.2.2, OWASP API4:2023.",
        examples=[["limited"]],
    )
    privileged: tuple[Guarantee, ...] = Field(
        default=(_A, _Z),
        description="Routes for some roles only. Add 'audited' to ask for an audit trail (ASVS v5.0.0-16.3.3). "
        "Source of the default: ASVS v5.0.0-8.2.1, OWASP API5:2023.",
        examples=[["authenticated", "authorized", "audited"]],
    )

    def of(self, kind: Kind) -> frozenset[Guarantee]:
        """What routes of this kind owe."""
        return frozenset(getattr(self, kind.value))
