"""Elements of what loops and comprehensions go through."""

from __future__ import annotations

from counterseal.audit.facts.python import ir
from counterseal.audit.surface.narrow import Narrow
from counterseal.audit.surface.state import State
from counterseal.audit.surface.values import UNKNOWN, Value, join, replace


class Iterate(Narrow):
    """How iteration yields and binds elements."""

    def iterate(self, source: Value, st: State, line: int) -> tuple[Value, bool]:
        """(an element of ``source``, whether its elements are known one by one)."""
        if isinstance(source.items, list) and source.kind == "seq":
            element = source.items[0] if source.items else UNKNOWN
            for other in source.items[1:]:
                element = join(element, other)
            return element, True
        if isinstance(source.extra, Value):
            return source.extra, False
        return self.element(source, st, line), False

    def element(self, source: Value, st: State, line: int) -> Value:
        """An element of something whose elements are not known."""
        return Value(may=source.may, must=source.must, name=source.name)

    def bind(self, target: ir.Node, value: Value, st: State) -> None:
        """Bind the target of a ``for`` or comprehension."""
        if target[0] == ir.NAME:
            st.vars[target[2]] = value
        elif target[0] == ir.SEQ:
            parts = (
                value.items
                if value.kind == "seq" and isinstance(value.items, list) and len(value.items) == len(target[3])
                else None
            )
            for i, t in enumerate(target[3]):
                inner = t[2] if t[0] == ir.STAR else t
                self.bind(inner, parts[i] if parts else replace(value, kind="unknown", items=None, extra=None, null=False), st)
