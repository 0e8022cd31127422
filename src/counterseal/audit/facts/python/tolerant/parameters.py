"""Parameter lists of functions and lambdas."""

from __future__ import annotations

import ast

from tree_sitter import Node

from counterseal.audit.facts.python.tolerant.literals import Convert
from counterseal.audit.facts.python.tolerant.syntax import Unreadable, name_of, parts, required, span, text

_NAMES = frozenset({"identifier", "list_splat_pattern", "dictionary_splat_pattern", "tuple_pattern"})


def parameters(node: Node | None, convert: Convert) -> ast.arguments:
    """The `ast.arguments` of a parameter list (``None``: a lambda without any)."""
    found = ast.arguments(posonlyargs=[], args=[], vararg=None, kwonlyargs=[], kw_defaults=[], kwarg=None, defaults=[])
    keyword_only = False
    for child in [] if node is None else parts(node):
        if child.type == "positional_separator":
            found.posonlyargs, found.args = found.args, []
        elif child.type == "keyword_separator":
            keyword_only = True
        else:
            splat, argument, default = _parameter(child, convert)
            if splat == "*":
                found.vararg, keyword_only = argument, True
            elif splat == "**":
                found.kwarg = argument
            elif keyword_only:
                found.kwonlyargs.append(argument)
                found.kw_defaults.append(default)
            else:
                found.args.append(argument)
                if default is not None:
                    found.defaults.append(default)
    return found


def _parameter(node: Node, convert: Convert) -> tuple[str, ast.arg, ast.expr | None]:
    """The stars before a parameter, the parameter, and its default."""
    name, annotation, default = node, None, None
    if node.type in ("default_parameter", "typed_default_parameter"):
        name = required(node, "name")
        default = convert(required(node, "value"))
    if node.type in ("typed_parameter", "typed_default_parameter"):
        annotation = convert(required(node, "type"))
        if node.type == "typed_parameter":
            name = parts(node)[0]
    if name.type not in _NAMES:
        raise Unreadable(node, "not a parameter")
    splat = {"list_splat_pattern": "*", "dictionary_splat_pattern": "**"}.get(name.type, "")
    first = parts(name)[0] if splat else name
    last = node.child_by_field_name("type") or first
    # Python 2 unpacks tuples in parameter lists; nothing can be passed by that name, but the position counts.
    written = text(first) if name.type == "tuple_pattern" else name_of(first)
    return splat, ast.arg(written, annotation, None, **span(first, last)), default
