"""Whether something can be repeated without bound."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from counterseal.audit.surface.flow import Access, Branch, Call, Event, Flow, Raise, Return, Store
from counterseal.audit.surface.model import Route
from counterseal.audit.surface.values import Value
from counterseal.guarantees import Guarantee
from counterseal.policy import Policy

_TOO_MANY = 429  # RFC 6585 §4
_COUNTER = re.compile(
    r"(^|_)(attempts?|tries|retries|fail(ed|ures?|s)?|lock(ed|out)?|strikes?|throttled?|blocked_until|cool_?down|hits)($|_)",
    re.IGNORECASE,
)
_COUNTING = frozenset({"incr", "incrby", "increment", "hincrby", "zadd", "zcard"})
_BODY = ("in:body", "in:form", "in:file")


def bounded(route: Route, policy: Policy) -> bool:
    """Whether the number of calls is limited as far as the code shows, or the policy excuses the route."""
    if route.holds(Guarantee.LIMITED) or Guarantee.LIMITED in policy.route_rule(route.method, route.path).excuses:
        return True
    return any(True for _ in limiters_by_hand(route.flow))


def limiters_by_hand(flow: Flow) -> Iterator[Event]:
    """Where a limiter of the program's own refuses: an answer 429, a counter of failures in a record, a counter in a store."""
    counted = False
    locks = _locks(flow)
    for event in flow.among(Raise, Return, Access, Call, Branch):
        if (isinstance(event, Raise | Return) and event.status == _TOO_MANY) or (
            isinstance(event, Access)
            and any(c.op in ("<", "<=", ">", ">=") and _COUNTER.search(c.column) for c in event.conditions)
        ):
            yield event
        elif isinstance(event, Call) and event.name.startswith(("?.", "redis.")) and event.name.rpartition(".")[2] in _COUNTING:
            counted = True
        elif isinstance(event, Branch) and event.refused and (counted or not locks.isdisjoint(event.value.may)):
            yield event
            counted = False


def _locks(flow: Flow) -> frozenset[str]:
    """Labels of the records in which the flow counts failures or notes a lock."""
    stores = (e for e in flow.of(Store) if not e.value.is_const and _COUNTER.search(e.name))
    return frozenset(label for e in stores for label in e.target.may if label.startswith("obj:"))


def without_body(route: Route, values: Iterable[Value]) -> bool:
    """Whether the values stand in a body that a request of this method does not have: one handler serves several methods."""
    sent = {label for value in values for label in value.inputs()}
    return route.method in ("GET", "HEAD", "OPTIONS") and bool(sent) and all(label.startswith(_BODY) for label in sent)
