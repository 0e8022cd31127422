"""Operators that a class of the program, or its metaclass, defines."""

from __future__ import annotations

from collections.abc import Mapping

from counterseal.audit.facts.python import ir
from counterseal.audit.surface.program import Cls, Func, Program
from counterseal.audit.surface.values import Value

_METHODS: Mapping[str, str] = {"|": "__or__", "&": "__and__", "~": "__invert__"}


def operator(program: Program, op: str, operand: Value) -> Value | None:
    """The method behind an operator, bound to its first operand; ``None`` when its class defines none."""
    name = _METHODS.get(op)
    if name is None or operand.kind not in ("obj", "cls") or not isinstance(operand.ref, Cls):
        return None
    owner = operand.ref if operand.kind == "obj" else _metaclass(program, operand.ref)
    method: Func | None = program.method(owner, name) if owner is not None else None
    return Value(kind="func", ref=method, items=operand, extra=(), name=name) if method is not None else None


def _metaclass(program: Program, ref: Cls) -> Cls | None:
    for cls in program.mro(ref):
        if not isinstance(cls, Cls):
            continue
        for key, value in program.cls(cls).keywords:
            named = ir.dotted(value) if key == "metaclass" else None
            found = program.resolve(cls.module, named) if named else None
            if isinstance(found, Cls):
                return found
    return None
