"""Expressions of a concrete syntax tree, as nodes of the standard library's `ast`."""

from __future__ import annotations

import ast
from collections.abc import Callable

from tree_sitter import Node

from counterseal.audit.facts.python.tolerant.literals import number, string
from counterseal.audit.facts.python.tolerant.parameters import parameters
from counterseal.audit.facts.python.tolerant.syntax import (
    LOAD,
    STORE,
    Unreadable,
    ends_with_comma,
    fields,
    has_token,
    name_of,
    parts,
    required,
    span,
    target,
    tokens,
)

OPERATORS: dict[str, type[ast.operator]] = {
    "+": ast.Add,
    "-": ast.Sub,
    "*": ast.Mult,
    "/": ast.Div,
    "//": ast.FloorDiv,
    "%": ast.Mod,
    "@": ast.MatMult,
    "**": ast.Pow,
    "<<": ast.LShift,
    ">>": ast.RShift,
    "|": ast.BitOr,
    "&": ast.BitAnd,
    "^": ast.BitXor,
}
_MISPLACED = frozenset({"&", "^"})
_UNARY: dict[str, type[ast.unaryop]] = {"-": ast.USub, "+": ast.UAdd, "~": ast.Invert}
_COMPARISONS: dict[str, type[ast.cmpop]] = {
    "<": ast.Lt,
    ">": ast.Gt,
    "==": ast.Eq,
    "!=": ast.NotEq,
    "<>": ast.NotEq,
    "<=": ast.LtE,
    ">=": ast.GtE,
    "in": ast.In,
    "not in": ast.NotIn,
    "is": ast.Is,
    "is not": ast.IsNot,
}
_BOOLEANS: dict[str, type[ast.boolop]] = {"and": ast.And, "or": ast.Or}
_CONSTANTS = {"true": True, "false": False, "none": None, "ellipsis": ...}


def expression(node: Node) -> ast.expr:
    """Convert an expression.

    Raises:
        Unreadable: it holds what is no Python.
    """
    convert = _EXPRESSIONS.get(node.type)
    if convert is None:
        raise Unreadable(node, "not a valid expression" if node.type == "ERROR" else f"{node.type} where an expression belongs")
    return convert(node)


def sequence(nodes: list[Node], whole: Node) -> ast.expr:
    """One expression, or several with commas between them: a tuple as long as ``whole``."""
    if len(nodes) == 1 and not has_token(whole, ","):
        return expression(nodes[0])
    return ast.Tuple([expression(node) for node in nodes], LOAD, **span(whole))


def call_arguments(node: Node) -> tuple[list[ast.expr], list[ast.keyword]]:
    """Positional and keyword arguments between the brackets of a call or a class."""
    if node.type == "generator_expression":
        return [expression(node)], []
    positional: list[ast.expr] = []
    keywords: list[ast.keyword] = []
    for child in parts(node):
        if child.type == "keyword_argument":
            keywords.append(ast.keyword(name_of(required(child, "name")), expression(required(child, "value")), **span(child)))
        elif child.type == "dictionary_splat":
            keywords.append(ast.keyword(None, expression(_only(child)), **span(child)))
        else:
            positional.append(expression(child))
    return positional, keywords


def _only(node: Node) -> Node:
    inner = parts(node)
    if len(inner) != 1:
        raise Unreadable(node, f"not a valid {node.type.replace('_', ' ')}")
    return inner[0]


def _name(node: Node) -> ast.expr:
    return ast.Name(name_of(node), LOAD, **span(node))


def _constant(node: Node) -> ast.expr:
    return ast.Constant(_CONSTANTS[node.type], None, **span(node))


def _string(node: Node) -> ast.expr:
    return string(node, expression)


def _inner(node: Node) -> ast.expr:
    return expression(_only(node))


def _binary(node: Node) -> ast.expr:
    operator = required(node, "operator").type
    if operator in _MISPLACED:
        return _bitwise(node)
    left, right = required(node, "left"), required(node, "right")
    return _unstarred(expression(left), lambda value: ast.BinOp(value, OPERATORS[operator](), expression(right), **span(node)))


def _bitwise(node: Node) -> ast.expr:
    """In this grammar ``^`` binds closer than ``&``; in Python it is the other way round."""
    operands: list[Node] = []
    operators: list[str] = []
    pending = [node]
    while pending:
        each = pending.pop()
        if each.type == "binary_operator" and required(each, "operator").type in _MISPLACED:
            pending += [required(each, "right"), required(each, "operator"), required(each, "left")]
        elif each.type in _MISPLACED:
            operators.append(each.type)
        else:
            operands.append(each)
    groups = [[operands[0]]]
    for operator, operand in zip(operators, operands[1:], strict=True):
        if operator == "&":
            groups[-1].append(operand)
        else:
            groups.append([operand])
    terms = [(_chain([(expression(each), each, each) for each in group], ast.BitAnd), group[0], group[-1]) for group in groups]
    return _chain(terms, ast.BitXor)


