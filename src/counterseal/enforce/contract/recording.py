"""From a call to a line of the audit trail."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any

from counterseal.enforce.clauses.audit_log import AuditLog
from counterseal.enforce.clauses.owns import Owns
from counterseal.enforce.contract.plan import Plan
from counterseal.enforce.core.call import Call
from counterseal.enforce.core.clock import now
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.record import Outcome, Record


def persist(plan: Plan, call: Call, record: Record) -> Awaitable[None] | None:
    """Write a record of its own; it is durable when this returns, or has been awaited.

    Raises:
        Unavailable: it could not be written; also when awaited.
    """
    ledger = call.security.ledger
    if ledger is None:
        return None
    if call.on_loop:
        return ledger.append_async(record)
    ledger.append(record)
    return None


def record(plan: Plan, call: Call, outcome: Outcome, *, status: int | None = None, reason: str | None = None) -> Record:
    """What is to be known of a call."""
    audit, principal = plan.audit, call.principal
    owned = plan.spec.only(Owns)
    return Record(
        action=call.action,
        outcome=outcome,
        at=now(),
        actor=None if principal is None else principal.id,
        on_behalf_of=None if principal is None else principal.on_behalf_of,
        scheme=None if principal is None else principal.scheme,
        object_type=None if owned is None else owned.model_name,
        object_id=None if owned is None else _object_id(owned, call),
        route=call.place,
        client=call.client,
        request_id=call.request_id,
        status=status,
        reason=reason,
        changes=_changes(audit, call) if outcome is not Outcome.DENIED else {},
        details=_details(audit, call, outcome),
    )


def reason_of(error: BaseException) -> str:
    """A denial's code, or an exception's class: its message may hold secrets."""
    return error.code if isinstance(error, Denied) else type(error).__qualname__


def _object_id(owned: Owns, call: Call) -> str | None:
    """The id that was asked for, also on record while the object has not been loaded: in an intent, in an early denial."""
    key = call.object_key
    if key is None:
        at_edge = call.exchange if call.parent is None else None
        key = (call.identifiers if at_edge is None else at_edge.path_params).get(owned.parameter)
    return None if key is None else str(key)[:200]


def _changes(audit: AuditLog | None, call: Call) -> Mapping[str, Any]:
    if audit is None or not audit.changes:
        return {}
    dump = getattr(call.input, "model_dump", None)
    given = call.changes if call.changes is not None else None if dump is None else dump(exclude_unset=True)
    return call.security.redactor.clean(given) if isinstance(given, Mapping) else {}


def _details(audit: AuditLog | None, call: Call, outcome: Outcome) -> Mapping[str, Any]:
    given = dict(call.details)
    if audit is not None and audit.details is not None and outcome is Outcome.SUCCEEDED:
        given.update(audit.details(call))
    return call.security.redactor.clean(given) if given else {}
