"""Whose an object is: what `owns` and `scoped` compare."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from counterseal.enforce.core.call import Call
from counterseal.enforce.core.errors import ContractError
from counterseal.enforce.core.principal import Principal
from counterseal.enforce.core.security import Security

By = str | tuple[str, str] | Callable[[Principal, Any], object]
"""A field that equals the principal's id, a field and the principal's attribute, or a function of principal and object."""


@dataclass(frozen=True, slots=True, repr=False)
class Ownership:
    """Whose an object is."""

    by: By | None
    also: frozenset[str]
    model: str
    """The model's dotted name, under which the policy may describe it."""

    def resolved(self, security: Security) -> tuple[By, frozenset[str]] | None:
        """The rule in force: the clause's own, or else the policy's."""
        if self.by is not None:
            return self.by, self.also
        described = security.policy.resource_for(self.model) if security.policy is not None else None
        if described is None:
            return None
        resource = described[1]
        return (resource.owner, resource.principal), self.also | frozenset(resource.also)

    def exempt(self, call: Call, also: frozenset[str]) -> bool:
        """Whether the caller has a role that may touch every object."""
        return any(not call.caller.roles.isdisjoint(call.security.satisfying(role)) for role in also)


def same(owner: Any, mine: Any) -> bool:
    """Whether an owner field names the caller. Tokens carry ids as text, tables as numbers or UUIDs; nothing equals ``None``."""
    if owner is None or mine is None or isinstance(owner, bool) or isinstance(mine, bool):
        return False
    if isinstance(owner, (int, UUID)) or isinstance(mine, (int, UUID)):
        return str(owner) == str(mine)
    return bool(owner == mine)


def ownership(what: Any, by: By | None, also: Collection[str]) -> Ownership:
    """From what stands in a clause.

    Raises:
        ContractError: ``also`` is one text.
    """
    if isinstance(also, str):
        raise ContractError("also=... takes a collection of roles, not one text", 'write also=("admin",)')
    name = f"{what.__module__}.{what.__qualname__}" if hasattr(what, "__qualname__") else type(what).__qualname__
    return Ownership(by, frozenset(also), name)
