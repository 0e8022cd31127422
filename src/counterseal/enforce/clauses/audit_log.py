"""`audit_log`: who did what, to what, with what outcome, is on record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from counterseal.enforce.clauses.base import Bound, Clause, Phase, Target
from counterseal.enforce.clauses.given import is_text
from counterseal.enforce.core.call import Call
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.errors import ContractError
from counterseal.enforce.core.security import Security
from counterseal.guarantees import Guarantee

Details = Callable[[Call], Mapping[str, Any]]


@dataclass(frozen=True, slots=True, repr=False)
class AuditLog(Clause):
    """See `audit_log`."""

    action: str
    privileged: bool
    changes: bool
    details: Details | None

    phase = Phase.RECORD
    guarantee = Guarantee.AUDITED

    def bind(self, target: Target) -> Bound:
        # The record is written by the contract, once the outcome is known. That it can be written is checked first of all.
        return Bound(before=self._ready)

    def moment(self) -> Phase:
        return Phase.READY

    def _ready(self, call: Call) -> None:
        if call.security.ledger is None:
            raise Denied(503, "unavailable", "no ledger is configured", clause=self.describe())

    def check(self, security: Security, target: Target) -> None:
        if security.ledger is None:
            raise target.error(f"{self.describe()} cannot be kept: no ledger is configured", "give Security ledger=...")

    def describe(self) -> str:
        return f"{self.action} goes on record{', before it runs too' if self.privileged else ''}"


def audit_log(action: str, *, privileged: bool = False, changes: bool = True, details: Details | None = None) -> Clause:
    """Every call goes on record with its outcome; denials too.

    Args:
        action: what is done, in the application's words: ``profile_update``.
        privileged: write the intent before the body runs, so that a crash leaves a trace.
        changes: put the fields of the validated input on record, sensitive ones redacted.
        details: what else to put on record, from the call. Values of sensitive names are redacted.

    Raises:
        ContractError: no action is named.
    """
    if not is_text(action):
        raise ContractError("audit_log() needs the name of an action", 'write audit_log("profile_update")')
    return AuditLog(action.strip(), privileged, changes, details)
