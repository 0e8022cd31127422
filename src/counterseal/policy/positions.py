"""On which line of a TOML document each key stands: `tomllib` does not say."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Mapping

Path = tuple[str | int, ...]
"""Keys and list indices from the top of the document."""

MAX_DEPTH = 100
"""Deepest nesting of arrays and inline tables; no policy comes near."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r"""
    "{3} (?:[^\\]|\\.)*? "{3,5} (?!")   # basic, many lines
    | '{3} .*? '{3,5} (?!')              # literal, many lines
    | " (?:[^"\\\n]|\\.)* "             # basic
    | ' [^'\n]* '                        # literal
    """,
    re.DOTALL | re.VERBOSE,
)
_SCALAR = re.compile(r"[^,\]}\n#]*")


def positions(text: str) -> Mapping[Path, int]:
    """The line, counted from 1, of every key and list item. ``text`` must be valid TOML (`tomllib` accepts it).

    Raises:
        RecursionError: when arrays are nested deeper than `MAX_DEPTH`.
    """
    return _Scanner(text).scan()


def line_of(known: Mapping[Path, int], path: Path) -> int:
    """The line of a key, or of the nearest key around it; 0 when there is none."""
    while path:
        if path in known:
            return known[path]
        path = path[:-1]
    return 0


class _Scanner:
    """One pass over a valid document, with just enough grammar to follow keys."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Path, int] = {}
        self.newlines = [match.start() for match in re.finditer("\n", text)]
        self.lengths: dict[Path, int] = {}
        """How many tables each array of tables has so far."""

    def scan(self) -> dict[Path, int]:
        table: Path = ()
        self.skip()
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table, 0)
            self.skip()
        return self.lines

    def skip(self) -> None:
        match = _BLANK.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def note(self, path: Path, at: int) -> None:
        self.lines.setdefault(path, bisect_right(self.newlines, at - 1) + 1)

    def header(self) -> Path:
        start = self.at
        array = self.text.startswith("[[", self.at)
        self.at += 2 if array else 1
        *parents, last = self.keys()
        self.at += 2 if array else 1
        path: Path = ()
        for key in parents:
            path = self.current((*path, key))
            self.note(path, start)
        path = (*path, last)
        self.note(path, start)
        if array:
            self.lengths[path] = self.lengths.get(path, 0) + 1
        path = self.current(path)
        self.note(path, start)
        return path

    def current(self, path: Path) -> Path:
        """The table that a key path means now: the last one of an array of tables."""
        return (*path, self.lengths[path] - 1) if path in self.lengths else path

    def keys(self) -> list[str]:
        found = []
        while True:
            self.skip()
            found.append(self.key())
            self.skip()
            if self.text[self.at : self.at + 1] != ".":
                return found
            self.at += 1

    def key(self) -> str:
        bare = _BARE_KEY.match(self.text, self.at)
        if bare is not None:
            self.at = bare.end()
            return bare.group()
        return str(tomllib.loads("key = " + self.string())["key"])

    def string(self) -> str:
        match = _STRING.match(self.text, self.at)
        if match is None:
            raise ValueError(f"not TOML at offset {self.at}")
        self.at = match.end()
        return match.group()

    def pair(self, table: Path, depth: int) -> None:
        start = self.at
        path = table
        for key in self.keys():
            path = (*path, key)
            self.note(path, start)
        self.at += 1  # the equals sign
        self.skip()
        self.value(path, depth)

    def value(self, path: Path, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise RecursionError("nested too deeply")
        opening = self.text[self.at : self.at + 1]
        if opening in ('"', "'"):
            self.string()
        elif opening == "[":
            self.items("]", path, depth)
        elif opening == "{":
            self.items("}", path, depth)
        else:
            match = _SCALAR.match(self.text, self.at)
            self.at = match.end() if match else self.at

    def items(self, closing: str, path: Path, depth: int) -> None:
        self.at += 1
        index = 0
        self.skip()
        while self.text[self.at] != closing:
            if closing == "}":
                self.pair(path, depth + 1)
            else:
                self.note((*path, index), self.at)
                self.value((*path, index), depth + 1)
                index += 1
            self.skip()
            if self.text[self.at] == ",":
                self.at += 1
                self.skip()
        self.at += 1
