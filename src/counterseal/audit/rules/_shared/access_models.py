"""Whose records a model holds, and how private they are."""

from __future__ import annotations

from counterseal.audit.rules._shared.access_words import (
    CONTACT_FIELD,
    CONTENT_FIELD,
    CONTENT_MODEL,
    DEALING_FIELD,
    DEALING_MODEL,
    PARTY_FIELD,
    is_secret_field,
)
from counterseal.audit.surface.model import DataModel, Surface
from counterseal.audit.surface.values import Value
from counterseal.audit.surface.vocabulary import snake
from counterseal.policy import Policy

_DEEPEST = 4
_AUTHOR = frozenset(
    {"author", "author_id", "creator", "creator_id", "posted_by", "created_by", "author_user_id", "created_by_id"}
)


def model_of(name: str, surface: Surface) -> DataModel | None:
    """The table of that name; a schema may bear the same."""
    found = surface.models.get(name)
    if found is not None and found.kind == "table":
        return found
    return next((each for each in _by_name(surface).get(name, ()) if each.kind == "table"), None)


def _by_name(surface: Surface) -> dict[str, list[DataModel]]:
    known = surface.derived.get("models by name")
    if isinstance(known, dict):
        return known
    made: dict[str, list[DataModel]] = {}
    for each in surface.models.values():
        made.setdefault(each.name, []).append(each)
    surface.derived["models by name"] = made
    return made


def schema_of(name: str | None, surface: Surface, file: str) -> DataModel | None:
    """The schema of that name; when there are several, the one in ``file``, else any that is not a table."""
    if not name:
        return None
    same = _by_name(surface).get(name.rpartition(".")[2], [])
    exact = [each for each in same if each.qualname == name] or [each for each in same if each.place.file == file]
    others = [each for each in same if each.kind == "schema"] or same
    return next(iter(exact or others), None)


def tables_of(value: Value) -> list[str]:
    """Names of the models that a value was read from."""
    return sorted(label[3:] for label in value.may if label.startswith("db:"))


def belongs(model: DataModel | None, surface: Surface, policy: Policy) -> bool:
    """Whether each record of the model is somebody's: by a field, or through the record that it is part of."""
    return _owner_path(model, surface, policy, 0) is not None


def owner_path(model: DataModel, surface: Surface, policy: Policy) -> str:
    """How one gets from a record to its owner (``user_id``, ``card_id -> user_id``); empty when it is nobody's."""
    return _owner_path(model, surface, policy, 0) or ""


def _owner_path(model: DataModel | None, surface: Surface, policy: Policy, depth: int) -> str | None:
    if model is None or depth > _DEEPEST:
        return None
    resource = policy.resource_for(model.qualname) or policy.resource_for(model.name)
    if resource is not None:
        return resource[1].owner
    if model.owner:
        return model.owner
    party = next((name for name in model.fields if PARTY_FIELD.match(name)), None)
    if party is not None:
        return party
    for each in model.fields.values():
        parent = _parent(each.foreign, surface)
        if parent is None or parent is model or parent.is_principal:
            continue
        further = _owner_path(parent, surface, policy, depth + 1)
        # What lists refer to (a category, a tag) is part of nobody's record; a line of an order is part of the order.
        if further and not is_content(parent):
            return f"{each.name} -> {further}"
    return None


def _parent(name: str, surface: Surface) -> DataModel | None:
    return model_of(name, surface) or model_of(name.rstrip("s"), surface) if name else None


def is_content(model: DataModel) -> bool:
    """Whether the records are written to be read by everyone: posts, reviews, a catalogue."""
    if model.is_principal:
        return False
    if any(CONTENT_FIELD.match(name) for name in model.fields):
        return True
    private = [name for name in model.fields if CONTACT_FIELD.search(name) or DEALING_FIELD.search(name)]
    if private:
        return False
    name = snake(model.name)
    if DEALING_MODEL.search(name):
        return False
    return bool(CONTENT_MODEL.search(name)) or model.owner in _AUTHOR


def is_public_read(model: DataModel, policy: Policy) -> bool:
    """Whether anyone may read the records: the policy says so, or they are public content."""
    resource = policy.resource_for(model.qualname) or policy.resource_for(model.name)
    if resource is not None:
        return resource[1].public_read is not None
    return is_content(model)


def private_among(fields: frozenset[str], model: DataModel | None, policy: Policy) -> list[str]:
    """Those of ``fields`` that are not for everyone's eyes: secrets, contact data, and what principals may do."""
    found = [name for name in sorted(fields) if is_secret_field(name, policy) or CONTACT_FIELD.search(name)]
    if model is None or not model.is_principal:
        found += [name for name in sorted(fields) if DEALING_FIELD.search(name) and name not in found]
    return found
