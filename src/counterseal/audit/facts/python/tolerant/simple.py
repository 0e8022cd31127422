"""Simple statements of a concrete syntax tree, as nodes of the standard library's `ast`.

Newer and older syntax becomes what comes nearest to it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from tree_sitter import Node

from counterseal.audit.facts.python.tolerant.expressions import OPERATORS, expression, sequence
from counterseal.audit.facts.python.tolerant.syntax import (
    DELETE,
    LOAD,
    STORE,
    Unreadable,
    fields,
    name_of,
    parts,
    required,
    span,
    target,
    text,
)


def simple_statement(node: Node) -> ast.stmt:
    """Convert a simple statement.

    Raises:
        Unreadable: it is none.
    """
    convert = _SIMPLE.get(node.type)
    if convert is None:
        raise Unreadable(node, "not a valid statement")
    try:
        return convert(node)
    except Unreadable:
        if (parsed := _reparse(node)) is None:
            raise
        return parsed


def _reparse(node: Node) -> ast.stmt | None:
    """A simple statement that the grammar misreads, as the interpreter reads it."""
    try:
        found = ast.parse(text(node)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if len(found) != 1:
        return None
    row, column = node.start_point
    for each in ast.walk(found[0]):
        if isinstance(each, ast.stmt | ast.expr | ast.keyword | ast.alias | ast.arg):
            each.col_offset += column if each.lineno == 1 else 0
            each.end_col_offset = (each.end_col_offset or 0) + (column if each.end_lineno == 1 else 0)
            each.lineno, each.end_lineno = each.lineno + row, (each.end_lineno or each.lineno) + row
    return found[0]


def _expression_statement(node: Node) -> ast.stmt:
    inner = parts(node)
    if len(inner) == 1 and inner[0].type == "assignment":
        return _assignment(inner[0])
    if len(inner) == 1 and inner[0].type == "augmented_assignment":
        return _augmented(inner[0])
    return ast.Expr(sequence(inner, node), **span(node))


def _assignment(node: Node) -> ast.stmt:
    annotation = node.child_by_field_name("type")
    if annotation is not None:
        left = required(node, "left")
        value = node.child_by_field_name("right")
        simple = int(left.type == "identifier")
        converted = target(expression(left), STORE)
        if not isinstance(converted, ast.Name | ast.Attribute | ast.Subscript):
            raise Unreadable(node, "an annotation of what is not one name")
        return ast.AnnAssign(
            converted, expression(annotation), None if value is None else expression(value), simple, **span(node)
        )
    targets: list[ast.expr] = []
    current = node
    while current.type == "assignment":
        targets.append(target(expression(required(current, "left")), STORE))
        current = required(current, "right")
    return ast.Assign(targets, expression(current), None, **span(node))


def _augmented(node: Node) -> ast.stmt:
    left = target(expression(required(node, "left")), STORE)
    if not isinstance(left, ast.Name | ast.Attribute | ast.Subscript):
        raise Unreadable(node, "an augmented assignment to what is not one name")
    operator = OPERATORS[text(required(node, "operator")).removesuffix("=")]()
    return ast.AugAssign(left, operator, expression(required(node, "right")), **span(node))


def _return(node: Node) -> ast.stmt:
    values = parts(node)
    return ast.Return(expression(values[0]) if values else None, **span(node))


def _delete(node: Node) -> ast.stmt:
    inner = parts(node)[0]
    listed = parts(inner) if inner.type == "expression_list" else [inner]
    return ast.Delete([target(expression(each), DELETE) for each in listed], **span(node))


def _raise(node: Node) -> ast.stmt:
    cause = node.child_by_field_name("cause")
    raised = [child for child in parts(node) if cause is None or child.start_byte != cause.start_byte]
    if not raised:
        return ast.Raise(None, None, **span(node))
    if raised[0].type == "expression_list":  # Python 2: raise Error, "message"
        kind, *arguments = [expression(each) for each in parts(raised[0])]
        return ast.Raise(ast.Call(kind, arguments[:1], [], **span(raised[0])), None, **span(node))
    return ast.Raise(expression(raised[0]), None if cause is None else expression(cause), **span(node))


def _assert(node: Node) -> ast.stmt:
    test, *message = parts(node)
    return ast.Assert(expression(test), expression(message[0]) if message else None, **span(node))


def _pass(node: Node) -> ast.stmt:
    return ast.Pass(**span(node))


def _break(node: Node) -> ast.stmt:
    return ast.Break(**span(node))


def _continue(node: Node) -> ast.stmt:
    return ast.Continue(**span(node))


def _global(node: Node) -> ast.stmt:
    return ast.Global([name_of(child) for child in parts(node)], **span(node))


def _nonlocal(node: Node) -> ast.stmt:
    return ast.Nonlocal([name_of(child) for child in parts(node)], **span(node))


def _print(node: Node) -> ast.stmt:
    """``print >>file, a, b`` is ``print(a, b, file=file)``."""
    arguments = [expression(each) for each in fields(node, "argument")]
    stream = next((child for child in parts(node) if child.type == "chevron"), None)
    keywords = [] if stream is None else [ast.keyword("file", expression(parts(stream)[0]), **span(stream))]
    called = ast.Name("print", LOAD, **span(node.children[0]))
    return ast.Expr(ast.Call(called, arguments, keywords, **span(node)), **span(node))


def _exec(node: Node) -> ast.stmt:
    """``exec code in globals, locals`` is ``exec(code, globals, locals)``."""
    called = ast.Name("exec", LOAD, **span(node.children[0]))
    return ast.Expr(ast.Call(called, [expression(each) for each in parts(node)], [], **span(node)), **span(node))


def _type_alias(node: Node) -> ast.stmt:
    """``type Name[T] = value`` is ``Name = value``."""
    left = parts(required(node, "left"))[0]
    name = parts(left)[0] if left.type == "generic_type" else left
    if name.type != "identifier":  # type(x).y = z, which the grammar takes for an alias
        raise Unreadable(node, "not a type alias")
    return ast.Assign([target(expression(name), STORE)], expression(required(node, "right")), None, **span(node))


def _dotted(node: Node) -> str:
    return ".".join(name_of(child) for child in parts(node))


def _alias(node: Node) -> ast.alias:
    if node.type == "aliased_import":
        return ast.alias(_dotted(required(node, "name")), name_of(required(node, "alias")), **span(node))
    return ast.alias(_dotted(node), None, **span(node))


def _import(node: Node) -> ast.stmt:
    return ast.Import([_alias(each) for each in fields(node, "name")], **span(node))


def _import_from(node: Node) -> ast.stmt:
    names = [_alias(each) for each in fields(node, "name")]
    names += [ast.alias("*", None, **span(child)) for child in parts(node) if child.type == "wildcard_import"]
    if node.type == "future_import_statement":
        return ast.ImportFrom("__future__", names, 0, **span(node))
    source = required(node, "module_name")
    if source.type == "dotted_name":
        return ast.ImportFrom(_dotted(source), names, 0, **span(node))
    prefix, *rest = parts(source)
    return ast.ImportFrom(_dotted(rest[0]) if rest else None, names, text(prefix).count("."), **span(node))


_SIMPLE: dict[str, Callable[[Node], ast.stmt]] = {
    "expression_statement": _expression_statement,
    "return_statement": _return,
    "delete_statement": _delete,
    "raise_statement": _raise,
    "assert_statement": _assert,
    "pass_statement": _pass,
    "break_statement": _break,
    "continue_statement": _continue,
    "global_statement": _global,
    "nonlocal_statement": _nonlocal,
    "print_statement": _print,
    "exec_statement": _exec,
    "type_alias_statement": _type_alias,
    "import_statement": _import,
    **dict.fromkeys(("import_from_statement", "future_import_statement"), _import_from),
}
