"""Expressions of a syntax tree -> the tuples of `counterseal.audit.facts.python.ir`."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from typing import Any

Node = tuple[Any, ...]
_LONGEST_STRING = 20_000
_intern = sys.intern

BIN_OPS = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.BitAnd: "&",
    ast.FloorDiv: "//",
    ast.MatMult: "@",
}
_CMP_OPS = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}
_UN_OPS = {ast.UAdd: "+", ast.USub: "-", ast.Invert: "~"}


class Collected:
    """What one file defines, gathered while its tree is lowered."""

    def __init__(self) -> None:
        self.functions: list[Any] = []
        self.classes: list[Any] = []
        self.imports: list[tuple[str, str, int, bool]] = []
        self.strings: list[tuple[int, str, str]] = []
        self.calls: dict[str, None] = {}
        self.rebound: dict[str, None] = {}
        self.generator = False
        self.scope: list[str] = []
        self.class_index = -1
        self.parent = -1


def expr(c: Collected, node: Any) -> Any:
    """Lower one expression; ``None`` stays ``None``."""
    return None if node is None else _EXPR[type(node)](c, node)


def _const(c: Collected, n: ast.Constant) -> Node:
    value = n.value
    if type(value) is str and len(value) > _LONGEST_STRING:
        value = value[:_LONGEST_STRING]
    return ("const", n.lineno, value)


def _name(c: Collected, n: ast.Name) -> Node:
    return ("name", n.lineno, n.id)


def _attr(c: Collected, n: ast.Attribute) -> Node:
    value = n.value
    return ("attr", n.end_lineno, _EXPR[type(value)](c, value), n.attr)


def _call(c: Collected, n: ast.Call) -> Node:
    func = n.func
    kind = type(func)
    if kind is ast.Name:
        c.calls[func.id] = None  # type: ignore[attr-defined]
    elif kind is ast.Attribute:
        c.calls[_callee(func)] = None  # type: ignore[arg-type]
    keywords: tuple[Any, ...] = ()
    if n.keywords:
        pairs = []
        for k in n.keywords:
            v = k.value
            if k.arg is not None and type(v) is ast.Constant and type(v.value) is str:
                c.strings.append((v.lineno, k.arg, v.value[:500]))
            pairs.append((k.arg, _EXPR[type(v)](c, v)))
        keywords = tuple(pairs)
    return ("call", n.lineno, _EXPR[kind](c, func), tuple([_EXPR[type(a)](c, a) for a in n.args]), keywords, n.end_lineno)


def _callee(node: ast.Attribute) -> str:
    parts = [node.attr]
    base: ast.expr = node.value
    while type(base) is ast.Attribute:
        parts.append(base.attr)
        base = base.value
    if type(base) is ast.Name:
        parts.append(base.id)
        parts.reverse()
        return _intern(".".join(parts))
    return _intern("." + node.attr)


def _sub(c: Collected, n: ast.Subscript) -> Node:
    return ("sub", n.lineno, expr(c, n.value), expr(c, n.slice))


def _joined(c: Collected, n: ast.JoinedStr) -> Node:
    return ("fstr", n.lineno, tuple([_EXPR[type(v)](c, v) for v in n.values]))


def _formatted(c: Collected, n: ast.FormattedValue) -> Any:
    return expr(c, n.value)


def _bin(c: Collected, n: ast.BinOp) -> Node:
    # A long ``a + b + c`` nests to the left: walk it without recursion.
    chain: list[ast.BinOp] = [n]
    left: ast.expr = n.left
    while type(left) is ast.BinOp:
        chain.append(left)
        left = left.left
    result = _EXPR[type(left)](c, left)
    for part in reversed(chain):
        result = ("bin", part.lineno, BIN_OPS[type(part.op)], result, _EXPR[type(part.right)](c, part.right))
    return result  # type: ignore[no-any-return]


def _bool(c: Collected, n: ast.BoolOp) -> Node:
    return ("bool", n.lineno, "and" if type(n.op) is ast.And else "or", tuple([_EXPR[type(v)](c, v) for v in n.values]))


def _unary(c: Collected, n: ast.UnaryOp) -> Node:
    if type(n.op) is ast.Not:
        return ("not", n.lineno, expr(c, n.operand))
    return ("un", n.lineno, _UN_OPS[type(n.op)], expr(c, n.operand))


def _compare(c: Collected, n: ast.Compare) -> Node:
    pairs = tuple([(_CMP_OPS[type(op)], _EXPR[type(r)](c, r)) for op, r in zip(n.ops, n.comparators, strict=True)])
    return ("cmp", n.lineno, expr(c, n.left), pairs)


def _dict(c: Collected, n: ast.Dict) -> Node:
    for k, v in zip(n.keys, n.values, strict=True):
        if type(k) is ast.Constant and type(v) is ast.Constant and type(k.value) is str and type(v.value) is str:
            c.strings.append((v.lineno, k.value[:100], v.value[:500]))
    keys = tuple([None if k is None else _EXPR[type(k)](c, k) for k in n.keys])
    return ("dict", n.lineno, keys, tuple([_EXPR[type(v)](c, v) for v in n.values]))


def _list(c: Collected, n: ast.List) -> Node:
    return ("seq", n.lineno, "list", tuple([_EXPR[type(e)](c, e) for e in n.elts]))


def _tuple(c: Collected, n: ast.Tuple) -> Node:
    return ("seq", n.lineno, "tuple", tuple([_EXPR[type(e)](c, e) for e in n.elts]))


def _set(c: Collected, n: ast.Set) -> Node:
    return ("seq", n.lineno, "set", tuple([_EXPR[type(e)](c, e) for e in n.elts]))


def _ifexp(c: Collected, n: ast.IfExp) -> Node:
    return ("ifexp", n.lineno, expr(c, n.test), expr(c, n.body), expr(c, n.orelse))


def _lambda(c: Collected, n: ast.Lambda) -> Node:
    return ("lambda", n.lineno, params(c, n.args), expr(c, n.body))


def _generators(c: Collected, generators: list[ast.comprehension]) -> tuple[Node, ...]:
    return tuple([(expr(c, g.target), expr(c, g.iter), tuple([expr(c, i) for i in g.ifs])) for g in generators])


def _comp(kind: str) -> Callable[[Collected, Any], Node]:
    def lower(c: Collected, n: Any) -> Node:
        return ("comp", n.lineno, kind, expr(c, n.elt), None, _generators(c, n.generators))

    return lower


def _dictcomp(c: Collected, n: ast.DictComp) -> Node:
    return ("comp", n.lineno, "dict", expr(c, n.key), expr(c, n.value), _generators(c, n.generators))


def _await(c: Collected, n: ast.Await) -> Any:
    return expr(c, n.value)


def _yield(c: Collected, n: Any) -> Node:
    c.generator = True
    return ("yield", n.lineno, expr(c, n.value))


def _walrus(c: Collected, n: ast.NamedExpr) -> Node:
    return ("walrus", n.lineno, n.target.id, expr(c, n.value))


def _star(c: Collected, n: ast.Starred) -> Node:
    return ("star", n.lineno, expr(c, n.value))


def _slice(c: Collected, n: ast.Slice) -> Node:
    return ("slice", n.lineno, expr(c, n.lower), expr(c, n.upper), expr(c, n.step))


_EXPR: dict[type, Callable[[Collected, Any], Any]] = {
    ast.Constant: _const,
    ast.Name: _name,
    ast.Attribute: _attr,
    ast.Call: _call,
    ast.Subscript: _sub,
    ast.JoinedStr: _joined,
    ast.FormattedValue: _formatted,
    ast.BinOp: _bin,
    ast.BoolOp: _bool,
    ast.UnaryOp: _unary,
    ast.Compare: _compare,
    ast.Dict: _dict,
    ast.List: _list,
    ast.Tuple: _tuple,
    ast.Set: _set,
    ast.IfExp: _ifexp,
    ast.Lambda: _lambda,
    ast.ListComp: _comp("list"),
    ast.SetComp: _comp("set"),
    ast.GeneratorExp: _comp("generator"),
    ast.DictComp: _dictcomp,
    ast.Await: _await,
    ast.Yield: _yield,
    ast.YieldFrom: _yield,
    ast.NamedExpr: _walrus,
    ast.Starred: _star,
    ast.Slice: _slice,
}


def params(c: Collected, a: ast.arguments) -> tuple[Any, ...]:
    """Lower the parameters of a function: (name, annotation, default, kind)."""
    out: list[Any] = []
    positional = [*a.posonlyargs, *a.args]
    missing = len(positional) - len(a.defaults)
    for i, p in enumerate(positional):
        default = a.defaults[i - missing] if i >= missing else None
        out.append((p.arg, expr(c, p.annotation), _default(c, p.arg, default), 0))
    if a.vararg:
        out.append((a.vararg.arg, expr(c, a.vararg.annotation), None, 2))
    for p, d in zip(a.kwonlyargs, a.kw_defaults, strict=True):
        out.append((p.arg, expr(c, p.annotation), _default(c, p.arg, d), 1))
    if a.kwarg:
        out.append((a.kwarg.arg, expr(c, a.kwarg.annotation), None, 3))
    return tuple(out)


def _default(c: Collected, name: str, node: ast.expr | None) -> Any:
    if type(node) is ast.Constant and type(node.value) is str:
        c.strings.append((node.lineno, name, node.value[:500]))
    return expr(c, node)
