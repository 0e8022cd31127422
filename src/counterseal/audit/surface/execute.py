"""Statements of the abstract machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from counterseal.audit.facts.python import ir
from counterseal.audit.surface.core import BUDGET
from counterseal.audit.surface.definitions import Define
from counterseal.audit.surface.flow import Raise, Return, Store
from counterseal.audit.surface.marks import mark
from counterseal.audit.surface.members import is_request
from counterseal.audit.surface.program import Cls
from counterseal.audit.surface.schema import is_relation
from counterseal.audit.surface.state import State, merge
from counterseal.audit.surface.values import ABSENT, NONE, NULL, UNKNOWN, Value, join, replace
from counterseal.audit.surface.vocabulary import NOT_PRODUCTION

_UNROLL = 40
"""Longest known sequence that a loop is executed for one by one."""


class Execute(Define):
    """How statements change the state."""

    def run_block(self, statements: Sequence[ir.Node], st: State) -> State:
        """Execute statements in order; stops where the state dies."""
        for statement in statements:
            self.steps += 1
            if self.steps > BUDGET:
                self.gave_up.add(f"more than {BUDGET} steps")
                return st
            st = _STATEMENTS[statement[0]](self, statement, st)
            if st.dead:
                return st
        return st

    # -- simple statements ----------------------------------------------------------------------------------------

    def _assign(self, n: ir.Node, st: State) -> State:
        value = self.evaluate(n[3], st)
        for target in n[2]:
            self.store(target, value, st, n[1])
        return st

    def _ann(self, n: ir.Node, st: State) -> State:
        if n[4] is not None:
            value = self.evaluate(n[4], st)
            if value.kind == "unknown" and not value.type:
                value = self.typed(value, self.annotation(n[3], st))
            if is_relation(value) and "0" not in value.items:
                value.items["0"] = self.related_type(self.annotation(n[3], st))
            self.store(n[2], value, st, n[1])
        elif n[2][0] == ir.NAME and n[2][2] not in st.vars:
            st.vars[n[2][2]] = self.typed(UNKNOWN, self.annotation(n[3], st))
        return st

    def _aug(self, n: ir.Node, st: State) -> State:
        target = n[2]
        value = self._bin((ir.BIN, n[1], n[3], target, n[4]), st)
        self.store(target, value, st, n[1])
        return st

    def store(self, target: ir.Node, value: Value, st: State, line: int) -> None:
        """Assign ``value`` to a target."""
        tag = target[0]
        if tag == ir.NAME:
            st.vars[target[2]] = replace(value, name=target[2]) if value.kind != "ext" and not value.name else value
        elif tag == ir.SEQ:
            self._unpack(target, value, st, line)
        elif tag == ir.STAR:
            self.store(target[2], value, st, line)
        elif tag == ir.ATTR:
            self.store_attribute(self.evaluate(target[2], st), target[3], value, st, line)
        elif tag == ir.SUB:
            base, key = self.evaluate(target[2], st), self.evaluate(target[3], st)
            self.store_item(base, key, value, st, line)

    def _unpack(self, target: ir.Node, value: Value, st: State, line: int) -> None:
        items = (
            value.items if value.kind == "seq" and isinstance(value.items, list) and len(value.items) == len(target[3]) else None
        )
        for i, t in enumerate(target[3]):
            part = items[i] if items else replace(value, kind="unknown", items=None, extra=None, const=UNKNOWN.const)
            self.store(t, part, st, line)

    def store_attribute(self, base: Value, name: str, value: Value, st: State, line: int, key: Value | None = None) -> None:
        """``base.name = value``."""
        self.events.append(Store(*self.common(st, line), base, name, value, key))
        if isinstance(base.items, dict) and base.kind in ("obj", "inst", "dict") and name != "*":
            base.items[name] = value
        if base.kind in ("func", "wrapped"):
            mark(base, name, value)
        elif base.kind == "cls" and name != "*":
            self.class_attrs(base.ref)[name] = value
            self.replaced.setdefault(base.ref, set()).add(name)
        if isinstance(base.ref, str):
            self.heap_used.add(f"{base.ref}.{name}")
            st.heap[f"{base.ref}.{name}"] = value

    def store_item(self, base: Value, key: Value, value: Value, st: State, line: int) -> None:
        """``base[key] = value``."""
        name = key.const if isinstance(key.const, str) else "*"
        self.events.append(Store(*self.common(st, line), base, name, value, key))
        if base.kind in ("dict", "config", "response") and isinstance(base.items, dict):
            if name == "*":
                base.items["**"] = join(base.items["**"], value) if "**" in base.items else value
            else:
                base.items[name] = replace(value, name=value.name or name)
        elif is_request(base) and name != "*":
            self.heap_used.add(f"{base.ref}[{name}]")
            st.heap[f"{base.ref}[{name}]"] = value

    def _expr(self, n: ir.Node, st: State) -> State:
        value = self.evaluate(n[2], st)
        if value.kind == "never":
            st.dead = True
        return st

    def _return(self, n: ir.Node, st: State) -> State:
        value = self.evaluate(n[2], st) if n[2] is not None else NULL
        if not st.dead:
            self.refused_often += status_of(value) == 429
            if value.kind != "never":
                self.frame.returns.append((value, st.facts, n[1], st.heap))
                self.emit_return(value, st, n[1])
            st.dead = True
        return st

    def emit_return(self, value: Value, st: State, line: int) -> None:
        """Record a return of the function that is analysed."""
        if self.frame.func is not None and self.frame.func == self.context.root:
            self.events.append(Return(*self.common(st, line), value, status_of(value)))

    def _raise(self, n: ir.Node, st: State) -> State:
        value = self.evaluate(n[2], st) if n[2] is not None else UNKNOWN
        self.emit_raise(value, st, n[1])
        st.dead = True
        return st

    def emit_raise(self, value: Value, st: State, line: int) -> None:
        """Record an exception."""
        name = (
            value.ref
            if isinstance(value.ref, str)
            else self.program.qualname(value.ref)
            if isinstance(value.ref, Cls)
            else value.name
        )
        status = value.item("status")
        message = value.item("message") or UNKNOWN
        code = status.const if status is not None and isinstance(status.const, int) else None
        self.refused_often += code == 429
        self.events.append(Raise(*self.common(st, line), str(name or ""), code, message))

    def _delete(self, n: ir.Node, st: State) -> State:
        for target in n[2]:
            if target[0] in (ir.ATTR, ir.SUB):
                self.evaluate(target[2], st)
        return st

    def _assert(self, n: ir.Node, st: State) -> State:
        # ``python -O`` removes it: it narrows types, but no fact rests on it.
        value = self.evaluate(n[2], st)
        facts = st.facts
        self.assume(n[2], True, st, value)
        st.facts = facts
        return st

    def _stop(self, n: ir.Node, st: State) -> State:
        st.dead = True
        self.loop_exits.append(st.copy())
        return st

    def _nothing(self, n: ir.Node, st: State) -> State:
        return st

    def _import(self, n: ir.Node, st: State) -> State:
        if self.frame.func is None and self.frame.cls is None:
            return st  # a module's imports are resolved through the program
        info = self.program.modules[self.frame.module]
        for local, target in n[2]:
            if local != "*":
                st.vars[local] = self.definition(self.program.dotted(self.program.absolute(info, target)), local)
        return st

    # -- definitions ----------------------------------------------------------------------------------------------

    # -- branches -------------------------------------------------------------------------------------------------

    def _if(self, n: ir.Node, st: State) -> State:
        value = self.evaluate(n[2], st)
        if st.dead:
            return st
        known = value.kind == "const" and (value.const is not None or value.extra == ABSENT)
        if known and not value.may and self.frame.func is not None:
            return self.run_block(n[3] if value.const else n[4], st)
        yes, no = st, st.copy()
        self.assume(n[2], True, yes, value)
        self.assume(n[2], False, no, value)
        refused = self.refused_often
        development = only_in_development(n[2], value)
        self.development += development
        yes = self.run_block(n[3], yes)
        self.development -= development
        refused_yes = self.refused_often - refused
        no = self.run_block(n[4], no)
        if yes.dead and refused_yes and not no.dead:
            self.establish(no, frozenset({"limit"}), n[1], "answers 429 when it is called too often")
        elif no.dead and self.refused_often - refused - refused_yes and not yes.dead:
            self.establish(yes, frozenset({"limit"}), n[1], "answers 429 when it is called too often")
        self.emit_branch(st, n[1], value, yes.dead != no.dead)
        if yes.dead and no.dead:
            return yes
        return merge(yes, no)

    def _match(self, n: ir.Node, st: State) -> State:
        subject = self.evaluate(n[2], st)
        result: State | None = None
        exhaustive = False
        for values, names, guard, body in n[3]:
            branch = st.copy()
            for name in names:
                branch.vars[name] = replace(subject, kind="unknown", items=None)
            for v in values:
                self.evaluate(v, branch)
            if guard is not None:
                self.assume(guard, True, branch, self.evaluate(guard, branch))
            exhaustive = exhaustive or (not values and guard is None)
            branch = self.run_block(body, branch)
            result = branch if result is None else merge(result, branch)
        if not exhaustive or result is None:
            result = st if result is None else merge(result, st)
        return result

    def _for(self, n: ir.Node, st: State) -> State:
        source = self.evaluate(n[3], st)
        if isinstance(source.items, list) and source.kind == "seq" and 0 < len(source.items) <= _UNROLL:
            return self._unrolled(n, source.items, st)
        if source.items == [] and source.kind == "seq" and self.frame.module in self.program.modelled:
            return self.run_block(n[5], st)
        element, _ = self.iterate(source, st, n[1])
        body = st.copy()
        self.bind(n[2], element, body)
        after = self._loop_body(n[4], body)
        merged = merge(st, after) if not after.dead else st
        return self.run_block(n[5], merged)

    def _loop_body(self, statements: Sequence[ir.Node], st: State) -> State:
        saved, self.loop_exits = self.loop_exits, []
        after = self.run_block(statements, st)
        for exit_ in self.loop_exits:
            exit_.dead = False
            after = merge(after, exit_)
        self.loop_exits = saved
        return after

    def _unrolled(self, n: ir.Node, items: list[Value], st: State) -> State:
        for item in items:
            self.bind(n[2], item, st)
            before = st.copy()
            st = self._loop_body(n[4], st)
            if st.dead:
                st = before
        return self.run_block(n[5], st)

    def _while(self, n: ir.Node, st: State) -> State:
        value = self.evaluate(n[2], st)
        endless = value.is_const and bool(value.const)
        body = st.copy()
        self.assume(n[2], True, body, value)
        after = self._loop_body(n[3], body)
        if endless:
            return after
        return self.run_block(n[4], merge(st, after) if not after.dead else st)

    def _with(self, n: ir.Node, st: State) -> State:
        for context, target in n[2]:
            value = self.evaluate(context, st)
            entered = self.enter(value, st, context[1])
            if target is not None:
                self.store(target, entered, st, context[1])
        return self.run_block(n[3], st)

    def enter(self, value: Value, st: State, line: int) -> Value:
        """What ``with value as x`` binds: the result of ``__enter__`` where the program defines it, else the value itself."""
        if value.kind == "obj" and isinstance(value.ref, Cls):
            for name in ("__enter__", "__aenter__"):
                method = self.program.method(value.ref, name)
                if method is not None:
                    return self.call(Value(kind="func", ref=method, extra=(), items=value), [], {}, st, line)
        return value

    def _try(self, n: ir.Node, st: State) -> State:
        entry = st.copy()
        after = self.run_block(n[2], st)
        if not after.dead:
            after = self.run_block(n[4], after)
        result = after
        for type_, name, body in n[3]:
            handler = entry.copy()
            handler.vars = {**after.vars, **entry.vars} if not after.dead else dict(entry.vars)
            for key, value in after.vars.items():
                handler.vars[key] = join(entry.vars[key], value) if key in entry.vars else replace(value, null=True, must=NONE)
            handler.facts = entry.facts
            if name:
                caught = self.evaluate(type_, handler) if type_ is not None else UNKNOWN
                label = frozenset({"error", "error:broad"} if _is_broad(type_) else {"error"})
                handler.vars[name] = Value(
                    kind="exc", ref=caught.ref, may=label, must=label, name=name, extra=self._caught(type_)
                )
            handler = self.run_block(body, handler)
            result = handler if result.dead else result if handler.dead else merge(result, handler)
        if n[5]:
            if result.dead:
                self.run_block(n[5], entry)
            else:
                result = self.run_block(n[5], result)
        return result

    def _caught(self, type_: Any) -> str:
        names = (
            [ir.dotted(t) or "" for t in (type_[3] if type_ is not None and type_[0] == ir.SEQ else (type_,))]
            if type_ is not None
            else []
        )
        return ",".join(names)


def only_in_development(test: ir.Node, value: Value) -> bool:
    """Whether a condition holds only where a setting says so: ``settings.ENV == "development"``, ``app.debug``."""
    if test[0] == ir.CMP and len(test[3]) == 1 and test[3][0][0] in ("==", "in", "is"):
        sides = (test[2], test[3][0][1])
        words = [w[2] for side in sides for w in (side[3] if side[0] == ir.SEQ else (side,)) if w[0] == ir.CONST]
        named = [w[3] for w in sides if w[0] == ir.ATTR]
        return bool(words or named) and all(
            isinstance(w, str) and NOT_PRODUCTION.match(w) for w in [*words, *(named if not words else [])]
        )
    name = (ir.dotted(test) or "").rpartition(".")[2]
    return bool(name) and name.lower() in ("debug", "development", "testing", "is_dev", "is_development", "dev_mode")


def _is_broad(type_: Any) -> bool:
    """Whether a handler catches everything."""
    types = type_[3] if type_ is not None and type_[0] == ir.SEQ else (type_,)
    return any(t is None or ir.dotted(t) in ("Exception", "BaseException") for t in types)


def status_of(value: Value) -> int | None:
    """The HTTP status that an answer states."""
    status = value.item("status")
    if status is None and value.kind == "seq" and isinstance(value.items, list) and len(value.items) >= 2:
        inner = value.items[0].item("status") if value.items[0].kind == "response" else None
        status = value.items[1] if isinstance(value.items[1].const, int) else inner
    return status.const if status is not None and isinstance(status.const, int) and not isinstance(status.const, bool) else None


_STATEMENTS: Mapping[str, Callable[[Execute, ir.Node, State], State]] = {
    ir.ASSIGN: Execute._assign,
    ir.ANN: Execute._ann,
    ir.AUG: Execute._aug,
    ir.EXPR: Execute._expr,
    ir.RETURN: Execute._return,
    ir.RAISE: Execute._raise,
    ir.IF: Execute._if,
    ir.FOR: Execute._for,
    ir.WHILE: Execute._while,
    ir.TRY: Execute._try,
    ir.WITH: Execute._with,
    ir.DEL: Execute._delete,
    ir.ASSERT: Execute._assert,
    ir.BREAK: Execute._stop,
    ir.CONTINUE: Execute._stop,
    ir.PASS: Execute._nothing,
    ir.GLOBAL: Execute._nothing,
    ir.DEF: Execute._def,
    ir.CLASS: Execute._class,
    ir.IMPORT: Execute._import,
    ir.MATCH: Execute._match,
}
