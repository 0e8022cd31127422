"""Making one attempt and seeing what the contract made of it: whether it refused, by which clause, how far it came."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from counterseal.enforce.clauses.base import Phase
from counterseal.enforce.clauses.rate_limit import RateLimit
from counterseal.enforce.core.call import Call
from counterseal.enforce.core.clock import now, running_on
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.principal import Principal
from counterseal.enforce.limits.rates import parse_rates
from counterseal.enforce.testing.clients import Answer, Client
from counterseal.enforce.testing.people import TestIdentity, recognising
from counterseal.enforce.testing.route import Attempt, Route
from counterseal.enforce.testing.unknown import Unknown

STOPPED = "rehearsal"
_BY_CODE = {
    "cross-site": Phase.ORIGIN,
    "malformed-form": Phase.INPUT,
    "malformed-json": Phase.INPUT,
    "repeated-field": Phase.INPUT,
    "too-large": Phase.INPUT,
    "unshaped-answer": Phase.OUTPUT,
    "unsupported-media-type": Phase.INPUT,
}


@dataclass(slots=True)
class Seen:
    """What became of an attempt."""

    answer: Answer | None = None
    call: Call | None = None
    denial: Denied | None = None
    entered: bool = False
    """Whether the body was about to run: every requirement held."""

    @property
    def status(self) -> int:
        """The answer's status."""
        return 0 if self.answer is None else self.answer.status

    @property
    def words(self) -> str:
        """What came, for a message."""
        if self.entered:
            return "everything was let through to the body"
        if self.denial is None:
            error = self.answer.error if self.answer is not None else None
            raised = f" ({type(error).__name__} was raised)" if error is not None else ""
            return f"{self.status}, which no contract answered{raised}"
        by = f" by the clause {self.denial.clause!r}" if self.denial.clause else ""
        return f"{self.status} {self.denial.code!r}{by}{f': {self.denial.reason}' if self.denial.reason else ''}"


class Timeline:
    """The time of an application under test: it only goes forward, so that what one case counted does not burden the next."""

    def __init__(self) -> None:
        self._at = 0.0

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Within the block time stands still, unless it is moved."""
        self._at = max(self._at, now())
        with running_on(lambda: self._at):
            yield

    def advance(self, seconds: float) -> None:
        """Move it."""
        self._at += seconds


class Stage:
    """Where the attempts of one case are made."""

    def __init__(self, route: Route, client: Client, time: Timeline) -> None:
        self.route = route
        self.time = time
        self._client = client
        self._window = _longest(route)

    def fresh(self, attempt: Attempt) -> Seen:
        """Make an attempt at a time at which no earlier one counts against it."""
        self.fresh_start()
        return self.make(attempt)

    def fresh_start(self) -> None:
        """Let what was counted run out."""
        self.time.advance(self._window + 1 if self._window else 0)

    def make(self, attempt: Attempt) -> Seen:
        """Make an attempt.

        Raises:
            Unknown: the application does not answer.
        """
        seen = Seen()
        security, method = self.route.security, self.route.method
        with self._watched(seen, let_run=attempt.let_run), recognising(security, _identities(attempt, self.route)):
            try:
                seen.answer = self._client.send(attempt.sent(method))
            except TimeoutError:
                raise Unknown("the application does not answer") from None
        return seen

    @contextmanager
    def _watched(self, seen: Seen, *, let_run: bool) -> Iterator[None]:
        security, guard = self.route.security, self.route.guard

        def at_body(body: Callable[..., Any], call: Call) -> None:
            if body is not guard.body:
                return
            seen.entered, seen.call = True, call
            if not let_run:
                raise Denied(503, STOPPED, "a test: the body was about to run, and does not")

        def observe(call: Call, outcome: str, denial: Denied | None) -> None:
            if call.name != guard.plan.target.name or call.parent is not None or seen.call is not None:
                return
            seen.call, seen.denial = call, denial

        before = security.observers, security.at_body
        security.observers, security.at_body = (*security.observers, observe), at_body
        try:
            yield
        finally:
            security.observers, security.at_body = before

    def phase(self, seen: Seen) -> Phase:
        """How far an attempt came."""
        if seen.entered:
            return Phase.BODY
        denial = seen.denial
        if denial is None:
            return Phase.READY
        if denial.challenge:
            return Phase.IDENTITY
        if denial.clause and denial.code not in _BY_CODE:
            for clause in self.route.guard.plan.clauses:
                if clause.describe() == denial.clause:
                    return clause.moment()
        return _BY_CODE.get(denial.code, Phase.READY)

    def control(self, attempt: Attempt, beyond: Phase) -> Seen:
        """Make an attempt with which everything is right. Without it, the refusal of another one would prove nothing.

        Raises:
            Unknown: it does not come further than the moment at which the other one is to be refused.
        """
        seen = self.fresh(attempt)
        if self.phase(seen) <= beyond:
            raise Unknown(
                "the request with which everything should be right is refused too, so that a refusal proves nothing: "
                f"{seen.words}. Give this route a sample with which it works"
            )
        return seen


def _identities(attempt: Attempt, route: Route) -> tuple[Any, ...]:
    own = attempt.identities if attempt.identities is not None else route.security.identities
    return own if attempt.principal is None else (_recognised(attempt.principal), *own)


def _recognised(principal: Principal) -> TestIdentity:
    return TestIdentity(principal)


def _longest(route: Route) -> int:
    """The longest window of the route's limits, in seconds."""
    limits = [clause for clause in route.guard.plan.clauses if isinstance(clause, RateLimit)]
    return max((rate.window for clause in limits for rate in parse_rates(clause.rate)), default=0)
