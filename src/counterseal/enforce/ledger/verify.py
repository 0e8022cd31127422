"""Going through a whole ledger, in memory that does not grow with it.

What is shown, and by what:

- each checkpoint's leaves are those of the records that stand there: none was altered, deleted, inserted or moved;
- each checkpoint builds on the head of the one before: none was altered, removed or slipped in;
- the signatures hold: the chain was not made anew by somebody without the key;
- the heads kept elsewhere are in it: nothing was cut off its end, and it was not made anew by somebody with the key.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from counterseal.enforce.core.clock import now
from counterseal.enforce.ledger.anchors import Anchor
from counterseal.enforce.ledger.compare import differences, intact
from counterseal.enforce.ledger.keys import ALGORITHMS, Verifier
from counterseal.enforce.ledger.seals import GENESIS, UNSIGNED, Checkpoint, end_of
from counterseal.enforce.ledger.store import Store, explain
from counterseal.enforce.ledger.verification import Problem, Verification

GRACE = 60.0
"""Seconds for which a record may be unsealed without being remarked on: a running application seals within a second."""
_BEFORE_ALL = -(1 << 63)
_MICROSECONDS = 1_000_000


def verify(store: Store, keys: Iterable[Verifier] = (), anchors: Sequence[Anchor] = (), *, grace: float = GRACE) -> Verification:
    """Check everything that can be checked.

    Args:
        store: an open one.
        keys: with which signatures are checked; several after a change of keys.
        anchors: heads that were kept elsewhere.
        grace: seconds for which a record may be unsealed.
    """
    run = _Run(store, keys, anchors, grace)
    try:
        with store.snapshot():
            run.go()
    except store.errors as error:
        if not store.damaged(error):
            raise
        run.result.report(Problem("unreadable", f"the database itself is damaged: {explain(error)}"))
    return run.result


class _Run:
    def __init__(self, store: Store, keys: Iterable[Verifier], anchors: Sequence[Anchor], grace: float) -> None:
        self._store = store
        self._keys = {key.id: key for key in keys}
        self._anchors = {anchor.number: anchor for anchor in anchors if anchor.ledger == store.ledger}
        self._foreign = next((anchor for anchor in anchors if anchor.ledger != store.ledger), None)
        self._grace = grace
        self.result = Verification(store.ledger)
        self._last: Checkpoint | None = None
        """The last checkpoint whose statement could be read."""
        self._number = 0
        self._upto = 0
        self._total = 0
        self._signed = False
        """Whether a signed checkpoint came before."""
        self._unknown_keys: set[str] = set()
        self._start: tuple[int, str, int] | None = None
        """What precedes the first checkpoint that is there: number, head, key. Only a tombstone can vouch for it."""

    def go(self) -> None:
        for checkpoint in self._store.checkpoints():
            self.result.checkpoints += 1
            try:
                statement = checkpoint.statement
            except ValueError:
                self._wrong(
                    "checkpoint-altered", f"checkpoint {checkpoint.number} was altered: it cannot be read", checkpoint.number
                )
                self._number = checkpoint.number
                self._last = None
                continue
            self._link(checkpoint)
            self._signature(checkpoint)
            self._anchor(checkpoint)
            if statement["kind"] == "prune":
                self._tombstone(checkpoint)
            self._records(checkpoint)
            self._last, self._number = checkpoint, checkpoint.number
            self._upto, self._total = statement["upto"], statement["total"]
        self._beginning()
        self._end()
        self._signatures_together()
        self._anchors_together()

    def _wrong(self, kind: str, message: str, checkpoint: int | None = None, record: int | None = None) -> None:
        self.result.report(Problem(kind, message, record=record, checkpoint=checkpoint))

    # ------------------------------------------------------------------ one checkpoint

    def _link(self, checkpoint: Checkpoint) -> None:
        """Whether it stands where it belongs and builds on the one before."""
        statement, number = checkpoint.statement, checkpoint.number
        if statement["number"] != number or statement["ledger"] != self._store.ledger:
            self._wrong("checkpoint-altered", f"checkpoint {number} was made for another place or another ledger", number)
        if self._number == 0 and number > 1:
            self._start = (number - 1, statement["previous"], statement["after"])
            self._upto, self._total = statement["after"], statement["total"] - statement["count"]
            return
        if number != self._number + 1:
            lost = str(number - 1) if number == self._number + 2 else f"{self._number + 1} to {number - 1}"
            self._wrong("checkpoint-missing", f"checkpoint {lost} is missing, so its records are not vouched for", number)
            return
        if self._last is None and self._number:
            return  # the one before could not be read, and that has been said
        head = GENESIS if self._last is None else self._last.head
        if statement["previous"] != head:
            place = f"checkpoint {self._number}" if self._number else "the beginning"
            self._wrong("checkpoint-altered", f"{place} was altered, or checkpoint {number} does not belong here", number)
        elif statement["after"] != self._upto or statement["total"] != self._total + statement["count"]:
            self._wrong("checkpoint-altered", f"checkpoint {number} does not begin where the one before ends", number)

    def _signature(self, checkpoint: Checkpoint) -> None:
        statement, number = checkpoint.statement, checkpoint.number
        if statement["algorithm"] == UNSIGNED:
            if checkpoint.signature or self._signed:
                self._wrong("signature", f"checkpoint {number} is not signed, and one before it is", number)
            return
        self._signed = True
        key = self._keys.get(statement["key"])
        if statement["algorithm"] not in ALGORITHMS:
            self._wrong("signature", f"checkpoint {number} was altered: it names no kind of signature that there is", number)
        elif key is None:
            self._unknown_keys.add(statement["key"])
        elif key.algorithm != statement["algorithm"] or not key.verifies(checkpoint.body, checkpoint.signature):
            self._wrong("signature", f"the signature of checkpoint {number} does not hold: it was altered or forged", number)
        else:
            self.result.signed_upto, self.result.signed_at = number, statement["at"]

    def _anchor(self, checkpoint: Checkpoint) -> None:
        anchor = self._anchors.get(checkpoint.number)
        if anchor is None:
            return
        if anchor.head == checkpoint.head:
            self.result.anchored_upto = checkpoint.number
        else:
            message = (
                f"checkpoint {checkpoint.number} is not the one that was anchored: the ledger was made anew from there or earlier"
            )
            self._wrong("replaced", message, checkpoint.number)

    def _tombstone(self, checkpoint: Checkpoint) -> None:
        removed = checkpoint.statement["removed"]
        self.result.pruned = removed["total"]
        if self._start == (removed["number"], removed["head"], removed["upto"]):
            self._start = None
            anchor = self._anchors.get(removed["number"])
            if anchor is not None and anchor.head == removed["head"]:
                self.result.anchored_upto = max(self.result.anchored_upto, removed["number"])

    def _records(self, checkpoint: Checkpoint) -> None:
        count = checkpoint.statement["count"]
        self.result.records += count
        if not intact(self._store, checkpoint):
            before = self.result.problem_count
            for problem in differences(self._store, checkpoint):
                self.result.report(problem)
            if self.result.problem_count == before:
                self._wrong(
                    "altered", f"the records of checkpoint {checkpoint.number} are not in the order sealed", checkpoint.number
                )

    # ------------------------------------------------------------------ all of them

    def _beginning(self) -> None:
        if self._start is not None:
            number = self._start[0]
            lost = "checkpoint 1 is" if number == 1 else f"checkpoints 1 to {number} are"
            self._wrong("checkpoint-missing", f"{lost} missing, and no tombstone says that the records were pruned", number)
        first = next(iter(self._store.checkpoints()), None)
        try:
            before = 0 if first is None else first.statement["after"]
        except ValueError:
            return  # it cannot be read, which has been said
        for _, record, _ in self._store.rows(end_of(_BEFORE_ALL), before, limit=100):
            self._wrong("inserted", f"record {record} was inserted before all that is sealed", record=record)

    def _end(self) -> None:
        count, line = self._store.tail(self._upto)
        self.result.unsealed = count
        if not count:
            return
        what = "1 record is" if count == 1 else f"{count} records are"
        age = _age(line)
        if age is not None and age <= self._grace:
            self.result.notes.append(f"{what} not sealed yet, the oldest for {max(0.0, age):.0f} s")
        else:
            self.result.unchecked.append(f"{what} not sealed: nothing shows whether they are as they were written")

    def _signatures_together(self) -> None:
        result = self.result
        if result.checkpoints == 0:
            result.unchecked.append("there is no checkpoint, so nothing is vouched for: a new ledger, or one that was emptied")
        elif self._signed:
            if self._unknown_keys and result.signed_upto != self._number:  # a later signature vouches for what is before it
                names = ", ".join(sorted(self._unknown_keys))
                result.unchecked.append(f"checkpoints are signed with a key that was not given (key {names})")
        elif self._keys:
            self._wrong("signature", "a key was given, and nothing is signed: whoever made the chain anew did not have the key")
        else:
            result.unchecked.append("nothing is signed: whoever can write the ledger can alter it and make the chain anew")

    def _anchors_together(self) -> None:
        result = self.result
        if self._foreign is not None:
            ours, theirs = result.ledger, self._foreign.ledger
            self._wrong("replaced", f"the anchors are of ledger {theirs}, this is {ours}: replaced, or not the ledger you meant")
        if not self._anchors:
            return
        newest = self._anchors[max(self._anchors)]
        if newest.number > self._number:
            lost = newest.total - self._total
            ends = f"the ledger ends at checkpoint {self._number}, and number {newest.number} was anchored"
            self._wrong("truncated", f"{ends}: {lost} records were cut off", newest.number)
        elif result.anchored_upto == 0 and not any(problem.kind == "replaced" for problem in result.problems):
            result.unchecked.append("every anchor is older than what was pruned, so none could be compared")


def _age(line: bytes | None) -> float | None:
    """Seconds since a record was made; ``None`` when it does not say."""
    try:
        at = json.loads(line or b"")["at"]
    except (ValueError, TypeError, KeyError):
        return None
    return now() - at / _MICROSECONDS if isinstance(at, int) else None
