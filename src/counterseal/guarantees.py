"""The vocabulary that every part of Counterseal shares: guarantee, state, evidence, cell.

A *route* owes *guarantees*. A cell of the matrix route x guarantee has a *state* and its *evidence*.
``UNKNOWN`` is a state of its own and is never shown as good.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Guarantee(StrEnum):
    """A promise that an application makes about one route."""

    AUTHENTICATED = "authenticated"
    """The caller is someone we know, with a valid and unexpired identity."""
    AUTHORIZED = "authorized"
    """The caller's role or permission allows this operation."""
    OWNED = "owned"
    """The caller may touch this very object."""
    VALIDATED = "validated"
    """The input has the declared shape and nothing more."""
    LIMITED = "limited"
    """The operation cannot be repeated without bound."""
    AUDITED = "audited"
    """Who did what, to what, with what outcome, is on record."""
    SHAPED = "shaped"
    """The output has the declared shape and nothing more."""
    CONTAINED = "contained"
    """Nothing that the caller sends reaches a dangerous sink unchecked."""


class State(StrEnum):
    """What is known about one cell of the matrix, from best to worst."""

    PROVED = "proved"
    """Attacked, and it held."""
    ENFORCED = "enforced"
    """A contract enforces it at run time."""
    FOUND = "found"
    """Seen in the code."""
    WAIVED = "waived"
    """A named person accepted the absence, with a reason and an end date."""
    NOT_REQUIRED = "not required"
    """The security model does not ask for it here."""
    UNKNOWN = "unknown"
    """Not checked, or not decidable from what was read."""
    MISSING = "missing"
    """Required and absent."""
    BROKEN = "broken"
    """Attacked, and it fell."""

    @property
    def rank(self) -> int:
        """Position from best (0) to worst."""
        return _ORDER.index(self)

    @property
    def holds(self) -> bool:
        """Whether the guarantee is known to be given."""
        return self in (State.PROVED, State.ENFORCED, State.FOUND)

    @property
    def refused(self) -> bool:
        """Whether a gate must refuse a deployment with a cell in this state."""
        return self in (State.UNKNOWN, State.MISSING, State.BROKEN)


_ORDER = tuple(State)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a state was seen, and why it follows.

    ``file`` is relative to the audited root, with forward slashes; ``line`` counts from 1, and 0 means the whole file.
    """

    file: str
    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the matrix: a state and what it rests on."""

    state: State
    evidence: tuple[Evidence, ...] = field(default=())
