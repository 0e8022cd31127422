"""Definitions of functions and classes, with their decorators."""

from __future__ import annotations

from counterseal.audit.facts.python import ir
from counterseal.audit.surface.annotations import Annotate
from counterseal.audit.surface.program import Cls, Func
from counterseal.audit.surface.state import State
from counterseal.audit.surface.values import Value, replace
from counterseal.audit.surface.vocabulary import GUARD_NAME


class Define(Annotate):
    """How definitions bind names."""

    def _def(self, n: ir.Node, st: State) -> State:
        ref = Func(self.frame.module, n[2])
        item = self.program.function(ref)
        value = self.function_value(ref, st)
        registered = False
        for decorator in reversed(item.decorators):
            before = len(self.registrations)
            inner, value = value, self._decorate(decorator, value, st)
            if registered and value is not inner:
                self.late_decorators.append(
                    (
                        ref,
                        self.place(decorator[1]),
                        ir.dotted(decorator[2] if decorator[0] == ir.CALL else decorator) or "?",
                        decorator,
                    )
                )
            registered = registered or any(r.kind in ("route", "websocket") for r in self.registrations[before:])
        st.vars[item.name] = value
        return st

    def _decorate(self, decorator: ir.Node, value: Value, st: State) -> Value:
        applied = self.evaluate(decorator, st)
        facts, dead = st.facts, st.dead
        result = self.call(applied, [value], {}, st, decorator[1])
        st.facts, st.dead = facts, dead
        if result.kind in ("func", "cls", "inst", "obj", "lambda", "wrapped", "route-item") and result is not value:
            if result.kind == "func" and not result.site:
                result = replace(result, site=value.site or f"{value.ref}", name=value.name)
            return result
        if result is not value and value.kind in ("func", "wrapped"):
            return self.behind_unknown(value, decorator, decorator[1])
        return value

    def behind_unknown(self, value: Value, decorator: ir.Node, line: int) -> Value:
        """A function behind a decorator that no library file describes: if it is called like a guard, there may be one."""
        name = ir.dotted(decorator[2] if decorator[0] == ir.CALL else decorator) or ""
        if not GUARD_NAME.search(name):
            return value
        why = f"{name} stands before it; what it checks is not known"
        return Value(
            kind="wrapped",
            ref=value.ref,
            extra=(value, frozenset({"opaque-guard"}), self.place(line), why),
            site=value.site or str(value.ref),
            name=value.name,
        )

    def _class(self, n: ir.Node, st: State) -> State:
        ref = Cls(self.frame.module, n[2])
        item = self.program.cls(ref)
        value = Value(kind="cls", ref=ref, name=item.name)
        for decorator in reversed(item.decorators):
            value = self._decorate(decorator, value, st)
        st.vars[item.name] = value
        self.class_attrs(ref)
        return st
