"""What there is to test of a route."""

from __future__ import annotations

from dataclasses import dataclass

from counterseal.enforce.testing.case import Play


@dataclass(frozen=True, slots=True)
class Kind:
    """One case of a route, not yet tied to it."""

    what: str
    """Part of the id: ``other owner``."""
    promise: str
    """The promise that it tests, in words."""
    play: Play
    last: bool = False
    """Whether the body runs, so that it comes after all cases in which none does."""
