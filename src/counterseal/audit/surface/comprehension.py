"""Comprehensions of the abstract machine."""

from __future__ import annotations

from counterseal.audit.facts.python import ir
from counterseal.audit.surface.members import Members
from counterseal.audit.surface.state import State
from counterseal.audit.surface.values import NONE, UNKNOWN, Value, union

_UNROLLED = 20
"""Longest known list that a comprehension is evaluated for one by one."""


class Comprehend(Members):
    """How comprehensions become values."""

    def _comp(self, n: ir.Node, st: State) -> Value:
        inner = st.copy()
        limited = True
        source = UNKNOWN
        for target, iterable, conditions in n[5]:
            source = self.evaluate(iterable, inner)
            element, _known = self.iterate(source, inner, n[1])
            limited = limited and not _known
            self.bind(target, element, inner)
            for c in conditions:
                self.assume(c, True, inner, self.evaluate(c, inner))
        unrolled = self._unrolled_comp(n, st)
        if unrolled is not None:
            return unrolled
        element = self.evaluate(n[3], inner)
        value = self.evaluate(n[4], inner) if n[4] is not None else None
        may = element.may | (value.may if value else NONE) | source.may
        if n[2] == "dict":
            return Value(kind="dict", items={}, may=may, extra="open", must=value.must if value else NONE, null=True)
        return Value(kind="seq", items=None, extra=element, may=may, must=element.must, null=True)

    def _unrolled_comp(self, n: ir.Node, st: State) -> Value | None:
        """A list made from a short known one, element by element."""
        target, iterable, conditions = n[5][0]
        if n[2] == "dict" or len(n[5]) != 1 or conditions:
            return None
        source = self.evaluate(iterable, st)
        if source.kind != "seq" or not isinstance(source.items, list) or not 0 < len(source.items) <= _UNROLLED:
            return None
        items: list[Value] = []
        for item in source.items:
            inner = st.copy()
            self.bind(target, item, inner)
            items.append(self.evaluate(n[3], inner))
        return Value(kind="seq", items=items, may=union([source, *items]).may)
