"""Numbers from a request that change stored amounts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from counterseal.audit.findings import Place
from counterseal.audit.rules._shared.access_routes import privileged
from counterseal.audit.rules._shared.access_schemas import body_schemas
from counterseal.audit.surface.flow import Access, Branch, Event, Store
from counterseal.audit.surface.model import Route, Surface
from counterseal.audit.surface.values import Value
from counterseal.policy import Policy

_STORED = re.compile(
    r"(^|_)(balance|credits?|points|stock|inventory|funds|wallet|amount|saldo|coins|tokens_left|quota)($|_)", re.IGNORECASE
)
_SENT = re.compile(
    r"(^|_)(amount|quantity|qty|sum|points|credits?|coins|value|price|total|delta|units|number|count)($|_)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number from the request, and the stored amount that it changes."""

    name: str
    column: str
    place: Place
    schema: str
    """The schema that declares it, if any."""


def unchecked_amounts(route: Route, surface: Surface, policy: Policy) -> Iterator[Amount]:
    """Changes of stored amounts by a number from the request that nothing bounds."""
    bounded = _bounded(route, surface)
    checked = _checked(route)
    for event in route.flow.among(Store, Access):
        if privileged(event.facts, policy):
            continue
        for column, value in _changed(event):
            for label in sorted(value.inputs()):
                name = label.rpartition(":")[2]
                if label.count(":") > 1 and _SENT.search(name) and label not in checked and name not in bounded:
                    yield Amount(name, column, event.place, _schema(route, surface, name))


def _changed(event: Event) -> Iterator[tuple[str, Value]]:
    """Stored amounts that are computed from what is stored and what is sent."""
    if isinstance(event, Store) and "new" not in event.target.may:
        if any(label.startswith("db:") for label in event.value.may) and _STORED.search(event.name):
            yield event.name, event.value
    elif isinstance(event, Access) and event.verb == "update":
        yield from ((column, value) for column, value in event.values if _STORED.search(column) and _computed(event, value))


def _computed(event: Access, value: Value) -> bool:
    """Whether the new value is made of the old one: a plain assignment of the number says what it is to be."""
    return any(label.startswith("db:") for label in value.may) or (event.raw and value.name != "" and not value.is_const)


def _bounded(route: Route, surface: Surface) -> set[str]:
    """Names of numbers whose declared type has a lower bound."""
    fields = {name for schema in body_schemas(route, surface) for name, each in schema.fields.items() if each.constrained}
    return fields | {each.name for each in route.inputs if each.bounded}


def _checked(route: Route) -> set[str]:
    """Labels of inputs that a check refuses by themselves, not only in comparison with what is stored."""
    found: set[str] = set()
    for event in route.flow.of(Branch):
        if event.refused and not any(label.startswith("db:") for label in event.value.may):
            found |= event.value.inputs()
    return found


def _schema(route: Route, surface: Surface, name: str) -> str:
    return next((schema.name for schema in body_schemas(route, surface) if name in schema.fields), "")
