"""Parses some lines of a file at their place in it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

Parser = Callable[[str], ast.Module | None]


def parse_lines(
    lines: Sequence[str], first: int, indented: bool, parser: Parser, above: Sequence[str] = ()
) -> list[ast.stmt] | None:
    """The statements of ``lines``, the first of which is line ``first`` of the file; ``None`` if ``parser`` refuses them.

    ``indented``: they stand in a block. ``above``: lines to put before them; what these make is part of the result.
    """
    before = ["if 1:", *above] if indented else list(above)
    blank = first - 1 - len(before)
    tree = parser("\n" * max(0, blank) + "\n".join([*before, *lines, ""]))
    if tree is None:
        return None
    if blank < 0:
        ast.increment_lineno(tree, blank)
    if not indented:
        return tree.body
    wrapper, *rest = tree.body
    if not isinstance(wrapper, ast.If) or wrapper.orelse:
        return None
    return [*wrapper.body, *rest]
