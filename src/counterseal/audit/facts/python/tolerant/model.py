"""What tolerant parsing gives back."""

from __future__ import annotations

import ast
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LostRange:
    """Lines (counted from 1, both included) of which something could not be read, and why."""

    line: int
    end_line: int
    why: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """A syntax tree of everything that could be read. ``lost`` is empty when that is the whole file.

    Positions are those of the standard library: lines from 1, columns in bytes of UTF-8. Lines end at ``\\n``, ``\\r\\n`` and ``\\r`` only.
    """

    tree: ast.Module
    lost: tuple[LostRange, ...]
