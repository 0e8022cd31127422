"""What a contract says: clauses, and the layer in which its function stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from counterseal.enforce.clauses.audit_log import AuditLog
from counterseal.enforce.clauses.auth import Auth
from counterseal.enforce.clauses.base import Clause, Layer, Phase
from counterseal.enforce.clauses.public import Public
from counterseal.enforce.clauses.retry import Retry
from counterseal.enforce.clauses.returns import Returns
from counterseal.enforce.clauses.validates import Validates
from counterseal.enforce.core.errors import ContractError
from counterseal.guarantees import Guarantee

C = TypeVar("C", bound=Clause)

_ONCE: tuple[tuple[type[Clause], str], ...] = (
    (AuditLog, "audit_log"),
    (Public, "public"),
    (Retry, "retry"),
    (Returns, "returns"),
    (Validates, "validates"),
)


@dataclass(frozen=True, slots=True)
class Spec:
    """The clauses of a contract, free of contradictions, in the order in which they are evaluated."""

    clauses: tuple[Clause, ...]
    layer: Layer | None

    @property
    def effective_layer(self) -> Layer:
        """The layer; `Layer.ACTION` when none is said."""
        return Layer.ACTION if self.layer is None else self.layer

    @property
    def is_public(self) -> bool:
        """Whether anyone may call."""
        return any(isinstance(clause, Public) for clause in self.clauses)

    def only(self, kind: type[C]) -> C | None:
        """The clause of a kind that stands in a contract at most once."""
        return next((clause for clause in self.clauses if isinstance(clause, kind)), None)

    @property
    def guarantees(self) -> frozenset[Guarantee]:
        """What the contract promises, in the words of the matrix."""
        given = {clause.guarantee for clause in self.clauses if clause.guarantee is not None}
        if any(isinstance(clause, Auth) and clause.authorizes for clause in self.clauses):
            given.add(Guarantee.AUTHORIZED)
        if not self.is_public:
            given.add(Guarantee.AUTHENTICATED)
        return frozenset(given)

    def describe(self) -> str:
        """The contract in words, in the order in which it is kept."""
        lines = [clause.describe() for clause in self.clauses]
        if not self.is_public and not any(isinstance(clause, Auth) for clause in self.clauses):
            lines.insert(0, "the caller is known")
        return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))


def spec(clauses: Iterable[object], layer: Layer | None) -> Spec:
    """Check clauses against each other.

    Raises:
        ContractError: something is no clause, two clauses contradict each other, or nobody said who may call.
    """
    found: list[Clause] = []
    for clause in clauses:
        if not isinstance(clause, Clause):
            raise ContractError(f"{clause!r} is no clause", "clauses are made by auth(...), owns(...), validates(...) and so on")
        if clause not in found:
            found.append(clause)
    for kind, name in _ONCE:
        several = [clause for clause in found if isinstance(clause, kind)]
        if len(several) > 1:
            words = "; ".join(clause.describe() for clause in several)
            raise ContractError(f"a contract has one {name}(): {words}", "leave one of them out")
    made = Spec(tuple(sorted(found, key=_rank)), layer)
    _who(made)
    return made


def _rank(clause: Clause) -> Phase:
    return clause.moment()


def _who(made: Spec) -> None:
    has_auth = any(isinstance(clause, Auth) for clause in made.clauses)
    if made.is_public and has_auth:
        raise ContractError("a contract says both auth() and public()", "anyone may call, or not: keep one")
    if made.is_public and any(clause.guarantee is Guarantee.OWNED for clause in made.clauses):
        raise ContractError("a public() contract has no caller who could own something", "use auth() instead of public()")
    if not made.is_public and not has_auth and not made.effective_layer.inner:
        raise ContractError("a contract says neither auth() nor public(reason=...)", "say who may call")


def merge(first: Spec, second: Spec) -> Spec:
    """Both contracts at once. The result refuses whatever either of them refuses.

    Raises:
        ContractError: they contradict each other.
    """
    layers = {first.layer, second.layer} - {None}
    if len(layers) > 1:
        raise ContractError("the two contracts stand in different layers")
    return spec((*first.clauses, *second.clauses), next(iter(layers), None))
