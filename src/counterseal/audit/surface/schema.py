"""Columns of tables as they are declared."""

from __future__ import annotations

from counterseal.audit.facts.python import ir
from counterseal.audit.surface.values import Value


def foreign_key(value: ir.Node | None) -> str:
    """The table that a column refers to, or ``""``."""
    if value is None or value[0] != ir.CALL:
        return ""
    for arg in [*value[3], *(v for _, v in value[4])]:
        if arg[0] == ir.CALL and (ir.dotted(arg[2]) or "").rpartition(".")[2] == "ForeignKey" and arg[3]:
            target = arg[3][0]
            return str(target[2]).partition(".")[0] if target[0] == ir.CONST else (ir.dotted(target) or "").partition(".")[0]
    for key, arg in value[4]:
        if key == "foreign_key" and arg[0] == ir.CONST:
            return str(arg[2]).partition(".")[0]
    return ""


def is_relation(value: Value) -> bool:
    """Whether an attribute of a table class is a relationship to another."""
    return str(value.ref).rpartition(".")[2] in ("relationship", "Relationship")
