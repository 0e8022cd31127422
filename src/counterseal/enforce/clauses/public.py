"""`public`: anyone may call, and somebody said why."""

from __future__ import annotations

from dataclasses import dataclass

from counterseal.enforce.clauses.base import Bound, Clause, Phase, Target
from counterseal.enforce.clauses.given import is_text
from counterseal.enforce.core.errors import ContractError


@dataclass(frozen=True, slots=True, repr=False)
class Public(Clause):
    """See `public`."""

    reason: str

    phase = Phase.IDENTITY

    def bind(self, target: Target) -> Bound:
        if target.layer.inner:
            raise target.error("a function of an inner layer cannot be public", "its callers stand in an outer layer")
        return Bound()

    def describe(self) -> str:
        return f"anyone may call: {self.reason}"


def public(reason: str) -> Clause:
    """Anyone may call this endpoint.

    Args:
        reason: why, in words that a reviewer can agree or disagree with.

    Raises:
        ContractError: no reason is given.
    """
    if not is_text(reason):
        raise ContractError("public() needs a reason", 'write public(reason="who signs in has no identity yet")')
    return Public(" ".join(reason.split()))
