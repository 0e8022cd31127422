"""The case of a limit: as many hits as it allows pass, the next one does not."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from counterseal.enforce.clauses.rate_limit import RateLimit
from counterseal.enforce.limits.rates import parse_rates
from counterseal.enforce.testing.case import Expected, Failed, refuses
from counterseal.enforce.testing.inputs import good
from counterseal.enforce.testing.kind import Kind
from counterseal.enforce.testing.route import Attempt, Route
from counterseal.enforce.testing.stage import Seen, Stage
from counterseal.enforce.testing.unknown import Unknown

MOST = 60
"""Hits that are really sent. Of a larger limit the rest is counted by the application's own limiter, without requests."""


def kinds(route: Route) -> Iterator[Kind]:
    """The cases of a route."""
    limits = [clause for clause in route.guard.spec.clauses if isinstance(clause, RateLimit)]
    for clause in limits:
        name = "over the limit" if len(limits) == 1 else f"over the limit {clause.name}"
        yield Kind(name, clause.describe(), functools.partial(_over, clause, len(limits) == 1))


def _over(clause: RateLimit, alone: bool, stage: Stage) -> None:
    moment = clause.moment()
    # Another caller from another address: where time cannot be moved (Redis), this one must not count either.
    control = stage.control(good(stage.route), moment)
    cost = _cost(clause, control)
    allowed = min(rate.amount for rate in parse_rates(clause.rate)) // cost
    stage.fresh_start()
    attempt = good(stage.route)
    sent = allowed if alone and allowed <= MOST else min(1, allowed)
    for number in range(sent):
        seen = _passes(stage, attempt, clause, number + 1)
        if number == sent - 1 and allowed > sent:
            _count(stage, clause, seen, (allowed - sent) * cost)
    expected = Expected(moment, 429, ("limit-exceeded",), clause.describe())
    refuses(stage, attempt, expected, fresh=False)


def _passes(stage: Stage, attempt: Attempt, clause: RateLimit, number: int) -> Seen:
    seen = stage.make(attempt)
    if seen.denial is not None and seen.denial.clause == clause.describe():
        raise Failed(f"hit {number} is refused already: {seen.words}")
    if stage.phase(seen) <= clause.moment():
        raise Unknown(f"hit {number} does not come as far as the limit: {seen.words}")
    return seen


def _count(stage: Stage, clause: RateLimit, seen: Seen, hits: int) -> None:
    """Have the application's own limiter count hits that are not sent."""
    if seen.call is None:
        raise Unknown("nothing is known of the call, so that its count cannot be found")
    if not clause._meter(stage.route.security).hit(clause._key(seen.call), hits).allowed:
        raise Unknown("hits that should fit into the limit do not: something else counts under its name and key")


def _cost(clause: RateLimit, seen: Seen) -> int:
    if isinstance(clause.cost, int):
        return clause.cost
    if seen.call is None:
        raise Unknown("what a call costs is not known")
    return max(1, clause._cost(seen.call))
