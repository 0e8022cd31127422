"""Accesses to records that the caller selects and that are somebody else's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from counterseal.audit.rules._shared.access_models import is_public_read, model_of, owner_path, private_among
from counterseal.audit.rules._shared.access_routes import ENTRY_KINDS, model_changed, privileged
from counterseal.audit.rules._shared.access_shown import UNKNOWN_PART, WHOLE, Shown, fields_shown, shown
from counterseal.audit.rules._shared.access_words import CREDENTIAL_FIELD, FINANCIAL_FIELD, IDENTIFYING_FIELD, PARTY_FIELD
from counterseal.audit.surface.flow import Access, Branch, Event, Store
from counterseal.audit.surface.model import DataModel, Route, Surface
from counterseal.audit.surface.ownership import ObjectAccess, object_accesses, tied
from counterseal.audit.surface.values import Condition
from counterseal.policy import Policy

_Use: TypeAlias = tuple[str, Event, tuple[str, ...]]
"""What is done with a record, where, and which private fields are shown."""
_BEFORE_IDENTITY = ENTRY_KINDS | {"one_time_code"}


@dataclass(frozen=True, slots=True, eq=False)
class Foreign:
    """A record that the caller selects, whoever it belongs to."""

    found: ObjectAccess
    model: DataModel
    owner: str
    """How one gets from the record to its owner."""
    use: str
    """``changes``, ``deletes``, ``shows`` or ``uses``."""
    used: Event
    """Where."""
    what: tuple[str, ...] = ()
    """Private fields that are shown."""

    @property
    def access(self) -> Access:
        """The access itself."""
        return self.found.access

    @property
    def keys(self) -> str:
        """What the caller chooses, as the request names it."""
        names = {label.rpartition(":")[2] for key in self.found.keys for label in key.value.inputs()}
        return ", ".join(sorted(names - {"body", "form", "query", "path"})) or self.found.keys[0].column


def foreign_records(route: Route, surface: Surface, policy: Policy) -> Iterator[Foreign]:
    """Every record that the route changes, deletes or shows for whoever names its key."""
    if route.kinds & _BEFORE_IDENTITY:
        return
    answers = shown(route, surface)
    for found in object_accesses(route.flow, surface.models):
        model = model_of(found.access.models[0], surface)
        owner = owner_path(model, surface, policy) if model is not None else ""
        if model is None or not owner or found.owned or privileged(found.access.facts, policy):
            continue
        if found.access.verb == "list" and not any(identifying(key.column, model) for key in found.keys):
            continue
        # What a verified token names (a link to reset a password) is a capability, not a choice.
        if all("signed" in key.value.must for key in found.keys) or any(map(_shows_knowledge, found.access.conditions)):
            continue
        used = (
            _change(found, route, surface, policy)
            or _showing(found, model, answers, surface, policy)
            or _deciding(found, model, route, policy)
        )
        if used is not None:
            use, event, what = used
            yield Foreign(found, model, owner, use, event, what)


def _shows_knowledge(condition: Condition) -> bool:
    """Whether the caller proves to know what only the owner of the record should know: a card's number, a PIN."""
    known = CREDENTIAL_FIELD.search(condition.column) or FINANCIAL_FIELD.search(condition.column)
    return bool(known) and bool(condition.value.inputs())


def _change(found: ObjectAccess, route: Route, surface: Surface, policy: Policy) -> _Use | None:
    access = found.access
    events = [event for event in found.writes if not privileged(event.facts, policy)]
    if access.verb in ("update", "delete"):
        events.append(access)
    if not events or _counterpart(access, route):
        return None
    deletes = any(isinstance(event, Access) and event.verb == "delete" for event in events)
    return "deletes" if deletes else "changes", events[0], ()


def _counterpart(access: Access, route: Route) -> bool:
    """Whether it is the other side of a dealing of which one side is the caller's own record: the recipient of a transfer."""
    for event in route.flow.among(Store, Access):
        if event is access or model_changed(event) != access.models[0]:
            continue
        if isinstance(event, Store):
            if not event.target.must.isdisjoint({"who", "self"}) and access.label not in event.target.may:
                return True
        elif isinstance(event, Access) and event.verb == "update" and any(map(_by_caller, event.conditions)):
            return True
    return False


def _by_caller(condition: Condition) -> bool:
    return "who" in condition.value.must and condition.op == "==" and not condition.alternative


def _showing(found: ObjectAccess, model: DataModel, answers: list[Shown], surface: Surface, policy: Policy) -> _Use | None:
    access = found.access
    if access.verb not in ("get", "list"):
        return None
    mine = [item for item in answers if access.label in item.value.may and not item.own]
    fields = frozenset(name for item in mine for name in fields_shown(item, surface))
    private = private_among(fields, model, policy)
    whole = [item for item in mine if item.field in (WHOLE, UNKNOWN_PART) or item.field in model.fields]
    if (
        not mine
        or (model.is_principal and not private)
        or (not private and is_public_read(model, policy))
        or not (whole or private)
    ):
        return None
    return "shows", access, tuple(private)


def _deciding(found: ObjectAccess, model: DataModel, route: Route, policy: Policy) -> _Use | None:
    """A record that decides whether the route goes on to change something: a card to pay with, a folder to file in."""
    access = found.access
    if access.verb != "get" or model.is_principal or is_public_read(model, policy) or route.method == "GET":
        return None
    decides = any(
        event.refused and event.value.name in model.fields and access.label in event.value.may for event in route.flow.of(Branch)
    )
    return ("uses", access, ()) if decides else None


def unnarrowed_lists(route: Route, surface: Surface, policy: Policy) -> Iterator[tuple[Access, DataModel, str, tuple[str, ...]]]:
    """Lists of records that belong to people, not narrowed by the caller: access, model, owner, private fields that are shown."""
    answers = shown(route, surface)
    for access in route.flow.accesses("list"):
        model = model_of(access.models[0], surface) if access.models else None
        owner = owner_path(model, surface, policy) if model is not None else ""
        if model is None or not owner or privileged(access.facts, policy) or _narrowed(access, model):
            continue
        mine = [item for item in answers if access.label in item.value.may and not item.own and item.model]
        if not mine:
            continue
        private = private_among(frozenset(name for item in mine for name in fields_shown(item, surface)), model, policy)
        if (model.is_principal and not private) or (not model.is_principal and is_public_read(model, policy)):
            continue
        yield access, model, owner, tuple(private)


def _narrowed(access: Access, model: DataModel) -> bool:
    """Whether the caller, a key of the record, or a record that is tied to the caller takes part in the query."""
    for condition in access.conditions:
        # A parameter that falls back on the caller is the caller's choice.
        if condition.value.may & {"who", "self", "session"} and not condition.value.inputs():
            return True
        exact = condition.op in ("==", "in") and not condition.alternative
        keyed = identifying(condition.column, model) and bool(condition.value.inputs())
        if exact and (keyed or tied(condition.value.may, access.facts)):
            return True
    return tied(frozenset({access.label}), access.facts)


def identifying(column: str, model: DataModel) -> bool:
    """Whether a column selects single records, or those of one owner, rather than a sort of records (``status``)."""
    known = model.fields.get(column)
    if known is not None and (known.primary or known.unique or known.foreign):
        return True
    return column == model.owner or bool(IDENTIFYING_FIELD.search(column) or PARTY_FIELD.match(column))
