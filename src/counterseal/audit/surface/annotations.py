"""What type annotations say about values."""

from __future__ import annotations

from typing import Any

from counterseal.audit.facts.python import ir
from counterseal.audit.surface.evaluate import Evaluate
from counterseal.audit.surface.state import State
from counterseal.audit.surface.values import UNKNOWN, Value, const, replace


class Annotate(Evaluate):
    """How annotations are read."""

    def annotation(self, node: Any, st: State) -> Value:
        """The value of an annotation; strings are looked up as names, ``X | None`` and ``Optional[X]`` mean X."""
        if node is None:
            return UNKNOWN
        if node[0] == ir.CONST and isinstance(node[2], str):
            name = node[2].strip().split("|")[0].strip()
            return self.name(name, st) if name.isidentifier() else UNKNOWN
        if node[0] == ir.BIN and node[2] == "|":
            left = self.annotation(node[3], st)
            return left if not (left.is_const and left.const is None) else self.annotation(node[4], st)
        if node[0] == ir.SUB:
            head = ir.dotted(node[2]) or ""
            if head.rpartition(".")[2] == "Optional":
                return self.annotation(node[3], st)
            if head.rpartition(".")[2] in ("list", "List", "Sequence", "Iterable", "set", "Set", "tuple", "Tuple"):
                inner = node[3][3][0] if node[3][0] == ir.SEQ and node[3][3] else node[3]
                return Value(kind="seq", extra=self.typed(UNKNOWN, self.annotation(inner, st)))
        return self.evaluate(node, st)

    def related_type(self, declared: Value) -> Value:
        """The class that ``Mapped[list["Comment"]]`` or ``Mapped["User"]`` speaks of, as a class or by its name."""
        inner = declared.extra if declared.kind == "seq" and isinstance(declared.extra, Value) else declared
        if inner.kind == "obj":
            return Value(kind="cls", ref=inner.ref)
        return const(declared.name) if declared.kind == "seq" and declared.name else inner

    def typed(self, value: Value, annotation: Value) -> Value:
        """``value`` with what its annotation says about it."""
        if annotation.kind == "cls":
            if self.class_kind(annotation.ref) == "enum":
                return replace(value, type="enum")
            return replace(value, kind="obj", ref=annotation.ref)
        if annotation.kind == "ext":
            scalar = _SCALAR_NAMES.get(annotation.ref)
            if scalar:
                return replace(value, type=scalar)
            return replace(value, kind="inst", ref=annotation.ref, site=value.site or f"param:{annotation.ref}")
        if annotation.kind == "seq":
            return replace(value, kind="seq", extra=annotation.extra)
        return value


_SCALAR_NAMES = {
    "builtins.int": "int",
    "builtins.str": "str",
    "builtins.bool": "bool",
    "builtins.float": "float",
    "builtins.bytes": "bytes",
    "uuid.UUID": "uuid",
    "datetime.datetime": "date",
    "datetime.date": "date",
    "decimal.Decimal": "float",
    "pydantic.EmailStr": "email",
    "pydantic.networks.EmailStr": "email",
    "pydantic.HttpUrl": "url",
    "pydantic.AnyUrl": "url",
    "pydantic.AnyHttpUrl": "url",
    "pydantic.UUID4": "uuid",
    "pydantic.PositiveInt": "int",
    "pydantic.types.PositiveInt": "int",
    "pydantic.SecretStr": "str",
    "pydantic.types.SecretStr": "str",
}
