"""What tolerant parsing gives back."""

from __future__ import annotations

import ast
from dataclasses import dataclass

UNREADABLE = "__unreadable__"
"""A name that stands in the tree for a lost expression, where leaving it out would change what the code around it means."""


@dataclass(frozen=True, slots=True)
class LostRange:
    """Lines (counted from 1, both included) of which something could not be read, and why."""

    line: int
    end_line: int
    why: str


@dataclass(frozen=True, slots=True)
class Parsed:
    r"""A syntax tree of everything that could be read. ``lost`` is empty when that is the whole file.

    Positions are those of the standard library: lines from 1, columns in bytes of UTF-8. Lines end at ``\n``, ``\r\n`` and
    ``\r``, and nowhere else (so not as in `str.splitlines`).
    """

    tree: ast.Module
    lost: tuple[LostRange, ...]
