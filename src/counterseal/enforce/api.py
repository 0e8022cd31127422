"""The names that applications use. `counterseal` offers them."""

from __future__ import annotations

from collections.abc import Sequence

from counterseal.enforce.contract.decorator import Contract, build
from counterseal.enforce.frameworks import detect


def contract(
    *clauses: object,
    requires: Sequence[object] = (),
    ensures: Sequence[object] = (),
    invariants: Sequence[object] = (),
    layer: str | None = None,
) -> Contract:
    """A contract: what every call of a function has to fulfil, and what it gives. Put it directly above ``def``.

    The order of the clauses does not matter, nor in which list they stand: they are always evaluated as client limit, identity,
    role, caller limit, input, object, rules and invariants, body, output, record.

    Args:
        clauses: clauses, wherever they belong.
        requires: what has to hold before the body runs.
        ensures: what holds of the outcome.
        invariants: what holds before and after.
        layer: ``presentation``, ``action`` (the default), ``business`` or ``data``. Functions of the inner two never establish
            an identity: they deny unless an outer contract, or `acting_as`, has.

    Raises:
        ContractError: the clauses contradict each other, or nobody said who may call.
    """
    return build(clauses, requires, ensures, invariants, layer, detect)
