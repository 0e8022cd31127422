"""Syntax tree -> the tuples of `counterseal.audit.facts.python.ir`. One pass, no knowledge of any library."""

from __future__ import annotations

import ast
import marshal
import sys
from collections.abc import Callable
from typing import Any

from counterseal.audit.facts.python import ir

Node = tuple[Any, ...]
_LONGEST_STRING = 20_000
_intern = sys.intern

_BIN_OPS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Mod: "%", ast.Pow: "**", ast.LShift: "<<", ast.RShift: ">>",
    ast.BitOr: "|", ast.BitXor: "^", ast.BitAnd: "&", ast.FloorDiv: "//", ast.MatMult: "@",
}  # fmt: skip
_CMP_OPS = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
_UN_OPS = {ast.UAdd: "+", ast.USub: "-", ast.Invert: "~"}


class Lowering:
    """Collects what one file defines while its tree is lowered."""

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

    def body(self, statements: list[ast.stmt]) -> tuple[Node, ...]:
        """Lower a block."""
        return tuple([_STMT[type(s)](self, s) for s in statements])


def expr(c: Lowering, node: Any) -> Any:
    """Lower one expression; ``None`` stays ``None``."""
    return None if node is None else _EXPR[type(node)](c, node)


def _const(c: Lowering, n: ast.Constant) -> Node:
    value = n.value
    if type(value) is str and len(value) > _LONGEST_STRING:
        value = value[:_LONGEST_STRING]
    return ("const", n.lineno, value)


def _name(c: Lowering, n: ast.Name) -> Node:
    return ("name", n.lineno, n.id)


def _attr(c: Lowering, n: ast.Attribute) -> Node:
    value = n.value
    return ("attr", n.end_lineno, _EXPR[type(value)](c, value), n.attr)


def _call(c: Lowering, n: ast.Call) -> Node:
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


def _sub(c: Lowering, n: ast.Subscript) -> Node:
    return ("sub", n.lineno, expr(c, n.value), expr(c, n.slice))


def _joined(c: Lowering, n: ast.JoinedStr) -> Node:
    return ("fstr", n.lineno, tuple([_EXPR[type(v)](c, v) for v in n.values]))


def _formatted(c: Lowering, n: ast.FormattedValue) -> Any:
    return expr(c, n.value)


def _bin(c: Lowering, n: ast.BinOp) -> Node:
    # A long ``a + b + c`` nests to the left: walk it without recursion.
    chain: list[ast.BinOp] = [n]
    left: ast.expr = n.left
    while type(left) is ast.BinOp:
        chain.append(left)
        left = left.left
    result = _EXPR[type(left)](c, left)
    for part in reversed(chain):
        result = ("bin", part.lineno, _BIN_OPS[type(part.op)], result, _EXPR[type(part.right)](c, part.right))
    return result  # type: ignore[no-any-return]


def _bool(c: Lowering, n: ast.BoolOp) -> Node:
    return ("bool", n.lineno, "and" if type(n.op) is ast.And else "or", tuple([_EXPR[type(v)](c, v) for v in n.values]))


def _unary(c: Lowering, n: ast.UnaryOp) -> Node:
    if type(n.op) is ast.Not:
        return ("not", n.lineno, expr(c, n.operand))
    return ("un", n.lineno, _UN_OPS[type(n.op)], expr(c, n.operand))


def _compare(c: Lowering, n: ast.Compare) -> Node:
    pairs = tuple([(_CMP_OPS[type(op)], _EXPR[type(r)](c, r)) for op, r in zip(n.ops, n.comparators, strict=True)])
    return ("cmp", n.lineno, expr(c, n.left), pairs)


def _dict(c: Lowering, n: ast.Dict) -> Node:
    for k, v in zip(n.keys, n.values, strict=True):
        if type(k) is ast.Constant and type(v) is ast.Constant and type(k.value) is str and type(v.value) is str:
            c.strings.append((v.lineno, k.value[:100], v.value[:500]))
    keys = tuple([None if k is None else _EXPR[type(k)](c, k) for k in n.keys])
    return ("dict", n.lineno, keys, tuple([_EXPR[type(v)](c, v) for v in n.values]))


