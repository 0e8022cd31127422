"""Statements of a concrete syntax tree, as nodes of the standard library's `ast`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from tree_sitter import Node

from counterseal.audit.facts.python.tolerant.expressions import call_arguments, expression
from counterseal.audit.facts.python.tolerant.parameters import parameters
from counterseal.audit.facts.python.tolerant.patterns import case_patterns
from counterseal.audit.facts.python.tolerant.simple import simple_statement
from counterseal.audit.facts.python.tolerant.syntax import (
    LOAD,
    STORE,
    Span,
    Unreadable,
    fields,
    has_token,
    name_of,
    parts,
    required,
    span,
    target,
    tokens,
)

_TYPE_PARAMS = "type_params" in ast.FunctionDef._fields


def module(root: Node) -> ast.Module:
    """Convert a whole tree.

    Raises:
        Unreadable: something in it is no Python.
    """
    return ast.Module(body=block(root), type_ignores=[])


def block(node: Node) -> list[ast.stmt]:
    """The statements of a block."""
    return [statement(child) for child in parts(node)]


def statement(node: Node) -> ast.stmt:
    """Convert one statement.

    Raises:
        Unreadable: something in it is no Python.
    """
    convert = _COMPOUND.get(node.type)
    return simple_statement(node) if convert is None else convert(node)


def _until(node: Node, *bodies: Sequence[ast.stmt | ast.ExceptHandler]) -> Span:
    """From the start of a compound statement to the end of its last statement: a comment after that does not belong to it."""
    place = span(node)
    last = next(body[-1] for body in reversed(bodies) if body)
    place["end_lineno"], place["end_col_offset"] = last.end_lineno or last.lineno, last.end_col_offset or 0
    final = node
    while inner := tokens(final):
        final = inner[-1]
    if final.type == ";":
        place["end_lineno"], place["end_col_offset"] = final.end_point[0] + 1, final.end_point[1]
    return place


def _body(node: Node, field: str = "body") -> list[ast.stmt]:
    body = block(required(node, field))
    if not body:
        raise Unreadable(node, "a block without statements")
    return body


def _last_block(node: Node) -> list[ast.stmt]:
    """The block of an ``except`` or ``finally``, which has no field name."""
    blocks = [child for child in parts(node) if child.type == "block"]
    if not blocks or not (body := block(blocks[-1])):
        raise Unreadable(node, "a block without statements")
    return body


def _else(node: Node) -> list[ast.stmt]:
    clause = next((child for child in parts(node) if child.type == "else_clause"), None)
    return [] if clause is None else _body(clause)


def _if(node: Node) -> ast.stmt:
    """``elif`` is an ``if`` of its own in the ``else`` of the one before."""
    clauses = [child for child in parts(node) if child.type in ("elif_clause", "else_clause")]
    otherwise: list[ast.stmt] = []
    for clause in reversed(clauses):
        otherwise = _body(clause) if clause.type == "else_clause" else [_branch(clause, otherwise)]
    return _branch(node, otherwise)


def _branch(node: Node, otherwise: list[ast.stmt]) -> ast.If:
    body = _body(node, "consequence")
    return ast.If(expression(required(node, "condition")), body, otherwise, **_until(node, body, otherwise))


def _while(node: Node) -> ast.stmt:
    body, otherwise = _body(node), _else(node)
    return ast.While(expression(required(node, "condition")), body, otherwise, **_until(node, body, otherwise))


def _for(node: Node) -> ast.stmt:
    body, otherwise = _body(node), _else(node)
    left, right = target(expression(required(node, "left")), STORE), expression(required(node, "right"))
    kind = ast.AsyncFor if has_token(node, "async") else ast.For
    return kind(left, right, body, otherwise, None, **_until(node, body, otherwise))


def _try(node: Node) -> ast.stmt:
    body, otherwise = _body(node), _else(node)
    clauses = [child for child in parts(node) if child.type == "except_clause"]
    handlers = [_handler(clause) for clause in clauses]
    final = next((_last_block(child) for child in parts(node) if child.type == "finally_clause"), [])
    if not handlers and not final:
        raise Unreadable(node, "a try without except or finally")
    place = _until(node, body, handlers, otherwise, final)
    if any(has_token(clause, "*") for clause in clauses):
        return ast.TryStar(body, handlers, otherwise, final, **place)
    return ast.Try(body, handlers, otherwise, final, **place)


def _handler(node: Node) -> ast.ExceptHandler:
    """``except A, B:`` catches both (PEP 758). In Python 2 it named the exception, which then is a name that nothing defines."""
    body = _last_block(node)
    values = fields(node, "value")
    name: str | None = None
    caught: ast.expr | None = None
    if len(values) == 1 and values[0].type == "as_pattern":
        inner, alias = parts(values[0])
        caught, name = expression(inner), name_of(alias)
    elif len(values) == 1 and not has_token(node, ","):
        caught = expression(values[0])
    elif values:
        caught = ast.Tuple([expression(each) for each in values], LOAD, **span(values[0], values[-1]))
    return ast.ExceptHandler(caught, name, body, **_until(node, body))


def _with(node: Node) -> ast.stmt:
    body = _body(node)
    clause = next(child for child in parts(node) if child.type == "with_clause")
    items = [_with_item(required(child, "value")) for child in parts(clause)]
    kind = ast.AsyncWith if has_token(node, "async") else ast.With
    return kind(items, body, None, **_until(node, body))


def _with_item(node: Node) -> ast.withitem:
    if node.type == "parenthesized_expression" and len(parts(node)) == 1 and parts(node)[0].type == "as_pattern":
        return _with_item(parts(node)[0])
    if node.type != "as_pattern":
        return ast.withitem(expression(node), None)
    value, name = parts(node)
    return ast.withitem(expression(value), target(expression(name), STORE))


def _function(node: Node) -> ast.stmt:
    return function(node, [])


def function(node: Node, decorators: list[ast.expr]) -> ast.stmt:
    """A function with its decorators. Type parameters are left out."""
    body = _body(node)
    returns = node.child_by_field_name("return_type")
    kind = ast.AsyncFunctionDef if has_token(node, "async") else ast.FunctionDef
    found = kind(
        name_of(required(node, "name")),
        parameters(required(node, "parameters"), expression),
        body,
        decorators,
        None if returns is None else expression(returns),
        None,
        **_until(node, body),
    )
    return _without_type_parameters(found)


def _class(node: Node) -> ast.stmt:
    return _class_with(node, [])


def _class_with(node: Node, decorators: list[ast.expr]) -> ast.stmt:
    body = _body(node)
    bases = node.child_by_field_name("superclasses")
    positional, keywords = ([], []) if bases is None else call_arguments(bases)
    found = ast.ClassDef(name_of(required(node, "name")), positional, keywords, body, decorators, **_until(node, body))
    return _without_type_parameters(found)


def _without_type_parameters(found: ast.stmt) -> ast.stmt:
    if _TYPE_PARAMS:
        setattr(found, "type_params", [])  # noqa: B010 (an attribute that older versions do not know)
    return found


def _decorated(node: Node) -> ast.stmt:
    decorators = [expression(parts(child)[0]) for child in parts(node) if child.type == "decorator"]
    definition = required(node, "definition")
    return _class_with(definition, decorators) if definition.type == "class_definition" else function(definition, decorators)


def _match(node: Node) -> ast.stmt:
    subjects = fields(node, "subject")
    commas = [child for child in tokens(node) if child.type == ","]
    subject = expression(subjects[0])
    if commas:
        last = max(commas[-1], subjects[-1], key=lambda each: each.start_byte)
        subject = ast.Tuple([expression(each) for each in subjects], LOAD, **span(subjects[0], last))
    cases = [_match_case(child) for child in parts(required(node, "body")) if child.type == "case_clause"]
    if not cases:
        raise Unreadable(node, "a match without cases")
    return ast.Match(subject, cases, **_until(node, cases[-1].body))


def _match_case(node: Node) -> ast.match_case:
    guard = node.child_by_field_name("guard")
    patterns = [child for child in parts(node) if child.type == "case_pattern"]
    test = None if guard is None else expression(parts(guard)[0])
    return ast.match_case(case_patterns(patterns, node), test, _body(node, "consequence"))


_COMPOUND: dict[str, Callable[[Node], ast.stmt]] = {
    "if_statement": _if,
    "while_statement": _while,
    "for_statement": _for,
    "try_statement": _try,
    "with_statement": _with,
    "function_definition": _function,
    "class_definition": _class,
    "decorated_definition": _decorated,
    "match_statement": _match,
}