def _chain(terms: list[tuple[ast.expr, Node, Node]], operator: type[ast.operator]) -> ast.expr:
    """Terms (with their first and last nodes) with the same operator between them, from left to right."""
    value, first, _ = terms[0]
    for right, _, last in terms[1:]:
        value = ast.BinOp(value, operator(), right, **span(first, last))
    return value


def _unstarred(value: ast.expr, build: Callable[[ast.expr], ast.expr]) -> ast.expr:
    """``*a.b`` is ``*(a.b)``, which the grammar takes for ``(*a).b``."""
    if not isinstance(value, ast.Starred):
        return build(value)
    built = build(value.value)
    value.value, value.end_lineno, value.end_col_offset = built, built.end_lineno, built.end_col_offset
    built.lineno, built.col_offset = _after_star(value, built)
    return value


def _after_star(starred: ast.Starred, built: ast.expr) -> tuple[int, int]:
    inner = next(each for each in ast.iter_child_nodes(built) if isinstance(each, ast.expr))
    return inner.lineno, inner.col_offset


def _boolean(node: Node) -> ast.expr:
    """The interpreter's tree is flat: ``a and b and c`` is one operation."""
    operator = required(node, "operator").type
    values = [required(node, "right")]
    left = required(node, "left")
    while left.type == "boolean_operator" and required(left, "operator").type == operator:
        values.append(required(left, "right"))
        left = required(left, "left")
    return ast.BoolOp(_BOOLEANS[operator](), [expression(each) for each in (left, *reversed(values))], **span(node))


def _unary(node: Node) -> ast.expr:
    return ast.UnaryOp(_UNARY[required(node, "operator").type](), expression(required(node, "argument")), **span(node))


def _not(node: Node) -> ast.expr:
    return ast.UnaryOp(ast.Not(), expression(required(node, "argument")), **span(node))


def _comparison(node: Node) -> ast.expr:
    operands = [expression(child) for child in parts(node) if child.type not in _COMPARISONS]
    operators = [_COMPARISONS[child.type]() for child in tokens(node) if child.type in _COMPARISONS]
    return ast.Compare(operands[0], operators, operands[1:], **span(node))


def _lambda(node: Node) -> ast.expr:
    found = parameters(node.child_by_field_name("parameters"), expression)
    return ast.Lambda(found, expression(required(node, "body")), **span(node))


def _conditional(node: Node) -> ast.expr:
    body, test, otherwise = parts(node)
    return ast.IfExp(expression(test), expression(body), expression(otherwise), **span(node))


def _walrus(node: Node) -> ast.expr:
    name = required(node, "name")
    return ast.NamedExpr(ast.Name(name_of(name), STORE, **span(name)), expression(required(node, "value")), **span(node))


def _await(node: Node) -> ast.expr:
    return ast.Await(_inner(node), **span(node))


def _yield(node: Node) -> ast.expr:
    values = parts(node)
    if has_token(node, "from"):
        return ast.YieldFrom(expression(values[0]), **span(node))
    return ast.Yield(expression(values[0]) if values else None, **span(node))


def _attribute(node: Node) -> ast.expr:
    name = name_of(required(node, "attribute"))
    return _unstarred(expression(required(node, "object")), lambda value: ast.Attribute(value, name, LOAD, **span(node)))


def _subscript(node: Node) -> ast.expr:
    indexes = fields(node, "subscript")
    index = _index(indexes, ends_with_comma(node), node)
    return _unstarred(expression(required(node, "value")), lambda value: ast.Subscript(value, index, LOAD, **span(node)))


def _index(indexes: list[Node], trailing_comma: bool, node: Node) -> ast.expr:
    converted = [expression(each) for each in indexes]
    if len(converted) == 1 and not trailing_comma and not isinstance(converted[0], ast.Starred):
        return converted[0]
    last = [child for child in tokens(node) if child.type == ","][-1] if trailing_comma else indexes[-1]
    return ast.Tuple(converted, LOAD, **span(indexes[0], last))


def _slice(node: Node) -> ast.expr:
    bounds: list[ast.expr | None] = [None, None, None]
    place = 0
    for child in tokens(node):
        if child.type == ":":
            place += 1
        else:
            bounds[place] = expression(child)
    return ast.Slice(*bounds, **span(node))


def _call(node: Node) -> ast.expr:
    positional, keywords = call_arguments(required(node, "arguments"))
    called = expression(required(node, "function"))
    return _unstarred(called, lambda value: ast.Call(value, positional, keywords, **span(node)))


def _starred(node: Node) -> ast.expr:
    return ast.Starred(_inner(node), LOAD, **span(node))


def _list(node: Node) -> ast.expr:
    return ast.List([expression(child) for child in parts(node)], LOAD, **span(node))


def _set(node: Node) -> ast.expr:
    return ast.Set([expression(child) for child in parts(node)], **span(node))


