"""Reads what can be read of a damaged file, block by block.

The file is cut into statements by indentation. Runs of good statements go to the interpreter's parser at once; a statement that
it refuses is tried with the tolerant grammar, and if that fails too, its headers and its blocks are read each for itself. So
damage stays where it is: a function with one unreadable line keeps its name, its decorators and all its other statements.

A condition or decorator that is lost is not left out but stands as the name ``__unreadable__``: code behind an unreadable check
is not code without a check.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field

from counterseal.audit.facts.python.tolerant.grammar import parse_concretely
from counterseal.audit.facts.python.tolerant.headers import decorator, header, is_clause
from counterseal.audit.facts.python.tolerant.lines import Line, logical_lines
from counterseal.audit.facts.python.tolerant.model import LostRange
from counterseal.audit.facts.python.tolerant.place import parse_lines
from counterseal.audit.facts.python.tolerant.strict import parse_strictly

MAX_DAMAGES = 400
"""After this many unreadable statements the rest of the file counts as lost: it is hardly Python."""
_DEEPEST = 60
"""Blocks within blocks; the interpreter itself takes 100."""


def salvage(text: str) -> tuple[list[ast.stmt], list[LostRange]]:
    """The readable statements of a text, and the lines that are lost."""
    reader = _Reader(text.split("\n"))
    return reader.block(logical_lines(text)), reader.lost


@dataclass(frozen=True, slots=True)
class _Unit:
    """A statement: its decorators, its first line, and everything deeper or continuing (``else`` and the like)."""

    lines: Sequence[Line]

    @property
    def first(self) -> int:
        return self.lines[0].first

    @property
    def last(self) -> int:
        return self.lines[-1].last


@dataclass(slots=True)
class _Reader:
    source: list[str]
    lost: list[LostRange] = field(default_factory=list)
    damages: int = 0
    depth: int = 0

    def block(self, lines: Sequence[Line]) -> list[ast.stmt]:
        """The statements of a block, all of whose lines are given."""
        if not lines:
            return []
        if self.depth > _DEEPEST:
            self._lose(lines[0].first, lines[-1].last, "nested too deeply")
            return []
        self.depth += 1
        try:
            return self._units(_units(lines))
        finally:
            self.depth -= 1

    def _units(self, units: Sequence[_Unit]) -> list[ast.stmt]:
        """Bisection: a run of good statements costs one parse."""
        if not units:
            return []
        first, last = units[0].first, units[-1].last
        if self.damages >= MAX_DAMAGES:
            self._lose(first, last, "too much of the file is not valid Python")
            return []
        found = parse_lines(self._lines(first, last), first, units[0].lines[0].indent > 0, parse_strictly)
        if found is not None:
            return found
        if len(units) == 1:
            return self._one(units[0])
        middle = len(units) // 2
        return self._units(units[:middle]) + self._units(units[middle:])

    def _one(self, unit: _Unit) -> list[ast.stmt]:
        lines = self._lines(unit.first, unit.last)
        if unit.lines[0].word == "lazy":  # PEP 810, of which neither parser knows; the columns of this one line are not exact
            lines[0] = lines[0].replace("lazy ", "", 1)
        found = parse_lines(lines, unit.first, unit.lines[0].indent > 0, parse_concretely)
        if found is not None:
            return found
        self.damages += 1
        clauses = _clauses(unit.lines)
        if len(clauses) == 1 and len(clauses[0].body) == 0 and not clauses[0].header.colon and not clauses[0].decorators:
            why = "not valid Python" if clauses[0].header.closed else "a bracket or a string is never closed"
            self._lose(unit.first, unit.last, why)
            return []
        return self._compound(clauses)

    def _compound(self, clauses: Sequence[_Clause]) -> list[ast.stmt]:
        """A statement with blocks: each header and each block for itself."""
        first = clauses[0]
        node, inline = self._header(first)
        if node is None:  # no statement that has a block: what is below it stands beside it
            return self.block(first.body) + [each for clause in clauses[1:] for each in self.block(clause.body)]
        attach = _Attach(node)
        attach.body(self._cases(first, node) if isinstance(node, ast.Match) else self._block_of(first, inline))
        for clause in clauses[1:]:
            found, inline = self._header(clause)
            body = self._block_of(clause, inline)
            if found is None or not attach.clause(clause.header.word, found, body):
                attach.beside(body)
        if isinstance(node, ast.Try) and not node.handlers and not node.finalbody:
            self._lose(first.header.first, first.header.last, "a try without except or finally")
            node.finalbody = [_pass(clauses[-1].last)]
        last = clauses[-1].last
        return attach.finished(last, len(self.source[last - 1].encode("utf-8", "replace")))

    def _block_of(self, clause: _Clause, inline: list[ast.stmt]) -> list[ast.stmt]:
        """The statements below a header; never none, as a tree requires."""
        line = clause.header.last
        if not clause.body and not inline:
            self._lose(line, line, "the block that belongs here is missing")
        return inline + self.block(clause.body) or [_pass(line)]

    def _cases(self, clause: _Clause, node: ast.Match) -> list[ast.stmt]:
        """The cases of a ``match`` are no statements: they go into the node, and nothing is left for its body."""
        for unit in _units(clause.body):
            for each in _clauses(unit.lines):
                found, inline = self._header(each)
                body = self._block_of(each, inline)
                if isinstance(found, ast.Match) and len(found.cases) == 1:
                    found.cases[0].body = body
                    node.cases += found.cases
        return []

    def _header(self, clause: _Clause) -> tuple[ast.stmt | None, list[ast.stmt]]:
        """The header of a clause as a statement whose body is to be set, and what follows its colon."""
        line = clause.header
        result = header(self._lines(line.first, line.last), line.first, line.indent, line.word)
        if result.damaged:
            why = "not valid Python" if line.closed else "a bracket or a string is never closed"
            self._lose(line.first, line.last, why)
        if isinstance(result.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for each in clause.decorators:
                found, whole = decorator(self._lines(each.first, each.last), each.first, each.indent)
                result.node.decorator_list.append(found)
                if not whole:
                    self._lose(each.first, each.last, "a decorator that is not valid Python")
        elif clause.decorators:
            self._lose(clause.decorators[0].first, clause.decorators[-1].last, "a decorator of nothing")
        return result.node, result.inline

    def _lines(self, first: int, last: int) -> list[str]:
        return self.source[first - 1 : last]

    def _lose(self, first: int, last: int, why: str) -> None:
        self.lost.append(LostRange(first, last, why))


def _pass(line: int) -> ast.stmt:
    return ast.Pass(lineno=line, col_offset=0, end_lineno=line, end_col_offset=0)


@dataclass(frozen=True, slots=True)
class _Clause:
    """A header with its block: a statement, or a further part of one."""

    decorators: Sequence[Line]
    header: Line
    body: Sequence[Line]

    @property
    def last(self) -> int:
        return (self.body[-1] if self.body else self.header).last


def _units(lines: Sequence[Line]) -> list[_Unit]:
    """Cut the lines of a block into statements. A line that is less deep than the block is taken to be part of it."""
    base = lines[0].indent if lines else 0
    starts: list[int] = []
    decorated = False
    for index, line in enumerate(lines):
        if line.indent > base:
            continue
        if not starts or not (decorated or is_clause(line.word)):
            starts.append(index)
        decorated = line.word == "@"
    return [_Unit(lines[start:end]) for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]


def _clauses(lines: Sequence[Line]) -> list[_Clause]:
    base = lines[0].indent
    decorators = 0
    while decorators + 1 < len(lines) and lines[decorators].word == "@":
        decorators += 1
    starts = [index for index in range(decorators, len(lines)) if lines[index].indent <= base or index == decorators]
    clauses = []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        above = lines[:decorators] if start == decorators else []
        clauses.append(_Clause(above, lines[start], lines[start + 1 : end]))
    return clauses


@dataclass(slots=True)
class _Attach:
    """Puts the clauses of one statement together."""

    node: ast.stmt
    current: ast.stmt = field(init=False)
    """The innermost ``if`` of an ``elif`` chain, else the statement itself."""
    after: list[ast.stmt] = field(default_factory=list)
    """What belongs to no clause that the statement can have."""

    def __post_init__(self) -> None:
        self.current = self.node

    def body(self, statements: list[ast.stmt]) -> None:
        if not isinstance(self.node, ast.Match):
            self.node.body = statements  # type: ignore[attr-defined]

    def clause(self, word: str, found: ast.stmt, body: list[ast.stmt]) -> bool:
        """Add ``else``, ``elif``, ``except`` or ``finally``; false if the statement cannot have it."""
        node = self.current
        if word == "elif" and isinstance(node, ast.If) and isinstance(found, ast.If) and not node.orelse:
            found.body = body
            node.orelse = [found]
            self.current = found
        elif (
            word == "else"
            and isinstance(node, ast.If | ast.For | ast.AsyncFor | ast.While | ast.Try | ast.TryStar)
            and not node.orelse
        ):
            node.orelse = body
        elif word == "except" and isinstance(node, ast.Try | ast.TryStar) and isinstance(found, ast.Try | ast.TryStar):
            found.handlers[0].body = body
            node.handlers += found.handlers
        elif word == "finally" and isinstance(node, ast.Try | ast.TryStar):
            node.finalbody = body
        else:
            return False
        return True

    def beside(self, body: list[ast.stmt]) -> None:
        """Statements of a clause that fits nowhere run, or not, after the rest."""
        self.after += body

    def finished(self, last: int, column: int) -> list[ast.stmt]:
        """The statement, which ends at ``column`` of line ``last``, and what stands beside it."""
        self.node.end_lineno, self.node.end_col_offset = last, column
        if isinstance(self.node, ast.Match) and not self.node.cases:
            return [
                ast.Expr(self.node.subject, lineno=self.node.lineno, col_offset=0, end_lineno=last, end_col_offset=0),
                *self.after,
            ]
        return [self.node, *self.after]
