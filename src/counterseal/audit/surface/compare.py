"""What a comparison or a truth test says about the caller."""

from __future__ import annotations

from functools import lru_cache

from counterseal.audit.surface.values import NONE, Labels, Value, const, either
from counterseal.audit.surface.vocabulary import IDENTITY_KEY, ROLE, SECRET_NAME

_EQUAL = {"==", "in", "is"}
_UNEQUAL = {"!=", "not in", "is not"}
_MOST_TIES = 64


def links(may: Labels) -> Labels:
    """Facts of a test in which the caller's identity takes part together with other things."""
    if "who" not in may:
        return NONE
    return frozenset(f"link:{label}" for label in may if label.startswith(("in:", "obj:")))


def ties(left: Labels, right: Labels) -> Labels:
    """Facts of an equality between two things that are not the caller: what is linked to one is linked to the other."""
    if not left or not right:
        return NONE
    a = sorted(x for x in left if x.startswith(("in:", "obj:")))
    b = sorted(x for x in right if x.startswith(("in:", "obj:")))
    return frozenset(f"tie:{x}~{y}" for x in a for y in b if x != y) if len(a) * len(b) <= _MOST_TIES else NONE


def facts_of(value: Value) -> tuple[Labels, Labels]:
    """(facts when the value is truthy, facts when it is falsy)."""
    true = value.true
    if not value.may and not value.must:
        return true, value.false
    if "who" in value.must and value.null and "anonymous?" not in value.may:
        true = true | {"claimed" if "forgeable" in value.may else "auth"}
    if "opaque" in value.may and "who" not in value.must:
        true = true | {"opaque-auth"}
    if value.null and "who" in value.may and value.kind != "const" and value.type != "bool":
        # Something that was found by the caller's identity and other things together; a comparison says itself what it means.
        true = true | links(value.may)
    return true, value.false


def compared(op: str, left: Value, right: Value, inline: bool) -> Value:
    """The value of ``left OP right``. ``inline``: one side is written as a constant right there."""
    may = either(left.may, right.may)
    if _is_none(left) or _is_none(right):
        other = right if _is_none(left) else left
        present, absent = facts_of(other)
        true, false = (absent, present) if op in ("is", "==") else (present, absent)
        return Value(may=may, type="bool", null=True, true=true, false=false)
    facts = _equality_facts(left, right, inline) if op in _EQUAL | _UNEQUAL else _order_facts(left, right)
    if op in ("in", "not in") and right.kind in ("seq", "dict") and right.extra != "open" and not right.inputs():
        may = may | {"membership"}
    if op in _UNEQUAL:
        return Value(may=may, type="bool", null=True, false=facts)
    if op in _EQUAL:
        return Value(may=may, type="bool", null=True, true=facts)
    return Value(may=may, type="bool", null=True, true=facts, false=facts)


def folded(op: str, left: Value, right: Value) -> Value | None:
    """The outcome of comparing constants; ``None`` when it is not known."""
    if not left.is_const or left.may or left.const is None:
        return None
    if op in ("in", "not in") and right.kind in ("seq", "dict") and isinstance(right.items, list | dict):
        keys = [v.const for v in right.items if v.is_const] if isinstance(right.items, list) else list(right.items)
        if len(keys) != len(right.items) or right.extra == "open":
            return None
        return const((left.const in keys) == (op == "in"))
    if op in ("==", "!=") and right.is_const and not right.may and right.const is not None:
        return const((left.const == right.const) == (op == "=="))
    return None


def _is_none(v: Value) -> bool:
    return v.kind == "const" and v.const is None


def _order_facts(left: Value, right: Value) -> Labels:
    for v in (left, right):
        if "self" in v.must and ROLE.search(v.name or ""):
            return frozenset({"role", f"role:{v.name}"})
    return NONE


def _equality_facts(left: Value, right: Value, inline: bool) -> Labels:
    if "session" in right.may and isinstance(left.const, str) and IDENTITY_KEY.search(left.const):
        return frozenset({"auth"})
    facts: set[str] = set(links(either(left.may, right.may)) | ties(left.may, right.may))
    for v, other in ((left, right), (right, left)):
        if "self" in v.must and (ROLE.search(v.name or "") or _role_constants(other, v)):
            facts |= {"role", *role_names(v, other), "claimed" if "forgeable" in v.may else "auth"}
        elif "self" in v.must and other.is_const and "session" in v.may:
            facts.add("auth")
        if is_credential(v) and not is_credential(other) and _is_secret(other, inline):
            facts.add("auth")
    return frozenset(facts)


def _role_constants(other: Value, v: Value) -> bool:
    """Whether ``other`` is something that roles are compared with: members of an enumeration named so."""
    return other.kind == "member" and bool(ROLE.search(str(other.extra or "")))


def role_names(v: Value, other: Value) -> set[str]:
    """``role:NAME`` for every role that a value is compared with."""
    names = [x for x in (other.items if isinstance(other.items, list) else [other]) if isinstance(x, Value)]
    found = {f"role:{str(x.const).lower()}" for x in names if isinstance(x.const, str)}
    found |= {f"role:{x.name.lower()}" for x in names if x.kind == "member" and x.name}
    return found or {f"role:{v.name}"}


def is_credential(v: Value) -> bool:
    """Whether it is something that the caller presents to say who it is."""
    return bool(v.may) and _presented(v.may)


@lru_cache(maxsize=100_000)
def _presented(labels: Labels) -> bool:
    return any(label == "cred" or label.startswith(("in:header", "in:cookie")) for label in labels)


def _is_secret(v: Value, inline: bool) -> bool:
    if inline and v.is_const:
        return False
    known = any(label.startswith(("env:", "db:", "setting", "secret", "hash:")) for label in v.may)
    return known or bool(SECRET_NAME.search(v.name or "")) or (v.kind == "unknown" and not v.inputs())
