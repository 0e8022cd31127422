"""Patterns of ``match`` statements (PEP 634)."""

from __future__ import annotations

import ast

from tree_sitter import Node

from counterseal.audit.facts.python.tolerant.expressions import expression
from counterseal.audit.facts.python.tolerant.literals import number
from counterseal.audit.facts.python.tolerant.syntax import LOAD, Unreadable, has_token, name_of, parts, span, tokens

_SINGLETONS = {"true": True, "false": False, "none": None}


def case_patterns(nodes: list[Node], clause: Node) -> ast.pattern:
    """What stands between ``case`` and its guard: one pattern, or a sequence without brackets."""
    commas = [child for child in clause.children if child.type == ","]
    if len(nodes) == 1 and not commas:
        return pattern(nodes[0])
    last = commas[-1] if commas and commas[-1].start_byte > nodes[-1].start_byte else nodes[-1]
    return ast.MatchSequence([pattern(node) for node in nodes], **span(nodes[0], last))


def pattern(node: Node) -> ast.pattern:
    """Convert a pattern.

    Raises:
        Unreadable: it is none.
    """
    match node.type:
        case "case_pattern":
            return _case(node)
        case "as_pattern":
            inner, name = parts(node)
            return ast.MatchAs(pattern(inner), name_of(name), **span(node))
        case "union_pattern":
            return ast.MatchOr([_alternative(group) for group in _alternatives(node)], **span(node))
        case "list_pattern":
            return ast.MatchSequence([pattern(child) for child in parts(node)], **span(node))
        case "tuple_pattern":
            inner_patterns = parts(node)
            if len(inner_patterns) == 1 and not has_token(node, ","):
                return pattern(inner_patterns[0])
            return ast.MatchSequence([pattern(child) for child in inner_patterns], **span(node))
        case "dict_pattern":
            return _mapping(node)
        case "class_pattern":
            return _class(node)
        case "splat_pattern":
            return ast.MatchStar(_captured(node.children[-1]), **span(node))
        case "dotted_name":
            return _dotted(node)
        case "_":
            return ast.MatchAs(None, None, **span(node))
        case _:
            return _value([node])


def _case(node: Node) -> ast.pattern:
    inner = tokens(node)
    return pattern(inner[0]) if len(inner) == 1 else _value(inner)


def _value(nodes: list[Node]) -> ast.pattern:
    """A literal, perhaps with a sign before it."""
    place = span(nodes[0], nodes[-1])
    if nodes[-1].type in _SINGLETONS:
        return ast.MatchSingleton(_SINGLETONS[nodes[-1].type], **place)
    if nodes[-1].type == "complex_pattern":
        return ast.MatchValue(_complex(tokens(nodes[-1])), **place)
    value = expression(nodes[-1])
    return ast.MatchValue(ast.UnaryOp(ast.USub(), value, **place) if nodes[0].type == "-" else value, **place)


def _complex(nodes: list[Node]) -> ast.expr:
    """``-1+2j``: tokens."""
    signed = nodes[0].type == "-"
    real = number(nodes[1] if signed else nodes[0])
    if signed:
        real = ast.UnaryOp(ast.USub(), real, **span(nodes[0], nodes[1]))
    operator = ast.Add() if nodes[-2].type == "+" else ast.Sub()
    return ast.BinOp(real, operator, number(nodes[-1]), **span(nodes[0], nodes[-1]))


def _alternatives(node: Node) -> list[list[Node]]:
    groups: list[list[Node]] = [[]]
    for child in tokens(node):
        if child.type == "|":
            groups.append([])
        else:
            groups[-1].append(child)
    return groups


def _alternative(nodes: list[Node]) -> ast.pattern:
    return pattern(nodes[0]) if len(nodes) == 1 else _value(nodes)


def _captured(node: Node) -> str | None:
    name = name_of(node)
    return None if name == "_" else name


def _dotted(node: Node) -> ast.pattern:
    names = parts(node)
    if len(names) == 1:
        return ast.MatchAs(None, _captured(names[0]), **span(node))
    return ast.MatchValue(dotted(node), **span(node))


def dotted(node: Node) -> ast.expr:
    """``a.b.c`` as attributes."""
    first, *rest = parts(node)
    value: ast.expr = ast.Name(name_of(first), LOAD, **span(first))
    for name in rest:
        value = ast.Attribute(value, name_of(name), LOAD, **span(first, name))
    return value


def _mapping(node: Node) -> ast.pattern:
    keys: list[ast.expr] = []
    patterns: list[ast.pattern] = []
    rest: str | None = None
    group: list[Node] = []
    for child in tokens(node)[1:]:
        if child.type == "splat_pattern":
            rest = _captured(child.children[-1])
        elif child.type == ":":
            keys.append(_key(group))
            group = []
        elif child.type in (",", "}"):
            if group:
                patterns.append(pattern(group[0]))
            group = []
        else:
            group.append(child)
    return ast.MatchMapping(keys, patterns, rest, **span(node))


def _key(nodes: list[Node]) -> ast.expr:
    """A key is a value: the pattern that it would be, without the pattern."""
    if nodes[0].type == "dotted_name":
        return dotted(nodes[0])
    found = _value(nodes)
    if isinstance(found, ast.MatchSingleton):
        return ast.Constant(found.value, None, **span(nodes[0]))
    if isinstance(found, ast.MatchValue):
        return found.value
    raise Unreadable(nodes[0], "not a valid key of a pattern")


def _class(node: Node) -> ast.pattern:
    name, *arguments = parts(node)
    positional: list[ast.pattern] = []
    names: list[str] = []
    values: list[ast.pattern] = []
    for argument in arguments:
        inner = tokens(argument)[0]
        captured = inner.type == "as_pattern" and parts(parts(inner)[0])[:1]
        if inner.type == "keyword_pattern":
            key, _, *value = tokens(inner)
            names.append(name_of(key))
            values.append(_alternative(value))
        elif captured and captured[0].type == "keyword_pattern":  # the grammar takes a=b as c for (a=b) as c
            key, _, *value = tokens(captured[0])
            names.append(name_of(key))
            values.append(ast.MatchAs(_alternative(value), name_of(parts(inner)[1]), **span(value[0], inner)))
        else:
            positional.append(pattern(argument))
    return ast.MatchClass(dotted(name), positional, names, values, **span(node))
