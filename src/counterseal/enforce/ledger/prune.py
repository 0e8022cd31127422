"""Removing old records so that what remains still proves itself, and what was removed is on record.

A tombstone takes the place of what goes: a signed checkpoint that says how many records went, up to which checkpoint, and with
which head it ended. The head still stands for their content: a copy kept elsewhere can be held against it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile

from counterseal.enforce.core.clock import now
from counterseal.enforce.core.errors import Unavailable
from counterseal.enforce.core.record import Outcome, Record
from counterseal.enforce.ledger.compare import intact
from counterseal.enforce.ledger.encoding import MICROSECONDS
from counterseal.enforce.ledger.seals import Checkpoint, Sealer
from counterseal.enforce.ledger.store import Store

ACTION = "counterseal.ledger.prune"
"""The action under which pruning is on record itself."""
# Checkpoints that are removed in one transaction: others wait for it, so it must not take long.
_AT_ONCE = 50


class TamperedError(Exception):
    """Records that are to be removed are not as they were sealed: removing them would remove the evidence."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed by one call."""

    records: int
    upto_checkpoint: int
    """The last checkpoint that went; 0: none did."""


def prune(store: Store, sealer: Sealer, encode: Callable[[Record], str], before: float, actor: str | None) -> Pruned:
    """Remove the records that were sealed before a time, a few checkpoints at a time.

    Args:
        store: an open one.
        sealer: signs the tombstones.
        encode: makes lines of records.
        before: seconds since the epoch.
        actor: who wants it, for the record.

    Raises:
        TamperedError: some of them were altered. What was removed up to there is removed properly.
        Unavailable: another process is sealing all the time.
    """
    records, upto = 0, 0
    final: int | None = None
    while True:
        with store.sealing() as ours:
            if not ours:
                raise Unavailable("the ledger is being sealed by another process; try again")
            last = store.last_checkpoint()
            if final is None:  # what this makes itself is not to be removed by it, however late ``before`` is
                final = 0 if last is None else last.number
            old = [checkpoint for checkpoint in _old(store, before) if checkpoint.number <= final]
            if last is None or not old:
                return Pruned(records, upto)
            for checkpoint in old:
                _check(store, checkpoint)
            count = sum(checkpoint.statement["count"] for checkpoint in old)
            _remove(store, sealer, encode, last, old[-1], count, before, actor)
        records += count
        upto = old[-1].number


def _old(store: Store, before: float) -> list[Checkpoint]:
    """The first checkpoints that were made before a time. All that they are about is older still."""
    limit = before * MICROSECONDS
    found: list[Checkpoint] = []
    for checkpoint in takewhile(lambda each: each.statement["at"] < limit, store.checkpoints()):
        found.append(checkpoint)
        if len(found) == _AT_ONCE:
            break
    return found


def _check(store: Store, checkpoint: Checkpoint) -> None:
    if not intact(store, checkpoint):
        raise TamperedError(f"records of checkpoint {checkpoint.number} are not as sealed; see: counterseal ledger verify")


def _remove(
    store: Store,
    sealer: Sealer,
    encode: Callable[[Record], str],
    last: Checkpoint,
    end: Checkpoint,
    count: int,
    before: float,
    actor: str | None,
) -> None:
    at = now()
    removed = {
        "number": end.number,
        "upto": end.upto,
        "count": count,
        "total": end.statement["total"],
        "head": end.head,
        "before": round(before * MICROSECONDS),
    }
    store.add_checkpoint(sealer.tombstone(last, removed, at))
    details = {"records": count, "upto_checkpoint": end.number, "head": end.head}
    record = Record(action=ACTION, outcome=Outcome.SUCCEEDED, at=at, actor=actor, object_type="ledger", details=details)
    store.remove(end.upto, end.number, encode(record))
