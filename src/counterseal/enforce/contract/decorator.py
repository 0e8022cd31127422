"""`contract`: what a developer or an assistant writes above a function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

from counterseal.enforce.clauses.base import Clause, Layer
from counterseal.enforce.contract.guard import Adapters, guard
from counterseal.enforce.contract.spec import Spec, merge, spec
from counterseal.enforce.core.errors import ContractError
from counterseal.guarantees import Guarantee

P = ParamSpec("P")
R = TypeVar("R")


class Contract:
    """Clauses that can be put on any number of functions, and combined with ``+``."""

    __slots__ = ("_detect", "_spec")

    def __init__(self, made: Spec, detect: Adapters) -> None:
        self._spec = made
        self._detect = detect

    def __call__(self, function: Callable[P, R]) -> Callable[..., R]:
        """Put the contract on a function.

        Raises:
            ContractError: it cannot be kept on it.
        """
        made: Callable[..., R] = guard(self._spec, function, self._detect)
        return made

    def __add__(self, other: Contract) -> Contract:
        """Both contracts at once: whatever either refuses is refused.

        Raises:
            ContractError: they contradict each other.
        """
        if not isinstance(other, Contract):
            return NotImplemented
        return Contract(merge(self._spec, other._spec), self._detect)

    @property
    def guarantees(self) -> frozenset[Guarantee]:
        """What it promises, in the words of the matrix."""
        return self._spec.guarantees

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """Its clauses, in the order in which they are evaluated."""
        return self._spec.clauses

    def describe(self) -> str:
        """The contract in words, one line a promise, in the order in which they are kept."""
        return self._spec.describe()

    def __repr__(self) -> str:
        return f"<contract: {'; '.join(clause.describe() for clause in self.clauses)}>"


def build(
    clauses: Sequence[object],
    requires: Sequence[object],
    ensures: Sequence[object],
    invariants: Sequence[object],
    layer: str | None,
    detect: Adapters,
) -> Contract:
    """See `counterseal.contract`."""
    if len(clauses) == 1 and callable(clauses[0]) and not isinstance(clauses[0], Clause):
        raise ContractError("@contract has no clauses", "write @contract(requires=[auth(...), ...])")
    return Contract(spec((*clauses, *requires, *ensures, *invariants), _layer(layer)), detect)


def _layer(name: str | None) -> Layer | None:
    if name is None:
        return None
    try:
        return Layer[name.upper()]
    except (KeyError, AttributeError):
        known = ", ".join(item.name.lower() for item in Layer)
        raise ContractError(f"there is no layer {name!r}", f"the layers are: {known}") from None
