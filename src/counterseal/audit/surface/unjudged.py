"""Helpers that refuse callers in a way that could not be judged.

A name proves nothing, so such a helper never counts as a guard. But where one stands, that there is none cannot be said
either: the cell is unknown, and rules report nothing about it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from counterseal.audit.surface.flow import Call, Event, Raise
from counterseal.audit.surface.model import Route

_GUARD = re.compile(
    r"auth|login|signed_?in|logged_?in|token|jwt|session|current_?(user|account)|admin|role|permission|privilege|access|visib|scope|"
    r"(check|require|verify|ensure|get)_?\w*(user|account|member|key)",
    re.IGNORECASE,
)
_ROLE = re.compile(r"admin|role|permission|privilege|superuser|staff|moderator|scope|owner", re.IGNORECASE)
_SENDS_AWAY = re.compile(r"auth|login|signed|logged|admin|role|permission|member|required|only", re.IGNORECASE)
_REFUSED = (401, 403)
_REFUSING = re.compile(r"unauthori[sz]ed|forbidden|permission|not_?authenticated|access_?denied", re.IGNORECASE)


def unjudged_guard(route: Route) -> Event | None:
    """Where a helper that decides who may go on, as its name says, refuses."""
    return _refusal(route, _GUARD)


def unjudged_role(route: Route) -> Event | None:
    """Where a helper that decides by what somebody may do, as its name says, refuses."""
    return _refusal(route, _ROLE)


def _refusal(route: Route, pattern: re.Pattern[str]) -> Event | None:
    for event in route.flow.among(Raise, Call):
        if event.function in (route.handler, route.flow.function):
            continue
        named = _named(event.function, pattern)
        if isinstance(event, Raise):
            if named and (event.status in _REFUSED or _REFUSING.search(event.name)):
                return event
        elif isinstance(event, Call) and event.kind == "redirect" and any(_SENDS_AWAY.search(part) for part in named):
            return event
    return None


@lru_cache(maxsize=100_000)
def _named(function: str, pattern: re.Pattern[str]) -> tuple[str, ...]:
    return tuple(part for part in function.split(".")[-3:] if pattern.search(part))
