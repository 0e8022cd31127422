"""What a template lets in and out: it refuses shapes through which a caller could help himself."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, MutableMapping
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_origin, is_typeddict

from counterseal.enforce.clauses.shapes import models
from counterseal.enforce.clauses.validates import name_of
from counterseal.enforce.core.errors import ContractError
from counterseal.policy.sensitive import DEFAULTS, normal

PRIVILEGED = frozenset(
    {
        # What somebody may do
        "role", "roles", "permission", "permissions", "scope", "scopes", "groups", "is_admin", "admin", "is_staff", "staff",
        "is_superuser", "superuser", "is_owner",
        # What the application has found out about somebody
        "is_active", "is_verified", "verified", "email_verified", "is_banned", "banned", "is_locked",
        # Whose something is
        "owner", "owner_id", "user_id", "created_by", "tenant", "tenant_id", "organization_id", "organisation_id",
        # What only the application computes
        "password_hash", "hashed_password", "password_salt",
    }
)  # fmt: skip
"""Fields that make a caller more than he is when he may set them himself (CWE-915, mass assignment)."""
_OPEN = (Any, object, dict, list, tuple, set, Mapping, MutableMapping, None)


def check_closed(model: Any, words: str) -> None:
    """Whether a shape says what it holds.

    Raises:
        ContractError: anything fits it.
    """
    if any(leaf in _OPEN for leaf in _leaves(model)):
        raise ContractError(f"{words}: {name_of(model)} lets anything through", "give a model with fields")
    for part in models(model):
        if part.model_config.get("extra") == "allow":
            raise ContractError(f"{words}: {part.__name__} takes any field (extra='allow')", "give a model that does not")


def check_input(model: Any, words: str, allowed: Collection[str], owner: str | None = None) -> None:
    """Whether callers can be let fill this in.

    Raises:
        ContractError: the shape is open, or has a field that callers must not set.
    """
    check_closed(model, words)
    refused = {*PRIVILEGED, *(() if owner is None else (normal(owner),))} - {normal(name) for name in _names_given(allowed)}
    found = sorted({name for name in _fields(model) if normal(name) in refused})
    if found:
        raise ContractError(
            f"{words}: callers could set {', '.join(found)} of {name_of(model)} themselves",
            f"leave it out of the model, or, if that is meant, write allow={tuple(found)!r}",
        )


def check_output(model: Any, words: str, revealed: Collection[str]) -> None:
    """Whether this can be let out.

    Raises:
        ContractError: the shape is open, or has a field whose value must not leave.
    """
    check_closed(model, words)
    known = {normal(name) for name in _names_given(revealed)}
    found = sorted({name for name in _fields(model) if normal(name) in DEFAULTS and normal(name) not in known})
    if found:
        raise ContractError(
            f"{words}: {name_of(model)} shows {', '.join(found)}",
            f"leave it out of the model, or, if that is meant, write reveals={tuple(found)!r}",
        )


def _leaves(annotation: Any) -> Iterator[Any]:
    """The types that a type is made of, down to those without parts."""
    parts = [part for part in get_args(annotation) if part is not type(None)]
    if get_origin(annotation) is None or not parts:
        yield get_origin(annotation) or annotation
    elif hasattr(annotation, "__metadata__"):
        yield from _leaves(parts[0])
    else:
        for part in parts:
            yield from _leaves(part)


def _fields(annotation: Any) -> Iterator[str]:
    """Every name under which a field of a type, or of what it is made of, is given."""
    for model in models(annotation):
        for name, item in model.model_fields.items():
            yield name
            for alias in (item.alias, item.validation_alias, item.serialization_alias):
                yield from _spellings(alias)
    for leaf in _leaves(annotation):
        if is_dataclass(leaf):
            yield from (item.name for item in fields(leaf))
        elif is_typeddict(leaf):
            yield from leaf.__annotations__


def _spellings(alias: Any) -> Iterator[str]:
    if isinstance(alias, str):
        yield alias
    for choice in getattr(alias, "choices", ()):
        yield from _spellings(choice)
    # A path into the input: what it ends in is the field.
    yield from (part for part in getattr(alias, "path", ())[-1:] if isinstance(part, str))


def _names_given(names: Collection[str]) -> Collection[str]:
    if isinstance(names, str):
        raise ContractError("allow=... and reveals=... take a collection of names, not one text", f"write ({names!r},)")
    return names
