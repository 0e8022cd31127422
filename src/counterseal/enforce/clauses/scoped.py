"""`scoped`: a list holds only what is the caller's own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from counterseal.enforce.clauses.base import Bound, Clause, Phase, Step, Target
from counterseal.enforce.clauses.given import is_text
from counterseal.enforce.clauses.objects import Store, store_for
from counterseal.enforce.clauses.ownership import By, Ownership, ownership
from counterseal.enforce.core.call import Call
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.errors import ContractError
from counterseal.enforce.core.security import Security
from counterseal.guarantees import Guarantee


@dataclass(frozen=True, slots=True, repr=False)
class Scoped(Clause):
    """See `scoped`."""

    what: Any
    into: str
    ownership: Ownership

    phase = Phase.OBJECT
    guarantee = Guarantee.OWNED

    def bind(self, target: Target) -> Bound:
        target.supply(target.parameter_for(None, self.into, self.describe()), self.describe())
        store = store_for(self.what, target, self.describe()) if isinstance(self.what, type) else None
        return Bound(before=self._step(store))

    def _step(self, store: Store | None) -> Step:
        def narrow(call: Call) -> None:
            principal = call.caller
            if store is None:
                call.arguments[self.into] = self.what(principal)
                return
            rule = self.ownership.resolved(call.security)
            by, also = rule or (None, frozenset[str]())
            if by is None or not isinstance(by, (str, tuple)):
                raise Denied(500, "clause-failed", "no field says whose the objects are", clause=self.describe())
            if also and self.ownership.exempt(call, also):
                call.arguments[self.into] = store.everything()
                return
            field, attribute = by if isinstance(by, tuple) else (by, "id")
            mine = principal.get(attribute)
            if mine is None:
                raise Denied(403, "not-owner", f"the caller has no {attribute}", clause=self.describe())
            call.arguments[self.into] = store.narrow(field, mine)

        return narrow

    def check(self, security: Security, target: Target) -> None:
        if isinstance(self.what, type) and self.ownership.resolved(security) is None:
            raise target.error(f"{self.describe()}: nothing says whose they are", 'write scoped(..., by="owner_id")')

    def describe(self) -> str:
        return f"{self.into} holds only {self.ownership.model.rpartition('.')[2]} objects of the caller's own"


def scoped(what: Any, into: str, *, by: By | None = None, also: Collection[str] = ()) -> Clause:
    """A list holds only the caller's own: the function gets a narrowed query instead of making its own.

    Args:
        what: a model class (SQLAlchemy: a ``Select``; Django: a ``QuerySet``), or a function of the principal.
        into: the function's parameter for the query.
        by: the field that must equal the principal's id, or a pair of the field and the principal's attribute. Without it the
            policy's resource decides.
        also: roles that see every object.

    Raises:
        ContractError: an argument that cannot be meant.
    """
    if not (isinstance(what, type) or callable(what)):
        raise ContractError(f"scoped() takes a model class or a function of the principal, not {what!r}")
    if not is_text(into):
        raise ContractError("scoped() needs the name of the parameter that gets the query", 'write scoped(Invoice, "invoices")')
    return Scoped(what, into, ownership(what, by, also))
