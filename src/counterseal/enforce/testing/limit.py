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
    attempt = good(stage.route)
    moment = clause.moment()
    # Another caller, so that this control does not count; the last word on the client's own count is the time.
    control = stage.control(attempt, moment)
    cost = _cost(clause, control)
    allowed = min(rate.amount for rate in parse_rates(clause.rate)) // cost
    stage.fresh_start()
    if alone and allowed <= MOST:
        for number in range(allowed):
            _passes(stage, attempt, clause, number + 1)
    else:
        _passes(stage, attempt, clause, 1)
        _counted(stage, clause, control, allowed - 1)
    expected = Expected(moment, 429, ("limit-exceeded",), clause.describe())
    refuses(stage, attempt, expected, fresh=False)


def _passes(stage: Stage, attempt: Attempt, clause: RateLimit, number: int) -> None:
    seen = stage.make(attempt)
    if seen.denial is not None and seen.denial.clause == clause.describe():
        raise Failed(f"hit {number} is refused already: {seen.words}")
    if stage.phase(seen) <= clause.moment():
        raise Unknown(f"hit {number} does not come as far as the limit: {seen.words}")


def _counted(stage: Stage, clause: RateLimit, control: Seen, hits: int) -> None:
    """Have the application's own limiter count the hits that are not sent."""
    if control.call is None:
        raise Unknown("nothing is known of the call, so that its count cannot be found")
    key, meter = clause._key(control.call), clause._meter(stage.route.security)
    for _ in range(hits):
        if not meter.hit(key, _cost(clause, control)).allowed:
            return


def _cost(clause: RateLimit, seen: Seen) -> int:
    if isinstance(clause.cost, int):
        return clause.cost
    if seen.call is None:
        raise Unknown("what a call costs is not known")
    return max(1, clause._cost(seen.call))