def _list(c: Lowering, n: ast.List) -> Node:
    return ("seq", n.lineno, "list", tuple([_EXPR[type(e)](c, e) for e in n.elts]))


def _tuple(c: Lowering, n: ast.Tuple) -> Node:
    return ("seq", n.lineno, "tuple", tuple([_EXPR[type(e)](c, e) for e in n.elts]))


def _set(c: Lowering, n: ast.Set) -> Node:
    return ("seq", n.lineno, "set", tuple([_EXPR[type(e)](c, e) for e in n.elts]))


def _ifexp(c: Lowering, n: ast.IfExp) -> Node:
    return ("ifexp", n.lineno, expr(c, n.test), expr(c, n.body), expr(c, n.orelse))


def _lambda(c: Lowering, n: ast.Lambda) -> Node:
    return ("lambda", n.lineno, _params(c, n.args), expr(c, n.body))


def _generators(c: Lowering, generators: list[ast.comprehension]) -> tuple[Node, ...]:
    return tuple([(expr(c, g.target), expr(c, g.iter), tuple([expr(c, i) for i in g.ifs])) for g in generators])


def _comp(kind: str) -> Callable[[Lowering, Any], Node]:
    def lower(c: Lowering, n: Any) -> Node:
        return ("comp", n.lineno, kind, expr(c, n.elt), None, _generators(c, n.generators))

    return lower


def _dictcomp(c: Lowering, n: ast.DictComp) -> Node:
    return ("comp", n.lineno, "dict", expr(c, n.key), expr(c, n.value), _generators(c, n.generators))


def _await(c: Lowering, n: ast.Await) -> Any:
    return expr(c, n.value)


def _yield(c: Lowering, n: Any) -> Node:
    c.generator = True
    return ("yield", n.lineno, expr(c, n.value))


def _walrus(c: Lowering, n: ast.NamedExpr) -> Node:
    return ("walrus", n.lineno, n.target.id, expr(c, n.value))


def _star(c: Lowering, n: ast.Starred) -> Node:
    return ("star", n.lineno, expr(c, n.value))


def _slice(c: Lowering, n: ast.Slice) -> Node:
    return ("slice", n.lineno, expr(c, n.lower), expr(c, n.upper), expr(c, n.step))


_EXPR: dict[type, Callable[[Lowering, Any], Any]] = {
    ast.Constant: _const, ast.Name: _name, ast.Attribute: _attr, ast.Call: _call, ast.Subscript: _sub, ast.JoinedStr: _joined,
    ast.FormattedValue: _formatted, ast.BinOp: _bin, ast.BoolOp: _bool, ast.UnaryOp: _unary, ast.Compare: _compare,
    ast.Dict: _dict, ast.List: _list, ast.Tuple: _tuple, ast.Set: _set, ast.IfExp: _ifexp, ast.Lambda: _lambda,
    ast.ListComp: _comp("list"), ast.SetComp: _comp("set"), ast.GeneratorExp: _comp("generator"), ast.DictComp: _dictcomp,
    ast.Await: _await, ast.Yield: _yield, ast.YieldFrom: _yield, ast.NamedExpr: _walrus, ast.Starred: _star, ast.Slice: _slice,
}  # fmt: skip


def _params(c: Lowering, a: ast.arguments) -> tuple[Any, ...]:
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


def _default(c: Lowering, name: str, node: ast.expr | None) -> Any:
    if type(node) is ast.Constant and type(node.value) is str:
        c.strings.append((node.lineno, name, node.value[:500]))
    return expr(c, node)


def _bound(c: Lowering, target: ast.expr, value: ast.expr | None) -> None:
    if type(value) is ast.Constant and type(value.value) is str:
        if type(target) is ast.Name:
            c.strings.append((value.lineno, target.id, value.value[:500]))
        elif type(target) is ast.Attribute:
            c.strings.append((value.lineno, target.attr, value.value[:500]))
        elif type(target) is ast.Subscript and type(target.slice) is ast.Constant and type(target.slice.value) is str:
            c.strings.append((value.lineno, target.slice.value[:100], value.value[:500]))


