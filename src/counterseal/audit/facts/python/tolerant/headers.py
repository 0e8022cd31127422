"""Headers of compound statements, each read for itself."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

from counterseal.audit.facts.python.tolerant.grammar import parse_concretely
from counterseal.audit.facts.python.tolerant.model import UNREADABLE
from counterseal.audit.facts.python.tolerant.place import parse_lines
from counterseal.audit.facts.python.tolerant.strict import parse_strictly

_BEFORE = {"elif": "if 1: pass", "else": "if 1: pass", "except": "try: pass", "finally": "try: pass", "case": "match 1:"}
"""What has to stand before a clause for it to be one."""
_CLAUSES = frozenset(_BEFORE) - {"case"}
_NAMED = re.compile(r"\s*(?:async\s+)?(def|class)\s+\w+")
_TYPE_PARAMETERS = re.compile(r"(\s*(?:async\s+)?(?:def|class)\s+\w+\s*)(\[[^\]]*\]+)")
_COLON = re.compile(r":[^\S\n]*(?:#[^\n]*)?\s*\Z")
_PLACEHOLDERS = {
    "if": f"if {UNREADABLE}:",
    "elif": f"elif {UNREADABLE}:",
    "while": f"while {UNREADABLE}:",
    "for": f"for {UNREADABLE} in {UNREADABLE}:",
    "async for": f"async for {UNREADABLE} in {UNREADABLE}:",
    "with": f"with {UNREADABLE}:",
    "async with": f"async with {UNREADABLE}:",
    "except": f"except {UNREADABLE}:",
    "match": f"match {UNREADABLE}:",
    "case": f"case _ if {UNREADABLE}:",
    "try": "try:",
    "else": "else:",
    "finally": "finally:",
}


@dataclass(frozen=True, slots=True)
class Header:
    """A header as a statement whose body is to be replaced; ``None``: it opens no block."""

    node: ast.stmt | None
    damaged: bool
    """Not all of it could be read."""
    inline: list[ast.stmt] = field(default_factory=list)
    """Statements after the colon, on the same line."""


def is_clause(word: str) -> bool:
    """Whether a line that starts so continues the statement before it."""
    return word in _CLAUSES


def header(lines: list[str], first: int, indent: int, word: str) -> Header:
    """Read the header that starts on line ``first``. An unreadable condition becomes the name `UNREADABLE`."""
    written = "\n".join(lines)
    if not _COLON.search(written):
        node = _parsed(written, "", first, indent, word)
        if node is not None and (inline := _inline(node, word)):
            return Header(_trimmed(node, word), damaged=False, inline=inline)
    for text, damaged in ((written, False), (_without_type_parameters(written), False), (f"{written.rstrip()}:", True)):
        node = _parsed(text, "pass", first, indent, word)
        if node is not None:
            return Header(_trimmed(node, word), damaged)
    placeholder = _placeholder(written, word)
    node = None if placeholder is None else _parsed(placeholder, "pass", first, indent, word)
    return Header(None if node is None else _trimmed(node, word), damaged=True)


def decorator(lines: list[str], first: int, indent: int) -> tuple[ast.expr, bool]:
    """The expression of a decorator, and whether it could be read; if not, it is the name `UNREADABLE`."""
    found = _either([*lines, " " * indent + "def _(): pass"], first, indent > 0)
    if found and isinstance(found[-1], ast.FunctionDef) and len(found[-1].decorator_list) == 1:
        return found[-1].decorator_list[0], True
    last = first + len(lines) - 1
    return ast.Name(UNREADABLE, ast.Load(), lineno=first, col_offset=indent, end_lineno=last, end_col_offset=indent), False


def _placeholder(written: str, word: str) -> str | None:
    """A header of the same kind with nothing in it that could not be read."""
    margin = written[: len(written) - len(written.lstrip())]
    named = _NAMED.match(written)
    if named:
        return f"{named[0]}():" if named[1] == "def" else f"{named[0]}:"
    if word == "async":
        word = " ".join(written.split(maxsplit=2)[:2])
    return margin + _PLACEHOLDERS[word] if word in _PLACEHOLDERS else None


def _without_type_parameters(written: str) -> str:
    """Blanks in place of ``[T: int = str]``: newer than both parsers, and of no consequence."""
    return _TYPE_PARAMETERS.sub(lambda found: found[1] + re.sub(r"[^\n]", " ", found[2]), written, count=1)


def _parsed(written: str, block: str, first: int, indent: int, word: str) -> ast.stmt | None:
    """The statement that a header makes with the given block, and with what has to stand before and after it."""
    lines = written.rstrip().split("\n")
    deeper, level = " " * (indent + 1), " " * indent
    if block and not _COLON.search(written):
        return None
    if block:
        lines.append(deeper + ("case _: pass" if word == "match" else block))
    if word == "try":
        lines.append(level + "finally: pass")
    before = _BEFORE.get(word)
    if word == "case":  # it is always deeper than its match, which can then stand at the margin
        found = _either(lines, first, False, "match 1:")
    elif before is not None:
        found = _either(lines, first, indent > 0, level + before)
    else:
        found = _either(lines, first, indent > 0)
    return found[-1] if found else None


def _either(lines: list[str], first: int, indented: bool, *above: str) -> list[ast.stmt] | None:
    return parse_lines(lines, first, indented, parse_strictly, above) or parse_lines(
        lines, first, indented, parse_concretely, above
    )


def _inline(node: ast.stmt, word: str) -> list[ast.stmt]:
    match node:
        case ast.If() if word == "elif" and isinstance(node.orelse[0], ast.If):
            return node.orelse[0].body
        case ast.If() if word == "else":
            return node.orelse
        case ast.Try() | ast.TryStar() if word == "except":
            return node.handlers[0].body
        case ast.Try() if word == "finally":
            return node.finalbody
        case ast.Match() if word == "case":
            return node.cases[0].body
        case ast.If() | ast.For() | ast.AsyncFor() | ast.While() | ast.With() | ast.AsyncWith() | ast.Try():
            return node.body
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return node.body
        case _:
            return []


def _trimmed(node: ast.stmt, word: str) -> ast.stmt:
    """Without what was added to make a statement of the header."""
    if word == "elif" and isinstance(node, ast.If):
        return node.orelse[0]
    if word == "try" and isinstance(node, ast.Try):
        node.finalbody = []
    if word == "match" and isinstance(node, ast.Match):
        node.cases = []
    return node
