"""Syntax tree -> the tuples of `counterseal.audit.facts.python.ir`. One pass, no knowledge of any library."""

from __future__ import annotations

import ast
import marshal
import sys
from collections.abc import Callable
from typing import Any

from counterseal.audit.facts.python.expressions import BIN_OPS, Collected, expr, params

Node = tuple[Any, ...]


class Lowering(Collected):
    """Lowers the statements of one file."""

    def body(self, statements: list[ast.stmt]) -> tuple[Node, ...]:
        """Lower a block."""
        return tuple([_STMT[type(s)](self, s) for s in statements])

    def module(self, statements: list[ast.stmt]) -> tuple[tuple[Node, ...], list[tuple[int, int]]]:
        """Lower a module; also the line ranges of statements that are nested too deeply, which are left out."""
        out: list[Node] = []
        lost: list[tuple[int, int]] = []
        for s in statements:
            kept = self.calls, self.generator, self.class_index, self.parent, len(self.functions), len(self.classes)
            try:
                out.append(_STMT[type(s)](self, s))
            except RecursionError:
                lost.append((s.lineno, s.end_lineno or s.lineno))
                self.calls, self.generator, self.class_index, self.parent, functions, classes = kept
                del self.functions[functions:], self.classes[classes:], self.scope[:]
        return tuple(out), lost


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
    return ("aug", n.lineno, expr(c, n.target), BIN_OPS[type(n.op)], expr(c, n.value))


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
    decorators = tuple([expr(c, d) for d in n.decorator_list])
    parameters = params(c, n.args)
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
        n.name,
        qualname,
        n.lineno,
        first,
        n.end_lineno,
        decorators,
        parameters,
        returns,
        type(n) is ast.AsyncFunctionDef,
        generator,
        c.class_index,
        c.parent,
        calls,
        marshal.dumps(body),
    )
    return ("def", n.lineno, index)


def _class(c: Lowering, n: ast.ClassDef) -> Node:
    index = len(c.classes)
    c.classes.append(None)
    decorators = tuple([expr(c, d) for d in n.decorator_list])
    bases = tuple([expr(c, b) for b in n.bases])
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
    ast.Assign: _assign,
    ast.AugAssign: _aug,
    ast.AnnAssign: _ann,
    ast.Expr: _expr_stmt,
    ast.Return: _return,
    ast.Raise: _raise,
    ast.If: _if,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.While: _while,
    ast.Try: _try,
    ast.TryStar: _try,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Delete: _delete,
    ast.Assert: _assert,
    ast.Break: _simple("break"),
    ast.Continue: _simple("continue"),
    ast.Pass: _simple("pass"),
    ast.Global: _global,
    ast.Nonlocal: _global,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.Match: _match,
}
if sys.version_info >= (3, 12):

    def _type_alias(c: Lowering, n: ast.TypeAlias) -> Node:
        return ("assign", n.lineno, (expr(c, n.name),), expr(c, n.value), n.end_lineno)

    _STMT[ast.TypeAlias] = _type_alias
