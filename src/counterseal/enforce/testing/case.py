"""One case: what is done, what has to come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

import pytest

from counterseal.enforce.clauses.base import Phase
from counterseal.enforce.testing.clients import Clients
from counterseal.enforce.testing.route import Attempt
from counterseal.enforce.testing.stage import Seen, Stage
from counterseal.enforce.testing.unknown import Unknown

Play = Callable[[Stage], None]


class Failed(Exception):  # noqa: N818  the name says what happened
    """A promise is not kept."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The refusal that has to come."""

    phase: Phase
    """The moment at which it has to come."""
    status: int
    codes: tuple[str, ...]
    """Empty: any."""
    clause: str
    """The promise, in words."""


@dataclass(frozen=True, slots=True)
class Case:
    """One test. ``str(case)`` is its id."""

    label: str
    """The route."""
    what: str
    promise: str
    """What the contract promises, in its own words."""
    play: Play
    open: Callable[[Clients], Stage]
    allowed: str | None
    """Why it may remain unknown; ``None``: it may not."""

    def __str__(self) -> str:
        return f"{self.label}-{self.what}"

    def run(self, clients: Clients | None = None) -> None:
        """Run it. Fails or skips the test that calls it, as pytest does.

        Args:
            clients: the fixture ``counterseal_clients``, so that the application is started once for many cases; ``None``: it
                is started for this one.
        """
        __tracebackhide__ = True
        if clients is None:
            with Clients() as own:
                self.run(own)
            return
        reason = self._outcome(clients)
        if reason is None:
            return
        if isinstance(reason, Unknown) and self.allowed is not None:
            pytest.skip(f"unknown, which is allowed ({self.allowed}): {reason}")
        word = "unknown: " if isinstance(reason, Unknown) else ""
        pytest.fail(f"{self}\n  promised: {self.promise}\n  {word}{reason}", pytrace=False)

    def _outcome(self, clients: Clients) -> Failed | Unknown | None:
        """Why it is not good; ``None``: it is."""
        try:
            stage = self.open(clients)
            with stage.time.frozen():
                self.play(stage)
        except (Failed, Unknown) as reason:
            return reason
        return None


def refuses(stage: Stage, attempt: Attempt, expected: Expected, *, fresh: bool = True) -> Seen:
    """Make an attempt that has to be refused.

    Raises:
        Failed: it is not refused, in another way, by another clause, or the body was reached.
        Unknown: it is refused, but not by the contract.
    """
    seen = stage.fresh(attempt) if fresh else stage.make(attempt)
    wanted = f"expected {expected.status}{' ' if expected.codes else ''}{' or '.join(expected.codes)}"
    if seen.entered:
        raise Failed(f"{wanted}; the body was entered (it was stopped there)")
    if seen.denial is None:
        if seen.status in (400, 401, 403, 404, 405, 413, 415, 422, 429):
            raise Unknown(f"{wanted}; something in front of the contract refuses: {seen.words}")
        raise Failed(f"{wanted}; came {seen.words}")
    # A socket whose handshake is refused may answer 403 whatever the reason is.
    statuses = {expected.status, 403} if stage.route.is_socket else {expected.status}
    other_code = expected.codes and seen.denial.code not in expected.codes
    if seen.denial.status != expected.status or other_code or seen.status not in statuses:
        raise Failed(f"{wanted}; came {seen.words}")
    if stage.phase(seen) != expected.phase:
        raise Failed(f"{wanted} by {expected.clause!r}; came {seen.words}")
    return seen


def allowance(name: str, allow: dict[str, str]) -> str | None:
    """Why a case may remain unknown."""
    return next((reason for pattern, reason in allow.items() if matches(name, pattern)), None)


def matches(name: str, pattern: str) -> bool:
    """Whether a pattern (``*`` for anything) fits the id of a case. Brackets and question marks mean themselves."""
    return fnmatchcase(name, pattern.replace("[", "[[]").replace("?", "[?]"))