def _assign(c: Lowering, n: ast.Assign) -> Node:
    _bound(c, n.targets[0], n.value)
    return ("assign", n.lineno, tuple([expr(c, t) for t in n.targets]), expr(c, n.value), n.end_lineno)


def _aug(c: Lowering, n: ast.AugAssign) -> Node:
    return ("aug", n.lineno, expr(c, n.target), _BIN_OPS[type(n.op)], expr(c, n.value))


def _ann(c: Lowering, n: ast.AnnAssign) -> Node:
    _bound(c, n.target, n.value)
    return ("ann", n.lineno, expr(c, n.target), expr(c, n.annotation), expr(c, n.value), n.end_lineno)


def _expr_stmt(c: Lowering, n: ast.Expr) -> Node:
    return ("expr", n.lineno, expr(c, n.value))


def _return(c: Lowering, n: ast.Return) -> Node:
    return ("return", n.lineno, expr(c, n.value))


def _raise(c: Lowering, n: ast.Raise) -> Node:
    return ("raise", n.lineno, expr(c, n.exc))


def _if(c: Lowering, n: ast.If) -> Node:
    return ("if", n.lineno, expr(c, n.test), c.body(n.body), c.body(n.orelse))


def _for(c: Lowering, n: Any) -> Node:
    return ("for", n.lineno, expr(c, n.target), expr(c, n.iter), c.body(n.body), c.body(n.orelse))


def _while(c: Lowering, n: ast.While) -> Node:
    return ("while", n.lineno, expr(c, n.test), c.body(n.body), c.body(n.orelse))


def _try(c: Lowering, n: Any) -> Node:
    handlers = tuple([(expr(c, h.type), h.name, c.body(h.body)) for h in n.handlers])
    return ("try", n.lineno, c.body(n.body), handlers, c.body(n.orelse), c.body(n.finalbody))


def _with(c: Lowering, n: Any) -> Node:
    items = tuple([(expr(c, i.context_expr), expr(c, i.optional_vars)) for i in n.items])
    return ("with", n.lineno, items, c.body(n.body))


def _delete(c: Lowering, n: ast.Delete) -> Node:
    return ("del", n.lineno, tuple([expr(c, t) for t in n.targets]))


def _assert(c: Lowering, n: ast.Assert) -> Node:
    return ("assert", n.lineno, expr(c, n.test))


def _global(c: Lowering, n: Any) -> Node:
    if type(n) is ast.Global:
        c.rebound.update(dict.fromkeys(n.names))
    return ("global", n.lineno, tuple(n.names))


def _simple(tag: str) -> Callable[[Lowering, Any], Node]:
    def lower(c: Lowering, n: Any) -> Node:
        return (tag, n.lineno)

    return lower


def _import(c: Lowering, n: ast.Import) -> Node:
    top = not c.scope
    bindings = []
    for a in n.names:
        # ``import a.b`` binds ``a``; ``import a.b as c`` binds ``a.b`` to ``c``.
        pair = (a.asname, a.name) if a.asname else (a.name.partition(".")[0], a.name.partition(".")[0])
        bindings.append(pair)
        c.imports.append((*pair, n.lineno, top))
        if not a.asname and "." in a.name:
            c.imports.append((a.name, a.name, n.lineno, top))
    return ("import", n.lineno, tuple(bindings))


def _import_from(c: Lowering, n: ast.ImportFrom) -> Node:
    top = not c.scope
    base = "." * n.level + (n.module or "")
    bindings = []
    for a in n.names:
        target = base + a.name if base.endswith(".") or not base else f"{base}.{a.name}"
        pair = ("*", base) if a.name == "*" else (a.asname or a.name, target)
        bindings.append(pair)
        c.imports.append((*pair, n.lineno, top))
    return ("import", n.lineno, tuple(bindings))


