"""The error-tolerant parser: tree-sitter with its Python grammar."""

from __future__ import annotations

import ast
from functools import cache

import tree_sitter
import tree_sitter_python

from counterseal.audit.facts.python.tolerant.statements import module
from counterseal.audit.facts.python.tolerant.syntax import Unreadable


@cache
def _parser() -> tree_sitter.Parser:
    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_python.language()))


def parse_concretely(text: str) -> ast.Module | None:
    """The tree of a text that this grammar accepts as a whole, whatever the running interpreter thinks of it; else ``None``."""
    root = _parser().parse(text.encode("utf-8", "replace")).root_node
    if root.has_error:
        return None
    try:
        return module(root)
    except (Unreadable, RecursionError):
        return None