def _tuple(node: Node) -> ast.expr:
    return ast.Tuple([expression(child) for child in parts(node)], LOAD, **span(node))


def _tuple_pattern(node: Node) -> ast.expr:
    """As a target, ``(a)`` is ``a``, and ``(a,)`` is a tuple."""
    inner = parts(node)
    return expression(inner[0]) if len(inner) == 1 and not has_token(node, ",") else _tuple(node)


def _expression_list(node: Node) -> ast.expr:
    return ast.Tuple([expression(child) for child in parts(node)], LOAD, **span(node))


def _dictionary(node: Node) -> ast.expr:
    keys: list[ast.expr | None] = []
    values: list[ast.expr] = []
    for child in parts(node):
        if child.type == "pair":
            keys.append(expression(required(child, "key")))
            values.append(expression(required(child, "value")))
        else:
            keys.append(None)
            values.append(_inner(child))
    return ast.Dict(keys, values, **span(node))


def _generators(node: Node) -> list[ast.comprehension]:
    found: list[ast.comprehension] = []
    for child in parts(node)[1:]:
        if child.type == "if_clause":
            found[-1].ifs.append(_inner(child))
            continue
        left = target(expression(required(child, "left")), STORE)
        sources = fields(child, "right")
        iterated = expression(sources[0])
        if len(sources) > 1:  # Python 2: [x for x in 1, 2]
            iterated = ast.Tuple([expression(each) for each in sources], LOAD, **span(sources[0], sources[-1]))
        found.append(ast.comprehension(left, iterated, [], int(has_token(child, "async"))))
    return found


def _list_comprehension(node: Node) -> ast.expr:
    return ast.ListComp(expression(required(node, "body")), _generators(node), **span(node))


def _set_comprehension(node: Node) -> ast.expr:
    return ast.SetComp(expression(required(node, "body")), _generators(node), **span(node))


def _generator(node: Node) -> ast.expr:
    return ast.GeneratorExp(expression(required(node, "body")), _generators(node), **span(node))


def _dictionary_comprehension(node: Node) -> ast.expr:
    pair = required(node, "body")
    key, value = expression(required(pair, "key")), expression(required(pair, "value"))
    return ast.DictComp(key, value, _generators(node), **span(node))


def _generic_type(node: Node) -> ast.expr:
    """``list[int]`` in an annotation."""
    value, bracket = parts(node)
    return ast.Subscript(expression(value), _index(parts(bracket), ends_with_comma(bracket), bracket), LOAD, **span(node))


def _union_type(node: Node) -> ast.expr:
    """``A | B | C`` in an annotation: the grammar groups it from the right, Python from the left."""
    members: list[Node] = []
    pending = [node]
    while pending:
        each = pending.pop()
        inner = parts(each)[0] if each.type == "type" else each
        alternatives = inner.type == "binary_operator" and required(inner, "operator").type == "|"
        if inner.type == "union_type" or alternatives:
            pending += reversed(parts(inner))
        else:
            members.append(each)
    return _chain([(expression(each), each, each) for each in members], ast.BitOr)


def _member_type(node: Node) -> ast.expr:
    value, name = parts(node)
    return ast.Attribute(expression(value), name_of(name), LOAD, **span(node))


def _constrained_type(node: Node) -> ast.expr:
    """``a:b`` in the brackets of an annotation can only be a slice."""
    lower, upper = parts(node)
    return ast.Slice(expression(lower), expression(upper), None, **span(node))


_EXPRESSIONS: dict[str, Callable[[Node], ast.expr]] = {
    "identifier": _name,
    "integer": number,
    "float": number,
    **dict.fromkeys(_CONSTANTS, _constant),
    **dict.fromkeys(("string", "concatenated_string"), _string),
    **dict.fromkeys(("parenthesized_expression", "type", "as_pattern_target"), _inner),
    "binary_operator": _binary,
    "boolean_operator": _boolean,
    "unary_operator": _unary,
    "not_operator": _not,
    "comparison_operator": _comparison,
    "lambda": _lambda,
    "conditional_expression": _conditional,
    "named_expression": _walrus,
    "await": _await,
    "yield": _yield,
    "attribute": _attribute,
    "subscript": _subscript,
    "slice": _slice,
    "call": _call,
    **dict.fromkeys(("list_splat", "list_splat_pattern", "splat_type"), _starred),
    **dict.fromkeys(("list", "list_pattern"), _list),
    "set": _set,
    "tuple": _tuple,
    "tuple_pattern": _tuple_pattern,
    **dict.fromkeys(("expression_list", "pattern_list"), _expression_list),
    "dictionary": _dictionary,
    "list_comprehension": _list_comprehension,
    "set_comprehension": _set_comprehension,
    "generator_expression": _generator,
    "dictionary_comprehension": _dictionary_comprehension,
    "generic_type": _generic_type,
    "union_type": _union_type,
    "member_type": _member_type,
    "constrained_type": _constrained_type,
}
