"""What a machine left in a source file that is no source: fences around code in an answer, marks of an unresolved merge.

Lines keep their numbers: what goes becomes a blank line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from counterseal.audit.facts.python.tolerant.lines import logical_lines
from counterseal.audit.facts.python.tolerant.model import LostRange
from counterseal.audit.facts.python.tolerant.strict import parse_strictly

_MARKS = re.compile(r"(<{7}|\|{7}|={7}|>{7})(?:\s|\Z)")
_FENCE = re.compile(r"\s*(```|~~~)")


@dataclass(frozen=True, slots=True)
class Repaired:
    """The text without what does not belong, and what that was."""

    text: str
    lost: tuple[LostRange, ...]


def repair(text: str) -> Repaired:
    """Take out Markdown fences (with the prose around them) and the marks of merge conflicts."""
    lines = text.split("\n")
    lost = _conflicts(lines)
    if any(_FENCE.match(line) for line in lines):
        lost += _fences(lines)
    return Repaired("\n".join(lines), tuple(lost))


def _conflicts(lines: list[str]) -> list[LostRange]:
    """Both sides of a conflict are kept: either may be what ships."""
    lost: list[LostRange] = []
    begun, in_base = 0, False
    for index, line in enumerate(lines):
        mark = _MARKS.match(line)
        if mark is None:
            if in_base:
                lines[index] = ""
            continue
        kind = mark[1][0]
        if kind == "<":
            begun = index + 1
        elif not begun:
            continue
        lines[index] = ""
        in_base = kind == "|"
        if kind == ">":
            lost.append(LostRange(begun, index + 1, "an unresolved merge conflict: both sides are read"))
            begun = 0
    return lost


def _fences(lines: list[str]) -> list[LostRange]:
    """Fences within strings are left alone; what stands outside of fences is kept only if it is code."""
    starts = [line.first for line in logical_lines("\n".join(lines)) if line.word == "`" or line.word == "~"]
    fences = [number for number in starts if _FENCE.match(lines[number - 1])]
    lost: list[LostRange] = []
    outside, begin = True, 1
    for number in [*fences, len(lines) + 1]:
        if outside and any(line.strip() for line in lines[begin - 1 : number - 1]):
            region = lines[begin - 1 : number - 1]
            if parse_strictly("\n".join(region)) is None:
                lines[begin - 1 : number - 1] = [""] * len(region)
                lost.append(LostRange(begin, number - 1, "text around the code"))
        if number <= len(lines):
            lines[number - 1] = ""
            lost.append(LostRange(number, number, "a Markdown fence"))
        outside, begin = not outside, number + 1
    return lost
