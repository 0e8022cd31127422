"""Object accesses whose key the caller chooses, and whether the caller's identity takes part in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from counterseal.audit.surface.flow import Access, Event, Flow, Return, Store
from counterseal.audit.surface.model import DataModel
from counterseal.audit.surface.values import Condition, Labels
from counterseal.audit.surface.vocabulary import IDENTIFIER_COLUMN, ORDINARY_ROLE, PRINCIPAL_MODEL, SECRET_COLUMN, snake

_KEYED = {"get", "list", "update", "delete"}
_KEYS = {"id", "pk", "uuid"}
"""Columns that select a record by themselves, even on one side of an OR."""


@dataclass(frozen=True, slots=True, eq=False)
class ObjectAccess:
    """One access to a record that the caller selects."""

    access: Access
    model: DataModel | None
    keys: tuple[Condition, ...]
    """The conditions whose values the caller sends."""
    owned: bool
    why: str
    """Why it counts as owned, or what is missing."""
    writes: tuple[Event, ...]
    """Changes and deletions of the record."""


def object_accesses(flow: Flow, models: Mapping[str, DataModel]) -> tuple[ObjectAccess, ...]:
    """Every access of the flow whose key comes from the caller, with the verdict about ownership."""
    known = flow.derived.get("objects")
    if not isinstance(known, tuple):
        known = flow.derived["objects"] = tuple(_object_accesses(flow, models))
    return known


def _object_accesses(flow: Flow, models: Mapping[str, DataModel]) -> Iterator[ObjectAccess]:
    uses = [e for e in flow.among(Return, Store, Access) if not isinstance(e, Access) or e.verb == "delete"]
    for access in flow.accesses():
        if access.verb not in _KEYED or not access.models:
            continue
        keys = tuple(
            c
            for c in access.conditions
            if c.op in ("==", "in") and chosen(c) and (not c.alternative or c.column.lower() in _KEYS)
        )
        others = [c for c in access.conditions if c.alternative]
        if not keys and others and all(c.op in ("==", "in") and chosen(c) for c in others):
            keys = tuple(others)  # "sender = X or receiver = X"
        if not keys:
            continue
        model = next(
            (m for m in (models.get(n) for n in access.models) if m is not None and m.owner), models.get(access.models[0])
        )
        owned, why = _verdict(uses, access, keys)
        yield ObjectAccess(access, model, keys, owned, why, tuple(_writes(uses, access)))


def chosen(c: Condition) -> bool:
    """Whether the caller chooses the record: by an identifier, not by a secret that only the right caller knows."""
    if not c.value.inputs() or c.value.must & {"who", "signed"}:
        return False  # the caller's own, or what a signed token (a reset link) names
    secret = SECRET_COLUMN.search(c.column) and not IDENTIFIER_COLUMN.match(c.column)
    return not secret or c.column.lower() in ("uuid", "guid", "code", "key")


def tied(labels: Labels, facts: Labels) -> bool:
    """Whether facts link any of the labels to the caller, directly or through things that were compared with one another."""
    linked = {f[5:] for f in facts if f.startswith("link:")}
    pairs = [tuple(f[4:].split("~", 1)) for f in facts if f.startswith("tie:")]
    grown = True
    while grown:
        grown = False
        for a, b in pairs:
            if (a in linked) != (b in linked):
                linked |= {a, b}
                grown = True
    return not linked.isdisjoint(labels)


def elevated(facts: Labels) -> bool:
    """Whether a role was checked that ordinary users do not have."""
    names = [f[5:] for f in facts if f.startswith("role:")]
    return "role" in facts and (not names or any(not ORDINARY_ROLE.match(n) for n in names))


def _verdict(uses: Sequence[Event], access: Access, keys: tuple[Condition, ...]) -> tuple[bool, str]:
    for c in access.conditions:
        if "who" in c.value.must and not c.alternative and c.op == "==":
            return True, f"the query is narrowed by the caller's identity ({c.column})"
    labels = frozenset({access.label, *(x for c in keys for x in c.value.inputs())})
    if tied(labels, access.facts):
        return True, "the key was compared with the caller's identity before"
    points = list(_uses(uses, access))
    if points and all(tied(labels, e.facts) or elevated(e.facts) for e in points):
        return True, "the record is compared with the caller's identity before it is used"
    if elevated(access.facts):
        return True, "the caller's role was checked"
    return False, "the caller's identity takes no part"


def _uses(uses: Sequence[Event], access: Access) -> Iterator[Event]:
    """Where the record is used: written, deleted, or part of an answer."""
    for e in uses:
        if e.seq <= access.seq:
            continue
        if (isinstance(e, Return) and not e.refuses and access.label in e.value.may) or (
            isinstance(e, Return) and not e.refuses and access.verb in ("update", "delete")
        ):
            yield e
    yield from _writes(uses, access)
    if access.verb in ("update", "delete"):
        yield access


def _writes(uses: Sequence[Event], access: Access) -> Iterator[Event]:
    for e in uses:
        if e.seq <= access.seq:
            continue
        if (
            isinstance(e, Store) and access.label in e.target.may and e.target.kind in ("obj", "row", "unknown", "member-of")
        ) or (
            isinstance(e, Access)
            and e.verb == "delete"
            and (e.label == access.label or (e.target is not None and access.label in e.target.may))
        ):
            yield e


def is_principal(model: DataModel | None, name: str) -> bool:
    """Whether the record is a user of the application."""
    return model.is_principal if model is not None else bool(PRINCIPAL_MODEL.match(snake(name)))
