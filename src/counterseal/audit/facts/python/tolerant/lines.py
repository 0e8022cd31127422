"""Logical lines of a damaged source file.

A bracket that is never closed would swallow the rest of the file. So a line that starts with a keyword that no expression can
hold ends it, and so does a colon at the end of the first line of a block's header.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
    (?P<comment>\#[^\n]*)
  | (?P<string>[A-Za-z]{0,3}(?:
        \"\"\"(?:\\.|[^\\])*?(?:\"\"\"|\Z) | '''(?:\\.|[^\\])*?(?:'''|\Z) | "(?:\\.|[^\\\n"])*"? | '(?:\\.|[^\\\n'])*'?
    ))
  | (?P<open>[(\[{])
  | (?P<close>[)\]}])
  | (?P<joined>\\\n)
  | (?P<newline>\n)
  | (?P<word>\w+)
  | (?P<colon>:)
  | (?P<blank>[^\S\n]+)
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_RESYNC = re.compile(
    r"""
    \s*(?:
      (?:return|raise|import|while|try|with|pass|break|continue|del|global|nonlocal|assert|elif|except|finally|class)\b
    | (?:async\s+)?def\b
    | from\s+[\w.]+\s+import\b
    | @\w
    | (?:if|(?:async\s+)?for)\b[^\n]*:[^\S\n]*(?:\#[^\n]*)?(?:\n|\Z)
    )
    """,
    re.VERBOSE,
)
"""A line that starts so is no part of an expression, whatever brackets are open."""
_DEFINITION = re.compile(r"^([^\S\n]*)(?:(?:async\s+)?def\s+\w+\s*\(|class\s+\w+\s*[:(])", re.MULTILINE)
_OPENERS = frozenset("async case class def elif else except finally for if match try while with".split())  # noqa: SIM905
_TAB = 8


@dataclass(frozen=True, slots=True)
class Line:
    """A logical line. ``first`` and ``last`` are physical lines, from 1; ``indent`` counts columns, with tabs of 8."""

    first: int
    last: int
    indent: int
    word: str
    """Its first word, or its first character."""
    colon: bool
    """It ends with a colon: a block follows."""
    closed: bool
    """Every bracket and string that it opens is closed."""


def logical_lines(text: str) -> list[Line]:
    """All logical lines but blank ones and comments."""
    return _Scanner(text).run()


@dataclass(slots=True)
class _Scanner:
    text: str
    number: int = 1
    """Physical line, from 1."""
    first: int = 0
    """Physical line on which the logical line began; 0: it has not begun."""
    begin: int = 0
    """Index of the first character of that physical line."""
    depth: int = 0
    word: str = ""
    last_kind: str = ""
    closed: bool = True

    def run(self) -> list[Line]:
        found: list[Line] = []
        position = line_start = 0
        while (token := _TOKEN.match(self.text, position)) is not None:
            kind, value = token.lastgroup or "", token[0]
            position = token.end()
            if kind in ("newline", "joined"):
                if kind == "newline" and self.first and self._ends_at(position):
                    found.append(self._end(self.number))
                self.number += 1
                line_start = position
                continue
            if kind not in ("comment", "blank"):
                if not self.first:
                    self.first, self.begin, self.word = self.number, line_start, value
                if kind == "string" and "\n" in value and self._swallows_code(value):
                    value = value.partition("\n")[0]
                    position = token.start() + len(value)
                self._take(kind, value)
            self.number += value.count("\n")
        if self.first:
            found.append(self._end(self.number - self.text.endswith("\n")))
        return found

    def _ends_at(self, index: int) -> bool:
        """Whether the logical line ends with the physical line before ``index``."""
        if self.depth == 0 or _RESYNC.match(self.text, index) is not None:
            return True
        return self.last_kind == "colon" and self.word in _OPENERS

    def _swallows_code(self, string: str) -> bool:
        """Whether definitions less deep than the statement stand in a string: then its end is missing, and it ends elsewhere."""
        indent = self._indent()
        return any(len(found[1].expandtabs(_TAB)) < max(1, indent) for found in _DEFINITION.finditer(string))

    def _take(self, kind: str, value: str) -> None:
        self.last_kind = kind
        if kind == "open":
            self.depth += 1
        elif kind == "close":
            self.depth = max(0, self.depth - 1)
        elif kind == "string" and not _is_closed(value):
            self.closed = False

    def _end(self, last: int) -> Line:
        line = Line(self.first, last, self._indent(), self.word, self.last_kind == "colon", self.closed and self.depth == 0)
        self.first, self.depth, self.closed = 0, 0, True
        return line

    def _indent(self) -> int:
        column = 0
        for index in range(self.begin, len(self.text)):
            char = self.text[index]
            if char == " ":
                column += 1
            elif char == "\t":
                column = (column // _TAB + 1) * _TAB
            elif char != "\f":
                break
        return column


def _is_closed(string: str) -> bool:
    body = string.lstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    quote = body[:3] if body[:3] in ('"""', "'''") else body[:1]
    return len(body) >= 2 * len(quote) and body.endswith(quote)
