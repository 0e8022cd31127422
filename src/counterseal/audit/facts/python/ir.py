"""The form in which the code of a Python file leaves the parser: plain nested tuples.

Facts must be small, cacheable, and cheap to move between processes, so they are tuples of marshal's types; there is no
syntax tree after this stage. Every node is ``(TAG, line, ...)``. Function bodies are stored as marshal bytes of their own
and decoded only when the surface needs them.

Expressions::

    (CONST, line, value)                      str, bytes, int, float, complex, bool, None, Ellipsis
    (NAME, line, id)
    (ATTR, line, base, attr)
    (CALL, line, func, args, keywords, end)   args: expr..; keywords: (name or None for **, expr)..
    (SUB, line, base, index)
    (FSTR, line, parts)                       formatted parts are expressions, literal parts CONST
    (BIN, line, op, left, right)
    (BOOL, line, "and" | "or", values)
    (NOT, line, operand)
    (UN, line, op, operand)
    (CMP, line, left, ((op, right), ..))
    (DICT, line, keys, values)                a key is None for ``**mapping``
    (SEQ, line, "list" | "tuple" | "set", elements)
    (IFEXP, line, test, then, else)
    (LAMBDA, line, params, body)
    (COMP, line, kind, element, value or None, ((target, iterable, conditions), ..))
    (YIELD, line, value or None)
    (WALRUS, line, name, value)
    (STAR, line, value)
    (SLICE, line, lower, upper, step)

``await x`` is ``x``.

Statements::

    (ASSIGN, line, targets, value, end)
    (AUG, line, target, op, value)
    (ANN, line, target, annotation, value or None, end)
    (EXPR, line, value)
    (RETURN, line, value or None)
    (RAISE, line, exception or None)
    (IF, line, test, body, orelse)
    (FOR, line, target, iterable, body, orelse)
    (WHILE, line, test, body, orelse)
    (TRY, line, body, ((type or None, name or None, body), ..), orelse, final)
    (WITH, line, ((context, target or None), ..), body)
    (DEL, line, targets)
    (ASSERT, line, test)
    (BREAK, line) (CONTINUE, line) (PASS, line)
    (GLOBAL, line, names)
    (DEF, line, index)                        index into ``Facts.functions``
    (CLASS, line, index)                      index into ``Facts.classes``
    (IMPORT, line, bindings)                  (local name, dotted target)..
    (MATCH, line, subject, ((values, names, guard, body), ..))
"""

from __future__ import annotations

import marshal
from dataclasses import dataclass
from typing import Any

Node = tuple[Any, ...]

CONST, NAME, ATTR, CALL, SUB, FSTR, BIN, BOOL, NOT, UN, CMP = (
    "const", "name", "attr", "call", "sub", "fstr", "bin", "bool", "not", "un", "cmp",
)  # fmt: skip
DICT, SEQ, IFEXP, LAMBDA, COMP, YIELD, WALRUS, STAR, SLICE = (
    "dict", "seq", "ifexp", "lambda", "comp", "yield", "walrus", "star", "slice",
)  # fmt: skip
ASSIGN, AUG, ANN, EXPR, RETURN, RAISE, IF, FOR, WHILE, TRY, WITH = (
    "assign", "aug", "ann", "expr", "return", "raise", "if", "for", "while", "try", "with",
)  # fmt: skip
DEL, ASSERT, BREAK, CONTINUE, PASS, GLOBAL, DEF, CLASS, IMPORT, MATCH = (
    "del", "assert", "break", "continue", "pass", "global", "def", "class", "import", "match",
)  # fmt: skip

POSITIONAL, KEYWORD_ONLY, VAR_POSITIONAL, VAR_KEYWORD = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Function:
    """One function or method of a file. Its body is decoded on demand by `body_of`."""

    name: str
    qualname: str
    line: int
    """The line of ``def``."""
    first_line: int
    """The line of the first decorator, or of ``def``."""
    end_line: int
    decorators: tuple[Node, ...]
    params: tuple[tuple[str, Node | None, Node | None, int], ...]
    """(name, annotation, default, kind)."""
    returns: Node | None
    is_async: bool
    is_generator: bool
    class_index: int
    """Index of the class whose body holds it, or -1."""
    parent: int
    """Index of the function whose body holds it, or -1."""
    calls: tuple[str, ...]
    """Distinct callees as written, dotted where they are (``jwt.decode``, ``.execute`` on something else)."""
    body: bytes


@dataclass(frozen=True, slots=True)
class Class:
    """One class of a file."""

    name: str
    qualname: str
    line: int
    end_line: int
    bases: tuple[Node, ...]
    keywords: tuple[tuple[str | None, Node], ...]
    decorators: tuple[Node, ...]
    methods: tuple[tuple[str, int], ...]
    body: tuple[Node, ...]
    parent: int
    """Index of the function whose body holds it, or -1."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that was read from one Python file."""

    path: str
    lines: int
    imports: tuple[tuple[str, str, int, bool], ...]
    """(local name, dotted target with leading dots for relative ones, line, at module level); name ``*`` for star imports."""
    functions: tuple[Function, ...]
    classes: tuple[Class, ...]
    body: bytes
    """The module's own statements."""
    calls: tuple[str, ...]
    """As in `Function.calls`, for the module's own statements."""
    strings: tuple[tuple[int, str, str], ...]
    """(line, name it is bound to, value): string literals given to a name, keyword, key or default."""
    rebound: tuple[str, ...]
    """Module names that some function assigns to (``global``): they are no constants."""
    lost: tuple[tuple[int, int, str], ...]
    """Line ranges that could not be read, and why."""


def body_of(blob: bytes) -> tuple[Node, ...]:
    """Decode the statements of a function or module."""
    statements: tuple[Node, ...] = marshal.loads(blob)  # noqa: S302 - part of a blob whose digest was checked
    return statements


def dump(facts: tuple[Any, ...]) -> bytes:
    """Serialise the raw tuple that `counterseal.audit.facts.python.extract` makes."""
    return marshal.dumps(facts)


def load(blob: bytes) -> Facts:
    """Read facts back. The caller has checked the integrity of ``blob``: marshal does not defend itself."""
    path, lines, imports, functions, classes, body, calls, strings, rebound, lost = marshal.loads(blob)  # noqa: S302
    return Facts(
        path,
        lines,
        imports,
        tuple([Function(*f) for f in functions]),
        tuple([Class(*c) for c in classes]),
        body,
        calls,
        strings,
        rebound,
        lost,
    )


def dotted(node: Node | None) -> str | None:
    """``a.b.c`` for a chain of names, else ``None``."""
    parts: list[str] = []
    while (node is not None and node[0] is ATTR) or (node is not None and node[0] == ATTR):
        parts.append(node[3])
        node = node[2]
    if node is None or node[0] != NAME:
        return None
    parts.append(node[2])
    return ".".join(reversed(parts))
