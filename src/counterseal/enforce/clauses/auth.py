"""`auth`: the caller is someone we know and, where asked, has a role or permission."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from counterseal.enforce.clauses.base import Bound, Clause, Phase, Target
from counterseal.enforce.clauses.given import is_text
from counterseal.enforce.core.call import Call
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.errors import ContractError
from counterseal.enforce.core.principal import Principal
from counterseal.enforce.core.security import Security
from counterseal.guarantees import Guarantee


@dataclass(frozen=True, slots=True, repr=False)
class Auth(Clause):
    """See `auth`."""

    role: str | None
    permission: str | None
    any_of: frozenset[str]

    phase = Phase.ROLE
    guarantee = Guarantee.AUTHENTICATED

    @property
    def authorizes(self) -> bool:
        """Whether more is asked than to be known."""
        return bool(self.role or self.permission or self.any_of)

    def bind(self, target: Target) -> Bound:
        return Bound(before=self._step)

    def _step(self, call: Call) -> None:
        principal = call.principal
        if principal is None:
            raise not_authenticated(call.security, self.describe())
        if self.role is not None and principal.roles.isdisjoint(call.security.satisfying(self.role)):
            raise Denied(403, "not-authorized", f"the caller lacks the role {self.role!r}", clause=self.describe())
        if self.permission is not None and self.permission not in principal.permissions:
            raise Denied(403, "not-authorized", f"the caller lacks the permission {self.permission!r}", clause=self.describe())
        if self.any_of and not self._has_any(principal, call.security):
            raise Denied(403, "not-authorized", "the caller has none of the roles and permissions", clause=self.describe())

    def _has_any(self, principal: Principal, security: Security) -> bool:
        held = principal.roles | principal.permissions
        return any(not held.isdisjoint(security.satisfying(name)) for name in self.any_of)

    def check(self, security: Security, target: Target) -> None:
        if not security.identities and not target.layer.inner:
            raise target.error(f"{self.describe()} cannot be kept: no identity is configured", "give Security identities=[...]")
        if self.role is not None and security.roles and self.role not in security.roles:
            known = ", ".join(security.roles)
            raise target.error(f"there is no role {self.role!r}", f"the declared roles are: {known}")

    def describe(self) -> str:
        parts = [f"has the role {self.role}"] if self.role else []
        parts += [f"has the permission {self.permission}"] if self.permission else []
        parts += [f"has one of {', '.join(sorted(self.any_of))}"] if self.any_of else []
        return f"the caller {' and '.join(parts) or 'is known'}"


def auth(role: str | None = None, *, permission: str | None = None, any_of: Collection[str] = ()) -> Clause:
    """The caller is authenticated and has what is asked for. Several conditions must all hold.

    Args:
        role: a role, or one above it where roles have an order.
        permission: a permission that the identity gives.
        any_of: roles or permissions of which one is enough.

    Raises:
        ContractError: an empty name.
    """
    if isinstance(any_of, str):
        raise ContractError("auth(any_of=...) takes a collection of names, not one text", 'write any_of=("support", "admin")')
    names = [name for name in (role, permission, *any_of) if name is not None]
    if not all(is_text(name) for name in names):
        raise ContractError("auth() is given an empty name", "leave it out: auth() asks for any known caller")
    return Auth(role, permission, frozenset(any_of))


def not_authenticated(security: Security, clause: str, reason: str = "the request carries no credentials") -> Denied:
    """The refusal of an unknown caller, with the challenges of RFC 9110 section 11.6.1."""
    headers = {"WWW-Authenticate": security.challenges} if security.challenges else {}
    return Denied(401, "not-authenticated", reason, clause=clause, headers=headers)
