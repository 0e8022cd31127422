"""What verifying a ledger came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

MOST_NAMED = 1000
"""Problems that are kept; further ones are counted."""


class State(StrEnum):
    """The answer in one word."""

    INTACT = "intact"
    """Every record is as it was sealed, and a key that was given vouches for it."""
    TAMPERED = "tampered"
    INCOMPLETE = "incomplete"
    """Nothing wrong was found, and not everything could be checked."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as the ledger left it."""

    kind: str
    """``altered``, ``deleted``, ``inserted``, ``checkpoint-altered``, ``checkpoint-missing``, ``signature``, ``truncated``,
    ``replaced``."""
    message: str
    record: int | None = None
    checkpoint: int | None = None


@dataclass(slots=True)
class Verification:
    """What was checked, what is wrong, and what could not be checked."""

    ledger: str
    records: int = 0
    """Records that stand as they were sealed, as far as no problem says otherwise."""
    checkpoints: int = 0
    signed_upto: int = 0
    """The last checkpoint with a signature that holds; it vouches for all before it. 0: none."""
    signed_at: int | None = None
    """When that one was made, in microseconds since the epoch."""
    anchored_upto: int = 0
    """The last checkpoint that is the one of an anchor. 0: none."""
    unsealed: int = 0
    """Records after the last checkpoint: nothing shows whether they are as they were written."""
    pruned: int = 0
    """Records that were removed on purpose, as a tombstone proves."""
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0
    unchecked: list[str] = field(default_factory=list)
    """What could not be checked, and why. Any makes the answer `State.INCOMPLETE`."""
    notes: list[str] = field(default_factory=list)
    """What is worth knowing and changes nothing."""

    @property
    def state(self) -> State:
        """The answer."""
        if self.problem_count:
            return State.TAMPERED
        return State.INCOMPLETE if self.unchecked else State.INTACT

    def report(self, problem: Problem) -> None:
        """Add a problem."""
        self.problem_count += 1
        if len(self.problems) < MOST_NAMED:
            self.problems.append(problem)
