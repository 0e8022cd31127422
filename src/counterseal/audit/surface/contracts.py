"""Contracts in the code: which promises a ``@contract`` makes, and what it hands to its function."""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.surface.values import Labels, Value, replace
from counterseal.guarantees import Guarantee

CONTRACT = "contract:"
"""The facts of a contract: ``contract:owned`` and so on, one for each guarantee that it keeps."""
_LISTS = ("requires", "ensures", "invariants")
_KEEPS = {
    "auth": ("auth", Guarantee.AUTHENTICATED),
    "owns": ("auth", Guarantee.OWNED),
    "scoped": ("auth", Guarantee.OWNED),
    "validates": ("", Guarantee.VALIDATED),
    "rate_limit": ("limit", Guarantee.LIMITED),
    "audit_log": ("", Guarantee.AUDITED),
    "returns": ("", Guarantee.SHAPED),
}
_INNER_LAYERS = frozenset({"business", "data"})
"""Functions of these layers never establish who is calling: they rely on what stands around them, often the program itself."""
_WHO = frozenset({Guarantee.AUTHENTICATED, Guarantee.AUTHORIZED, Guarantee.OWNED})
_PRINCIPAL = "counterseal.Principal"
_CALL = "counterseal.Call"


def contract_value(args: list[Value], kwargs: dict[str, Value]) -> Value:
    """A contract, by what it was called with. A clause that cannot be read promises nothing."""
    clauses = list(args)
    for name in _LISTS:
        given = kwargs.get(name)
        if given is not None and isinstance(given.items, list):
            clauses += [item for item in given.items if isinstance(item, Value)]
    return Value(kind="contract", items=clauses, extra=kwargs.get("layer"), name="contract")


def _clauses(contract: Value) -> Iterator[tuple[str, Value]]:
    for clause in contract.items or ():
        if isinstance(clause, Value) and clause.kind == "inst" and str(clause.ref).startswith("counterseal."):
            yield str(clause.ref).rpartition(".")[2], clause


def promises(contract: Value) -> Labels:
    """The facts that hold when the body of a function under this contract runs."""
    facts: set[str] = set()
    inner = _layer(contract) in _INNER_LAYERS
    public = inner
    for name, clause in _clauses(contract):
        public |= name == "public"
        fact, guarantee = _KEEPS.get(name, ("", None))
        if inner and guarantee in _WHO:
            continue
        facts.update(item for item in (fact, f"{CONTRACT}{guarantee.value}" if guarantee else "") if item)
        roles = _roles(clause) if name == "auth" else []
        if roles:
            facts.update(("role", f"{CONTRACT}{Guarantee.AUTHORIZED.value}", *(f"role:{role}" for role in roles if role)))
    if public:
        return frozenset(facts)
    # Without public() nobody gets in unknown, and a cookie is believed from the application's own pages only.
    return frozenset(facts | {"auth", "csrf", f"{CONTRACT}{Guarantee.AUTHENTICATED.value}"})


def _layer(contract: Value) -> str:
    said = contract.extra
    return said.const.lower() if isinstance(said, Value) and isinstance(said.const, str) else ""


def answer(target: Value) -> Value | None:
    """What the contract on a function lets out of it; ``None``: it does not say."""
    contract = contract_of(target)
    for name, clause in _clauses(contract) if contract is not None else ():
        items = clause.items if isinstance(clause.items, dict) else {}
        if name == "returns":
            return items.get("0") or items.get("model") or items.get("what")
    return None


def _roles(clause: Value) -> list[str]:
    """The roles and permissions that an ``auth`` clause asks for; ``""`` for one that is not a constant."""
    items = clause.items if isinstance(clause.items, dict) else {}
    found: list[str] = []
    for name in ("0", "role", "permission", "any_of"):
        given = items.get(name)
        values = given.items if given is not None and isinstance(given.items, list) else [given]
        asked = [value for value in values if isinstance(value, Value) and not (value.is_const and value.const is None)]
        found.extend(value.const if isinstance(value.const, str) else "" for value in asked)
    return found


def contract_of(target: Value) -> Value | None:
    """The contract on a function, whatever other decorators stand around it."""
    while target.kind == "wrapped" and isinstance(target.extra[0], Value):
        if isinstance(target.items, Value) and target.items.kind == "contract":
            return target.items
        target = target.extra[0]
    return None


def handed_over(contract: Value, name: str, annotation: Value) -> Value | None:
    """What the contract gives a parameter, in the place of anything that the caller sends; ``None``: it does not supply it."""
    kind = annotation.items[0] if annotation.kind == "annotated" and annotation.items else annotation
    if kind.kind == "ext" and kind.ref == _PRINCIPAL:
        return Value(may=frozenset({"who", "self"}), must=frozenset({"who"}), name=name)
    if kind.kind == "ext" and kind.ref == _CALL:
        return Value(name=name)
    for clause, value in _clauses(contract):
        if clause in ("owns", "scoped") and _supplies(clause, value, name, kind):
            return replace(kind, kind="obj", name=name) if kind.kind == "cls" else Value(name=name)
    return None


def _supplies(clause: str, value: Value, name: str, kind: Value) -> bool:
    items = value.items if isinstance(value.items, dict) else {}
    into = items.get("into") or (items.get("1") if clause == "scoped" else None)
    if into is not None:
        return bool(into.is_const and into.const == name)
    what = items.get("0") or items.get("what")
    return bool(what is not None and kind.kind == "cls" and what.kind == "cls" and what.ref == kind.ref)