def _function(c: Lowering, n: Any) -> Node:
    index = len(c.functions)
    c.functions.append(None)
    decorators = tuple([_EXPR[type(d)](c, d) for d in n.decorator_list])
    params = _params(c, n.args)
    returns = expr(c, n.returns)
    qualname = ".".join([*c.scope, n.name])
    saved = c.calls, c.generator, c.class_index, c.parent
    c.calls, c.generator, c.class_index, c.parent = {}, False, -1, index
    c.scope.append(n.name)
    body = c.body(n.body)
    c.scope.pop()
    calls, generator = tuple(c.calls), c.generator
    c.calls, c.generator, c.class_index, c.parent = saved
    first = n.decorator_list[0].lineno if n.decorator_list else n.lineno
    c.functions[index] = (
        n.name, qualname, n.lineno, first, n.end_lineno, decorators, params, returns, type(n) is ast.AsyncFunctionDef, generator,
        c.class_index, c.parent, calls, marshal.dumps(body),
    )  # fmt: skip
    return ("def", n.lineno, index)


def _class(c: Lowering, n: ast.ClassDef) -> Node:
    index = len(c.classes)
    c.classes.append(None)
    decorators = tuple([_EXPR[type(d)](c, d) for d in n.decorator_list])
    bases = tuple([_EXPR[type(b)](c, b) for b in n.bases])
    keywords = tuple([(k.arg, expr(c, k.value)) for k in n.keywords])
    qualname = ".".join([*c.scope, n.name])
    saved_class = c.class_index
    c.class_index = index
    c.scope.append(n.name)
    body = c.body(n.body)
    c.scope.pop()
    c.class_index = saved_class
    methods = tuple([(c.functions[s[2]][0], s[2]) for s in body if s[0] == "def"])
    c.classes[index] = (n.name, qualname, n.lineno, n.end_lineno, bases, keywords, decorators, methods, body, c.parent)
    return ("class", n.lineno, index)


def _match(c: Lowering, n: ast.Match) -> Node:
    cases = []
    for case in n.cases:
        values: list[Any] = []
        names: list[str] = []
        _pattern(c, case.pattern, values, names)
        cases.append((tuple(values), tuple(names), expr(c, case.guard), c.body(case.body)))
    return ("match", n.lineno, expr(c, n.subject), tuple(cases))


def _pattern(c: Lowering, pattern: ast.pattern, values: list[Any], names: list[str]) -> None:
    for part in ast.walk(pattern):
        if isinstance(part, ast.MatchValue):
            values.append(expr(c, part.value))
        elif isinstance(part, ast.MatchSingleton):
            values.append(("const", part.lineno, part.value))
        elif isinstance(part, ast.MatchAs | ast.MatchStar) and part.name:
            names.append(part.name)
        elif isinstance(part, ast.MatchMapping) and part.rest:
            names.append(part.rest)


_STMT: dict[type, Callable[[Lowering, Any], Node]] = {
    ast.Assign: _assign, ast.AugAssign: _aug, ast.AnnAssign: _ann, ast.Expr: _expr_stmt, ast.Return: _return, ast.Raise: _raise,
    ast.If: _if, ast.For: _for, ast.AsyncFor: _for, ast.While: _while, ast.Try: _try, ast.TryStar: _try, ast.With: _with,
    ast.AsyncWith: _with, ast.Delete: _delete, ast.Assert: _assert, ast.Break: _simple("break"), ast.Continue: _simple("continue"),
    ast.Pass: _simple("pass"), ast.Global: _global, ast.Nonlocal: _global, ast.Import: _import, ast.ImportFrom: _import_from,
    ast.FunctionDef: _function, ast.AsyncFunctionDef: _function, ast.ClassDef: _class, ast.Match: _match,
}  # fmt: skip
if sys.version_info >= (3, 12):

    def _type_alias(c: Lowering, n: ast.TypeAlias) -> Node:
        return ("assign", n.lineno, (expr(c, n.name),), expr(c, n.value), n.end_lineno)

    _STMT[ast.TypeAlias] = _type_alias
