"""Expressions of the abstract machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from counterseal.audit.facts.python import ir
from counterseal.audit.surface.compare import compared, facts_of, folded
from counterseal.audit.surface.comprehension import Comprehend
from counterseal.audit.surface.program import Func
from counterseal.audit.surface.state import State, merge_facts
from counterseal.audit.surface.templates import PERCENT, filled
from counterseal.audit.surface.values import (
    NO_CONST,
    NONE,
    NULL,
    UNKNOWN,
    Condition,
    Value,
    common,
    const,
    join,
    replace,
    union,
)

_EMITTED = {"==", "!=", "<", "<=", ">", ">="}
_ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "**": lambda a, b: a**b,
}
_BIGGEST_NUMBER = 2**63
_BIGGEST_EXPONENT = 64
_LONGEST_TEXT = 20_000


class Evaluate(Comprehend):
    """How expressions become values."""

    def evaluate(self, node: Any, st: State) -> Value:
        """The value of an expression; nothing for ``None``."""
        if node is None:
            return UNKNOWN
        return _EXPRESSIONS[node[0]](self, node, st)

    # -- leaves ---------------------------------------------------------------------------------------------------

    def _const(self, n: ir.Node, st: State) -> Value:
        return NULL if n[2] is None else constant(n[2])

    def _name(self, n: ir.Node, st: State) -> Value:
        found = st.vars.get(n[2])
        return found if found is not None else self.name(n[2], st)

    def _attr(self, n: ir.Node, st: State) -> Value:
        base = n[2]
        return self.attribute(_EXPRESSIONS[base[0]](self, base, st), n[3], st, n[1])

    # -- calls ----------------------------------------------------------------------------------------------------

    def _call(self, n: ir.Node, st: State) -> Value:
        callee = n[2]
        target = _EXPRESSIONS[callee[0]](self, callee, st)
        args: list[Value] = []
        for a in n[3]:
            value = _EXPRESSIONS[a[0]](self, a, st)
            if a[0] == ir.STAR:
                known = value.kind == "seq" and isinstance(value.items, list)
                args.extend(value.items if known else [value if value.kind == "cond" else replace(value, kind="unknown")])
            else:
                args.append(value)
        kwargs: dict[str, Value] = {}
        for name, a in n[4]:
            value = _EXPRESSIONS[a[0]](self, a, st)
            if name is not None:
                kwargs[name] = value
            elif isinstance(value.items, dict):
                kwargs = {**{k: v for k, v in value.items.items() if isinstance(v, Value)}, **kwargs}
                if value.extra == "open":
                    kwargs["**"] = value
            else:
                kwargs["**"] = value
        return self.call(target, args, kwargs, st, n[1], n[5])

    # -- structure ------------------------------------------------------------------------------------------------

    def _fstr(self, n: ir.Node, st: State) -> Value:
        return self.text([self.evaluate(part, st) for part in n[2]])

    def text(self, parts: list[Value]) -> Value:
        """A string made of ``parts``: ``items`` keeps the template, constants and values in order."""
        flat: list[Any] = []
        for part in parts:
            inner = (
                part.items if part.kind == "text" and isinstance(part.items, list) else [part.const if part.is_const else part]
            )
            for piece in inner:
                if not isinstance(piece, Value):
                    piece = str(piece)
                    if flat and isinstance(flat[-1], str):
                        flat[-1] += piece
                        continue
                flat.append(piece)
        self.note_volatile(parts[0] if parts else None, *parts)
        values = [p for p in flat if isinstance(p, Value)]
        if not values:
            whole = replace(const("".join(flat)[:_LONGEST_TEXT]), may=union(parts).may)
            return whole if not _has_env(parts) else replace(whole, kind="text", const=NO_CONST, items=flat, null=False)
        must = values[0].must if len(values) == 1 else NONE
        return Value(kind="text", items=flat, may=union(values).may, must=must, type="str")

    def _bin(self, n: ir.Node, st: State) -> Value:
        left, right, op = self.evaluate(n[3], st), self.evaluate(n[4], st), n[2]
        if op in ("&", "|") and left.kind == "cond" and right.kind == "cond":
            return self.combine([left, right], alternative=op == "|")
        if op == "|" and (left.kind in ("cls", "ext") or right.kind in ("cls", "ext")):
            return left if left.kind == "cls" else right  # a union of types
        if left.is_const and right.is_const and op in _ARITHMETIC:
            folded = _fold(op, left.const, right.const)
            if folded is not NO_CONST:
                return replace(const(folded), may=left.may | right.may)
        if op == "+" and left.kind == right.kind == "contract":
            return replace(left, items=[*left.items, *right.items])
        if op == "+" and (_texty(left) or _texty(right)):
            return self.text([left, right])
        if op == "%" and (left.kind == "text" or isinstance(left.const, str)):
            values = right.items if isinstance(right.items, list) and right.kind == "seq" else [right]
            return self.text(filled(left, PERCENT, values, right.items if isinstance(right.items, dict) else {}))
        if op == "+" and left.kind == right.kind == "cond":
            return self.combine([left, right], alternative=False)
        if op == "+" and left.kind == right.kind == "seq" and isinstance(left.items, list) and isinstance(right.items, list):
            return Value(kind="seq", items=[*left.items, *right.items], may=left.may | right.may)
        return Value(
            may=left.may | right.may,
            must=left.must & right.must,
            type=left.type if left.type == right.type else "",
            name=left.name,
        )

    def combine(self, conditions: list[Value], *, alternative: bool) -> Value:
        """Conditions of a query joined by AND or OR."""
        parts = [replace_alternative(c, alternative) for v in conditions for c in (v.items or ())]
        return Value(kind="cond", items=parts, may=union(conditions).may)

    def _bool(self, n: ir.Node, st: State) -> Value:
        is_and = n[2] == "and"
        result = self.evaluate(n[3][0], st)
        current = st
        for operand in n[3][1:]:
            branch = current.copy()
            self.assume(n[3][0] if current is st else operand, is_and, branch, result)
            value = self.evaluate(operand, branch)
            st.heap.update(branch.heap)
            for name, bound in branch.vars.items():
                st.vars.setdefault(name, bound)  # walrus targets
            result = _and(result, value) if is_and else _or(result, value)
        return result

    def _not(self, n: ir.Node, st: State) -> Value:
        value = self.evaluate(n[2], st)
        if value.kind == "cond":
            return value
        true, false = facts_of(value)
        folded = const(not value.const) if value.is_const and not value.may else UNKNOWN
        return replace(folded, may=value.may, must=NONE, true=false, false=true, type="bool", null=True)

    def _un(self, n: ir.Node, st: State) -> Value:
        value = self.evaluate(n[3], st)
        if n[2] == "-" and isinstance(value.const, int | float):
            return const(-value.const)
        return self.combine([value], alternative=True) if value.kind == "cond" else replace(value, const=NO_CONST, kind="unknown")

    def _cmp(self, n: ir.Node, st: State) -> Value:
        left = self.evaluate(n[2], st)
        results = []
        for op, right_node in n[3]:
            right = self.evaluate(right_node, st)
            if left.kind == "column" or right.kind == "column":
                column, other = (left, right) if left.kind == "column" else (right, left)
                return self.condition(column, op, other)
            if op in _EMITTED:
                self.emit_compare(st, n[1], op, left, right)
            if op in ("in", "not in") and right.ref == "flask.g" and left.is_const:
                # ``g`` is empty when a request starts: it holds what hooks and guards have stored.
                results.append(const((self.shared(st, f"flask.g.{left.const}") is not None) == (op == "in")))
                continue
            inline = right_node[0] == ir.CONST or n[2][0] == ir.CONST
            known = folded(op, left, right)
            self.note_volatile(known, left, right)
            results.append(known or compared(op, left, right, inline))
            left = right
        result = results[0]
        for other in results[1:]:
            result = _and(result, other)
        return result

    def condition(self, column: Value, op: str, other: Value) -> Value:
        """``Model.column OP other`` as part of a query."""
        # A comparison of two columns joins tables; it narrows nothing by itself.
        items = [] if other.kind == "column" else [Condition(column.name, op, other)]
        return Value(kind="cond", items=items, may=other.may, ref=column.ref)

    def _dict(self, n: ir.Node, st: State) -> Value:
        items: dict[str, Value] = {}
        open_ = False
        may: set[str] = set()
        for k, v in zip(n[2], n[3], strict=True):
            value = self.evaluate(v, st)
            may |= value.may
            key = self.evaluate(k, st) if k is not None else None
            if key is not None and isinstance(key.const, str):
                items[key.const] = replace(value, name=value.name or key.const)
            elif key is None and isinstance(value.items, dict):
                items.update(value.items)
                open_ = open_ or value.extra == "open"
            else:
                open_ = True
                if key is None and value.may:
                    items["**"] = value
        must = common(items.values()) if not open_ else NONE
        null = not items and not open_
        return Value(kind="dict", items=items, may=frozenset(may), must=must, null=null, extra="open" if open_ else None)

    def _seq(self, n: ir.Node, st: State) -> Value:
        items: list[Value] = []
        for e in n[3]:
            value = self.evaluate(e[2] if e[0] == ir.STAR else e, st)
            if e[0] == ir.STAR:
                items.extend(value.items if value.kind == "seq" and isinstance(value.items, list) else [value])
            else:
                items.append(value)
        if items and all(i.kind == "cond" for i in items):
            return self.combine(items, alternative=False)
        return Value(kind="seq", items=items, may=union(items).may, null=not items, name=n[2])

    def _ifexp(self, n: ir.Node, st: State) -> Value:
        test = self.evaluate(n[2], st)
        if test.kind == "const" and not test.may:
            return self.evaluate(n[3] if test.const else n[4], st)
        yes, no = st.copy(), st.copy()
        self.assume(n[2], True, yes, test)
        self.assume(n[2], False, no, test)
        return join(self.evaluate(n[3], yes), self.evaluate(n[4], no))

    def _lambda(self, n: ir.Node, st: State) -> Value:
        return Value(kind="lambda", ref=n, extra=(dict(st.vars), self.frame))

    def _yield(self, n: ir.Node, st: State) -> Value:
        value = self.evaluate(n[2], st) if n[2] is not None else NULL
        self.frame.returns.append((replace(value, extra=value.extra), st.facts, n[1], dict(st.heap)))
        return UNKNOWN

    def _walrus(self, n: ir.Node, st: State) -> Value:
        value = self.evaluate(n[3], st)
        st.vars[n[2]] = value
        return value

    def _star(self, n: ir.Node, st: State) -> Value:
        return self.evaluate(n[2], st)

    def _slice(self, n: ir.Node, st: State) -> Value:
        for bound in n[2:5]:
            if bound is not None:
                self.evaluate(bound, st)
        return UNKNOWN

    def function_value(self, ref: Func, st: State | None) -> Value:
        """A function as a value; one that is defined inside another remembers the variables around it."""
        item = self.program.function(ref)
        closure: tuple[dict[str, Value], ...] = ()
        if st is not None and item.parent >= 0:
            closure = (st.vars, *self.frame.closure)
        return Value(kind="func", ref=ref, name=item.name, extra=closure)


@lru_cache(maxsize=100_000, typed=True)  # typed: 1 == True
def constant(value: Any) -> Value:
    """A constant of the code."""
    return const(value)


def replace_alternative(condition: Condition, alternative: bool) -> Condition:
    """The condition as part of an OR, if it is one."""
    return replace(condition, alternative=condition.alternative or alternative)


def _has_env(parts: list[Value]) -> bool:
    return any(label.startswith("env:") for p in parts for label in p.may)


def _texty(v: Value) -> bool:
    return v.kind == "text" or isinstance(v.const, str)


def _fold(op: str, a: Any, b: Any) -> Any:
    numbers = isinstance(a, int | float) and isinstance(b, int | float)
    if numbers and (abs(a) > _BIGGEST_NUMBER or abs(b) > _BIGGEST_NUMBER or (op == "**" and abs(b) > _BIGGEST_EXPONENT)):
        return NO_CONST
    if not numbers and not (op == "+" and isinstance(a, str) and isinstance(b, str)):
        return NO_CONST
    try:
        return _ARITHMETIC[op](a, b)
    except (ZeroDivisionError, OverflowError):
        return NO_CONST


def _and(a: Value, b: Value) -> Value:
    if a.kind == "const" and not a.may:
        return b if a.const else a
    ta, fa = facts_of(a)
    tb, fb = facts_of(b)
    return Value(
        may=a.may | b.may,
        must=b.must,
        null=True,
        true=ta | tb,
        false=merge_facts(fa, ta | fb),
        name=b.name,
        kind=b.kind,
        type=b.type if a.type == b.type else "",
        ref=b.ref,
        items=b.items,
        extra=b.extra,
    )


def _or(a: Value, b: Value) -> Value:
    if a.kind == "const" and not a.may:
        return a if a.const else b
    ta, fa = facts_of(a)
    tb, fb = facts_of(b)
    if b.null and not b.may and (b.kind == "const" or not b.items) and a.may and a.kind != "const":
        # ``body or {}``: the fallback is empty, what is in the result comes from the first.
        return replace(a, null=True, true=ta, false=fa | fb)
    joined = join(a.nonnull(), b) if a.kind != "const" or a.const else b
    if a.may and any(x.startswith("env:") for x in a.may) and b.is_const:
        joined = replace(b, may=a.may | b.may, name=a.name or b.name)
    return replace(joined, null=b.null, true=merge_facts(ta, fa | tb), false=fa | fb, may=a.may | b.may)


_EXPRESSIONS: Mapping[str, Callable[[Evaluate, ir.Node, State], Value]] = {
    ir.CONST: Evaluate._const,
    ir.NAME: Evaluate._name,
    ir.ATTR: Evaluate._attr,
    ir.CALL: Evaluate._call,
    ir.SUB: Evaluate._sub,
    ir.FSTR: Evaluate._fstr,
    ir.BIN: Evaluate._bin,
    ir.BOOL: Evaluate._bool,
    ir.NOT: Evaluate._not,
    ir.UN: Evaluate._un,
    ir.CMP: Evaluate._cmp,
    ir.DICT: Evaluate._dict,
    ir.SEQ: Evaluate._seq,
    ir.IFEXP: Evaluate._ifexp,
    ir.LAMBDA: Evaluate._lambda,
    ir.COMP: Evaluate._comp,
    ir.YIELD: Evaluate._yield,
    ir.WALRUS: Evaluate._walrus,
    ir.STAR: Evaluate._star,
    ir.SLICE: Evaluate._slice,
}
