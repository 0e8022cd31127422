"""Whether the records of one checkpoint are those that were sealed, and which are not."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from itertools import islice
from typing import Any

from counterseal.enforce.ledger.seals import LEAF, Checkpoint, Place, Row, end_of, leaves_of
from counterseal.enforce.ledger.store import Store
from counterseal.enforce.ledger.verification import Problem

_PAGE = 1000
_NAMED = 100
"""Records of one checkpoint that are named one by one."""


def intact(store: Store, checkpoint: Checkpoint) -> bool:
    """Whether the records are exactly those that were sealed, in the same order, at the same places."""
    statement = checkpoint.statement
    count = statement["count"]
    if count * LEAF != len(checkpoint.leaves):  # and so a number that somebody wrote there fills no memory
        return False
    rows = store.rows(end_of(statement["after"]), statement["upto"], limit=count + 1)
    if len(rows) != count:
        return False
    leaves = leaves_of(rows)
    return leaves == checkpoint.leaves and _digest(leaves) == statement["leaves"]


def differences(store: Store, checkpoint: Checkpoint) -> Iterator[Problem]:
    """What is wrong with records of which `intact` says that something is."""
    statement, number = checkpoint.statement, checkpoint.number
    if _digest(checkpoint.leaves) != statement["leaves"]:
        yield Problem("checkpoint-altered", f"the leaves kept with checkpoint {number} were changed", checkpoint=number)
        if not _sum_is_right(store, statement):
            run = f"records {statement['first']} to {statement['last']}"
            yield Problem("altered", f"{run} are not as they were sealed; which of them, cannot be said", checkpoint=number)
        return
    # What was sealed, and as the how manieth record. What is found is taken out.
    absent = {checkpoint.leaves[at : at + LEAF]: at // LEAF for at in range(0, len(checkpoint.leaves), LEAF)}
    strange = [record for _, record, _ in islice(_strange(store, statement, absent), _NAMED + 1)]
    if len(strange) > _NAMED:
        yield Problem("altered", f"more than {_NAMED} records of checkpoint {number} are not as sealed", checkpoint=number)
    elif statement["last"] - statement["first"] + 1 == statement["count"]:
        yield from _by_number(number, strange, {statement["first"] + place for place in absent.values()})
    else:
        yield from _by_count(statement, strange, len(absent))


def _sum_is_right(store: Store, statement: dict[str, Any]) -> bool:
    """Whether the records fit the statement by themselves."""
    total = sha256()
    for rows in _pages(store, statement):
        total.update(leaves_of(rows))
    return total.hexdigest() == str(statement["leaves"])


def _by_number(number: int, strange: list[int], absent: set[int]) -> Iterator[Problem]:
    """Numbers without gaps were sealed, so each that is absent has a name."""
    for record in strange:
        yield _altered(record, number) if record in absent else _inserted(record, number)
    gone = sorted(absent.difference(strange))
    for record in gone[:_NAMED]:
        yield Problem("deleted", f"record {record} was deleted after it was sealed", record=record, checkpoint=number)
    if len(gone) > _NAMED:
        yield Problem("deleted", f"{len(gone) - _NAMED} more records up to {gone[-1]} were deleted", checkpoint=number)


def _by_count(statement: dict[str, Any], strange: list[int], absent: int) -> Iterator[Problem]:
    """The numbers had gaps (rolled back transactions leave them), so it is known how many are absent, but not their names."""
    first, last, number = statement["first"], statement["last"], statement["number"]
    for place, record in enumerate(strange):
        yield _altered(record, number) if place < absent else _inserted(record, number)
    gone = absent - len(strange)
    if gone > 0:
        what = "a record" if gone == 1 else f"{gone} records"
        yield Problem("deleted", f"{what} between {first} and {last} had been sealed and were deleted", checkpoint=number)


def _altered(record: int, number: int) -> Problem:
    return Problem("altered", f"record {record} was altered after it was sealed", record=record, checkpoint=number)


def _inserted(record: int, number: int) -> Problem:
    return Problem("inserted", f"record {record} was inserted among records that were sealed", record=record, checkpoint=number)


def _strange(store: Store, statement: dict[str, Any], absent: dict[bytes, int]) -> Iterator[Row]:
    """Rows whose leaves were not sealed. Those that were are taken out of ``absent``."""
    for rows in _pages(store, statement):
        for row in rows:
            if absent.pop(sha256(row[2]).digest(), None) is None:
                yield row


def _pages(store: Store, statement: dict[str, Any]) -> Iterator[list[Row]]:
    position: Place = end_of(statement["after"])
    while rows := store.rows(position, statement["upto"], limit=_PAGE):
        yield rows
        position = rows[-1][:2]


def _digest(leaves: bytes) -> str:
    return sha256(leaves).hexdigest()
