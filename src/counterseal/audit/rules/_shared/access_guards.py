"""Functions that look like guards, run before routes, and let everyone through."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from counterseal.audit.findings import Place
from counterseal.audit.rules._shared.access_routes import ENTRY_KINDS, claimed, judged
from counterseal.audit.surface.flow import Branch, Call, Compare, Event, Raise, Return
from counterseal.audit.surface.model import Route, Surface
from counterseal.audit.surface.values import Value

_MANDATORY = re.compile(
    r"^(require|verify|check|ensure|validate|enforce|assert|authenticate|authorize|must_be|get_current|login)_?\w*"
    r"(auth|token|jwt|user|login|admin|api_?key|session|permission|role|signed_in)|"
    r"(login|token|auth|jwt|admin|role|session|api_?key)_(required|guard|check)$|^(authenticate|authorize|authenticated|protected)$",
    re.IGNORECASE,
)
_OPTIONAL = re.compile(r"optional|maybe|try_|_or_none|if_present|anonymous|soft|lazy|rate|limit", re.IGNORECASE)
_REFUSALS = (401, 403)
_HOLDS = ("auth", "claimed", "role", "signature", "csrf", "password")


@dataclass(slots=True)
class Hollow:
    """A guard that lets everyone through."""

    name: str
    place: Place
    why: str
    routes: list[Route] = field(default_factory=list)
    """The routes in front of which it stands."""


def hollow_guards(surface: Surface) -> list[Hollow]:
    """Guards that let everyone through: those that the surface knows, and those that no route gets anything from."""
    found = surface.derived.get("hollow guards")
    if not isinstance(found, list):
        found = surface.derived["hollow guards"] = _hollow_guards(surface)
    return found


def _hollow_guards(surface: Surface) -> list[Hollow]:
    known = [Hollow(guard.name, guard.place, guard.why) for guard in surface.fake_guards]
    seen: dict[str, Hollow] = {}
    effective: set[str] = set()
    for route in judged(surface):
        holds = claimed(route) or _established(route)
        for name, events in _helpers(route):
            for guard in known:
                if guard.name == name.rpartition(".")[2] and guard.place.file == events[0].place.file:
                    guard.routes.append(route)
            if holds:
                effective.add(name)
            elif not route.kinds & ENTRY_KINDS and _looks_mandatory(name) and any(map(_looks_at_credential, events)):
                seen.setdefault(name, Hollow(name.rpartition(".")[2], _place(events), _why(events))).routes.append(route)
    listed = {(guard.name, guard.place.file) for guard in known}
    return known + [
        guard for name, guard in seen.items() if name not in effective and (guard.name, guard.place.file) not in listed
    ]


def behind_hollow(surface: Surface) -> set[str]:
    """The names of routes that have a guard which lets everyone through, and asks for no more than a made-up credential."""
    known = {(guard.name, guard.place) for guard in surface.fake_guards}
    found = [guard for guard in hollow_guards(surface) if (guard.name, guard.place) not in known]
    return {route.name for guard in found for route in guard.routes}


def _helpers(route: Route) -> Iterator[tuple[str, list[Event]]]:
    """The functions that run for a route, apart from its handler, with their events."""
    groups: dict[str, list[Event]] = {}
    for event in route.flow.events:
        if event.function not in (route.handler, route.flow.function):
            groups.setdefault(event.function, []).append(event)
    yield from groups.items()


def _established(route: Route) -> bool:
    points = [event for event in route.flow.returns() if not event.refuses]
    return any(fact in point.facts for point in points for fact in _HOLDS)


def _looks_mandatory(name: str) -> bool:
    # A decorator's inner function is called whatever it is called: the name of the decorator counts.
    parts = [part for part in name.split(".") if part != "<locals>"]
    tail = parts[-2:]
    return any(_MANDATORY.search(part) for part in tail) and not any(_OPTIONAL.search(part) for part in tail)


def _looks_at_credential(event: Event) -> bool:
    values: list[Value] = []
    if isinstance(event, Branch):
        values = [event.value]
    elif isinstance(event, Compare):
        values = [event.left, event.right]
    elif isinstance(event, Call) and event.kind in ("token-decode", "signer-load", "compare-digest"):
        values = list(event.args)
    return any(label == "cred" or label.startswith(("in:header", "in:cookie")) for value in values for label in value.may)


def _place(events: list[Event]) -> Place:
    lines = [event.place.line for event in events]
    return Place(events[0].place.file, min(lines), max(lines))


def _why(events: list[Event]) -> str:
    if any(isinstance(event, Compare) and (event.left.is_const or event.right.is_const) for event in events):
        return "it compares with a value that is written in the code"
    refuses = any(isinstance(event, Raise) for event in events) or any(isinstance(e, Return) and e.refuses for e in events)
    if not refuses:
        return "it never refuses: whatever it finds, the route goes on"
    return "there is a way through it on which nothing is checked"
