"""Writes in which the request chooses the fields, or sets fields that are not the caller's to decide."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from counterseal.audit.findings import Place
from counterseal.audit.rules._shared.access_models import model_of, owner_path
from counterseal.audit.rules._shared.access_routes import model_changed, privileged
from counterseal.audit.rules._shared.access_schemas import body_schemas
from counterseal.audit.rules._shared.access_words import PRIVILEGE_FIELD, is_privilege_field
from counterseal.audit.surface.flow import Access, Branch, Event, Store
from counterseal.audit.surface.model import DataModel, Route, Surface
from counterseal.audit.surface.ownership import is_principal
from counterseal.audit.surface.values import Value
from counterseal.audit.surface.vocabulary import PASSWORD_LIKE
from counterseal.policy import Policy

_WHOSE = re.compile(
    r"^(owner|user|author|creator|created_by|customer|account|member|uploader|sender)(_?(id|uuid|pk|username|email))?$",
    re.IGNORECASE,
)
"""Owner fields that say who made a record. An assignee or a team may well be the caller's choice."""
_OPEN = ("*", "**")
_SENT = ("in:body", "in:form", "in:query")


@dataclass(frozen=True, slots=True)
class Assignment:
    """One write of fields that the request chooses or should not set."""

    place: Place
    model: str
    open: bool
    """The request chooses the fields; otherwise they are fixed, and some of them are the application's to decide."""
    fields: tuple[str, ...]
    """The fields that an attacker would set."""
    schema: DataModel | None = None
    """The declared schema that lets them through."""


def assignments(route: Route, surface: Surface, policy: Policy) -> Iterator[Assignment]:
    """Every such write of a route, apart from those behind a checked role."""
    schemas = body_schemas(route, surface)
    for event in route.flow.among(Access, Store):
        if privileged(event.facts, policy):
            continue
        if isinstance(event, Access) and event.verb in ("create", "update"):
            yield from _of_access(event, route, schemas, surface, policy)
        elif isinstance(event, Store):
            yield from _of_store(event, schemas, surface, policy)


def _of_access(event: Access, route: Route, schemas: list[DataModel], surface: Surface, policy: Policy) -> Iterator[Assignment]:
    written = dict(event.values)
    name = event.models[0] if event.models else ""
    for key in _OPEN:
        value = written.get(key)
        if value is not None and _sent(value):
            yield from _open(event, name, value, frozenset(written), schemas, surface, policy)
            return
    if event.verb == "create" and is_principal(model_of(name, surface), name):
        # A password's hash is made of what the request says, as it should be.
        decided = [(key, value) for key, value in event.values if is_privilege_field(key) and not PASSWORD_LIKE.search(key)]
        named = tuple(key for key, value in decided if _sent(value) or _decided_by(key, event, route))
        if named:
            yield Assignment(event.place, name, False, named, next((s for s in schemas if named[0] in s.fields), None))


def _decided_by(field: str, event: Access, route: Route) -> bool:
    """Whether the request decides about the field, though the value is a constant: ``if data["admin"]: admin = True``."""
    value = dict(event.values)[field]
    fixed = value.is_const and not value.may and not value.const
    return not fixed and any(
        not branch.refused and branch.seq < event.seq and branch.function == event.function
        and any(label.startswith(_SENT) and label.rpartition(":")[2] == field for label in branch.value.may)
        for branch in route.flow.of(Branch)
    )  # fmt: skip


def _of_store(event: Store, schemas: list[DataModel], surface: Surface, policy: Policy) -> Iterator[Assignment]:
    if event.name != "*" or event.key is None or not _sent(event.key) or not _sent(event.value) or "listed" in event.key.may:
        return
    if event.target.kind == "dict":
        # Keys of the request overwrite entries that the application has put in before.
        known = event.target.items if isinstance(event.target.items, dict) else {}
        own = tuple(k for k, v in known.items() if k not in _OPEN and isinstance(v, Value) and not v.inputs())
        if own and not schemas and isinstance(event.key.extra, tuple) and event.key.extra[:1] == ("keys",):
            yield Assignment(event.place, "", True, own)
        return
    name = model_changed(event)
    if name and any(label.startswith("obj:") for label in event.target.may):
        yield from _open(event, name, event.value, frozenset(), schemas, surface, policy)


def _open(
    event: Event, name: str, value: Value, fixed: frozenset[str], schemas: list[DataModel], surface: Surface, policy: Policy
) -> Iterator[Assignment]:
    """A write of whatever the request holds: harmless when a declared schema has nothing but what callers may set."""
    model = model_of(name, surface)
    wanted = tuple(field for field in _decided(model, surface, policy) if field not in fixed)
    through = next((schema for schema in schemas if schema.extra_allowed), None)
    if through is not None or not schemas:
        if wanted or model is None:
            yield Assignment(event.place, name, True, wanted, through)
        return
    for schema in schemas:
        named = tuple(field for field in schema.fields if field in wanted)
        if named:
            yield Assignment(event.place, name, False, named, schema)
            return


def _decided(model: DataModel | None, surface: Surface, policy: Policy) -> list[str]:
    """The fields of a model that the application has to decide about."""
    if model is None:
        return []
    found = [
        name for name in model.fields if is_privilege_field(name) and (model.is_principal or not PRIVILEGE_FIELD.match(name))
    ]
    owner = owner_path(model, surface, policy).partition(" -> ")[0]
    if _WHOSE.match(owner) and not model.is_principal and owner in model.fields:
        found.append(owner)
    return found


def _sent(value: Value) -> bool:
    return any(label.startswith(_SENT) for label in value.may)
