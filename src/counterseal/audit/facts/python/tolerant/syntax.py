"""What the conversion of a concrete syntax tree to the standard library's `ast` shares."""

from __future__ import annotations

import ast
import unicodedata
from typing import TypedDict

from tree_sitter import Node

_EXTRAS = frozenset({"comment", "line_continuation"})
LOAD, STORE, DELETE = ast.Load(), ast.Store(), ast.Del()


class Unreadable(Exception):  # noqa: N818 (says what the source is, not that the program erred)
    """A part of the source that cannot be given a meaning. ``line`` and ``end_line`` count from 1."""

    def __init__(self, node: Node, why: str) -> None:
        super().__init__(why)
        self.line = node.start_point[0] + 1
        self.end_line = max(self.line, node.end_point[0] + (1 if node.end_point[1] else 0))
        self.why = why


class Span(TypedDict):
    """The position attributes of a node of the standard library's tree."""

    lineno: int
    col_offset: int
    end_lineno: int
    end_col_offset: int


def span(node: Node, last: Node | None = None) -> Span:
    """From the start of ``node`` to the end of ``last`` (``node`` itself by default)."""
    start, end = node.start_point, (last or node).end_point
    return {"lineno": start[0] + 1, "col_offset": start[1], "end_lineno": end[0] + 1, "end_col_offset": end[1]}


def parts(node: Node) -> list[Node]:
    """The named children, without comments."""
    return [child for child in node.named_children if child.type not in _EXTRAS]


def tokens(node: Node) -> list[Node]:
    """All children, without comments."""
    return [child for child in node.children if child.type not in _EXTRAS]


def fields(node: Node, name: str) -> list[Node]:
    """The children in a field, without comments."""
    return [child for child in node.children_by_field_name(name) if child.type not in _EXTRAS]


def required(node: Node, name: str) -> Node:
    """The child in a field.

    Raises:
        Unreadable: there is none.
    """
    child = node.child_by_field_name(name)
    if child is None:
        raise Unreadable(node, f"{node.type} without {name}")
    return child


def text(node: Node) -> str:
    """Source of a node."""
    return (node.text or b"").decode("utf-8", "replace")


def name_of(node: Node) -> str:
    """An identifier, normalised as the interpreter does (Python language reference, section 2.3)."""
    name = text(node)
    return name if name.isascii() else unicodedata.normalize("NFKC", name)


def has_token(node: Node, kind: str) -> bool:
    """Whether a token of this type is directly in ``node``."""
    return any(child.type == kind for child in node.children)


def ends_with_comma(node: Node) -> bool:
    """Whether the last token before a closing bracket, if any, is a comma."""
    found = [child.type for child in tokens(node)]
    return bool(found) and (found[-1] == "," or (found[-1] in (")", "]") and len(found) > 1 and found[-2] == ","))


def target(expression: ast.expr, context: ast.expr_context) -> ast.expr:
    """Make an expression the target of an assignment or deletion."""
    match expression:
        case ast.Tuple() | ast.List():
            expression.ctx = context
            for element in expression.elts:
                target(element, context)
        case ast.Starred():
            expression.ctx = context
            target(expression.value, context)
        case ast.Name() | ast.Attribute() | ast.Subscript():
            expression.ctx = context
        case _:
            pass  # not a legal target: the interpreter refuses it later, and so may a rule
    return expression
