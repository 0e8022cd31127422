"""What is known once a condition has been decided."""

from __future__ import annotations

from counterseal.audit.facts.python import ir
from counterseal.audit.surface.compare import facts_of
from counterseal.audit.surface.core import Core
from counterseal.audit.surface.state import State
from counterseal.audit.surface.values import NULL, Value, replace


class Narrow(Core):
    """How a decided condition adds facts and narrows variables."""

    def assume(self, test: ir.Node, truth: bool, st: State, value: Value) -> None:
        """Continue in the world where ``test`` (whose value is ``value``) is ``truth``: facts are added, variables narrowed."""
        true, false = facts_of(value)
        facts = true if truth else false
        if facts:
            self.establish(st, facts, test[1], "checked here, and refused otherwise")
        self._narrow(test, truth, st)

    def _narrow(self, test: ir.Node, truth: bool, st: State) -> None:
        tag = test[0]
        if tag == ir.NOT:
            self._narrow(test[2], not truth, st)
        elif tag == ir.BOOL:
            if (test[2] == "and") == truth:
                for part in test[3]:
                    self._narrow(part, truth, st)
        elif tag == ir.NAME or tag == ir.WALRUS:
            self._narrow_name(test[2], truth, st)
        elif tag == ir.CMP and len(test[3]) == 1:
            op, right = test[3][0]
            if right[0] == ir.CONST and right[2] is None and test[2][0] in (ir.NAME, ir.WALRUS):
                self._narrow_name(test[2][2], (op in ("is not", "!=")) == truth, st)
            elif (
                (op == "in") == truth
                and op in ("in", "not in")
                and test[2][0] == ir.NAME
                and right[0] in (ir.NAME, ir.SEQ, ir.ATTR)
            ):
                self._narrow_listed(test[2][2], self.evaluate(right, st), st)
        elif tag == ir.ATTR:
            self._narrow_path(test, truth, st)

    def _narrow_name(self, name: str, present: bool, st: State) -> None:
        value = st.vars.get(name)
        if value is None:
            return
        if present:
            st.vars[name] = value.nonnull()
        elif value.null and value.kind != "const":
            st.vars[name] = replace(NULL, may=value.may)

    def _narrow_listed(self, name: str, allowed: Value, st: State) -> None:
        value = st.vars.get(name)
        known = (isinstance(allowed.items, list) and all(v.is_const for v in allowed.items)) or (
            allowed.kind == "dict" and allowed.extra != "open"
        )
        if value is not None and allowed.kind in ("seq", "dict") and known and not value.is_const:
            st.vars[name] = replace(value, may=value.may | {"listed"})

    def _narrow_path(self, test: ir.Node, truth: bool, st: State) -> None:
        name = ir.dotted(test)
        if name and truth:
            base = self.evaluate(test[2], st)
            key = f"{base.ref}.{test[3]}"
            known = self.shared(st, key) if isinstance(base.ref, str) else None
            if known is not None:
                st.heap[key] = known.nonnull()
