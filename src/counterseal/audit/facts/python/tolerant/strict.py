"""The interpreter's own parser."""

from __future__ import annotations

import ast
import warnings


def parse_strictly(source: bytes | str, filename: str = "<source>") -> ast.Module | None:
    """The tree that the interpreter's parser gives; ``None`` when it refuses. No warning reaches the user."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source, filename)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
