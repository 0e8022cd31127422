"""SQL text, read far enough to know which tables and columns a statement touches and where its values come from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from counterseal.audit.surface.values import Condition, Query, Value, union

_HOLE = "\x00"
_VERB = re.compile(
    r"^\s*(?:WITH\b.*?\)\s*)?(SELECT|INSERT|UPDATE|DELETE|REPLACE|CREATE|ALTER|DROP|PRAGMA|BEGIN|COMMIT)",
    re.IGNORECASE | re.DOTALL,
)
_TABLE = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+[\"'`\[]?(?:\w+\.)?[\"'`\[]?(\w+)", re.IGNORECASE)
_OPERAND = r"(\x00\d+\x00|%\((\w+)\)s|%s|\?|:(\w+)|\$(\d+)|'[^'\x00]*(?:\x00\d+\x00)[^']*'|'[^']*'|-?\d+|NULL|TRUE|FALSE)"
_CONDITION = re.compile(
    rf"\b([A-Za-z_][\w.]*)\s*(=|!=|<>|<=|>=|<|>|\bLIKE\b|\bILIKE\b|\bIN\b|\bIS\b)\s*\(?\s*(?:LOWER\()?\s*{_OPERAND}",
    re.IGNORECASE,
)
_COLUMNS = re.compile(r"^\s*SELECT\s+(?:DISTINCT\s+)?(.*?)\s+FROM\b", re.IGNORECASE | re.DOTALL)
_INSERT = re.compile(
    r"INTO\s+[\"'`\[]?(?:\w+\.)?(\w+)[\"'`\]]?\s*\(([^)]*)\)\s*VALUES\s*\((.*?)\)\s*(?:RETURNING|ON|;|$)",
    re.IGNORECASE | re.DOTALL,
)
_RETURNING = re.compile(r"\bRETURNING\s+([\w\s,.*]+?)\s*;?\s*$", re.IGNORECASE)
_COUNT = re.compile(r"^\s*(COUNT|SUM|AVG|MAX|MIN|EXISTS|COALESCE)\s*\(|^\s*1\s*$", re.IGNORECASE)
_PAGE = re.compile(rf"\bLIMIT\s+{_OPERAND}", re.IGNORECASE)
_COLUMN_HOLE = re.compile(r"(?:^|,|\()\s*[\"'`]?\x00(\d+)\x00[\"'`]?\s*(?==|,|\)|$)")
_INSERT_COLUMNS = re.compile(r"^.*?\bINTO\s+[\"'`\[]?(?:\w+\.)?\w+[\"'`\]]?\s*(\([^)]*\)).*$", re.IGNORECASE | re.DOTALL)
_LIMIT = re.compile(r"\bLIMIT\b|\bFETCH\s+FIRST\b|\bTOP\s+\d", re.IGNORECASE)


def template(value: Value) -> tuple[str, list[Value]] | None:
    """The text of a string value with numbered holes for what is not constant; ``None`` when it is not text."""
    if isinstance(value.const, str):
        return value.const, []
    if value.kind != "text" or not isinstance(value.items, list):
        return None
    holes: list[Value] = []
    parts: list[str] = []
    for piece in value.items:
        if isinstance(piece, str):
            parts.append(piece)
        else:
            parts.append(f"{_HOLE}{len(holes)}{_HOLE}")
            holes.append(piece)
    return "".join(parts), holes


def looks_like_sql(text: str) -> bool:
    """Whether a string is a SQL statement."""
    return _VERB.match(text) is not None


def read_sql(value: Value, parameters: Value | None) -> Query | None:
    """The query that a string is, with ``parameters`` bound to its placeholders; ``None`` when it is not SQL."""
    made = template(value)
    if made is None:
        return None
    text, holes = made
    verb = _VERB.match(text)
    if verb is None:
        return None
    tables = tuple(dict.fromkeys(t.lower() for t in _TABLE.findall(text)))
    where = re.split(r"\bWHERE\b", text, maxsplit=1, flags=re.IGNORECASE)
    bind = _Binder(holes, parameters)
    action = verb.group(1).lower()
    written: tuple[tuple[str, Value], ...] = ()
    if action == "update":
        head = re.split(r"\bSET\b", where[0], maxsplit=1, flags=re.IGNORECASE)
        written = (
            (*((c.column, c.value) for c in _conditions(head[1], bind)), *_chosen_columns(head[1], holes))
            if len(head) == 2
            else ()
        )
    elif action in ("insert", "replace"):
        written = (
            *_inserted(text, bind),
            *_chosen_columns(_INSERT_COLUMNS.sub(r"\1", text) if _INSERT_COLUMNS.search(text) else "", holes),
        )
    conditions = tuple(_conditions(where[1], bind)) if len(where) == 2 else ()
    returned = _RETURNING.search(text)
    columns = (
        _selected(text)
        if action == "select"
        else tuple(c.strip().lower() for c in returned.group(1).split(","))
        if returned
        else ()
    )
    counted = bool(columns) and all(_COUNT.match(c) for c in columns)
    may = union([*holes, *([parameters] if parameters else [])]).may
    return Query(
        models=tables,
        conditions=conditions,
        limited=bool(_LIMIT.search(text)),
        page=_page(text, bind),
        counted=counted,
        columns=() if columns == ("*",) else columns,
        verb="insert" if action == "replace" else action,
        labels=may,
        values=written,
        raw=True,
    )


def _page(text: str, bind: _Binder) -> Value | None:
    found = _PAGE.search(text)
    return bind.value(found.group(1), found.group(3)) if found else None


def _chosen_columns(text: str, holes: Sequence[Value]) -> list[tuple[str, Value]]:
    """Holes that stand where columns are named: what is written is not fixed by the statement."""
    return [("*", holes[int(m.group(1))]) for m in _COLUMN_HOLE.finditer(text)]


class _Binder:
    """Gives placeholders their values, in order of appearance."""

    def __init__(self, holes: Sequence[Value], parameters: Value | None) -> None:
        self.holes = holes
        self.parameters = parameters
        self.next = 0

    def value(self, operand: str, named: str | None) -> Value:
        hole = re.search(r"\x00(\d+)\x00", operand)
        if hole:
            return self.holes[int(hole.group(1))]
        if operand in ("?", "%s") or operand.startswith("$"):
            position = int(operand[1:]) - 1 if operand.startswith("$") else self.next
            self.next += 1
            return self._positional(position)
        if named and self.parameters is not None:
            items = self.parameters.items
            if isinstance(items, dict):
                found = items.get(named)
                return found if isinstance(found, Value) else Value(may=self.parameters.may)
            return Value(may=self.parameters.may)
        return Value(kind="const", const=operand.strip("'"))

    def _positional(self, position: int) -> Value:
        if self.parameters is None:
            return Value()
        items: Any = self.parameters.items
        if isinstance(items, list):
            return items[position] if 0 <= position < len(items) else Value()
        return self.parameters


def _conditions(text: str, bind: _Binder) -> list[Condition]:
    either = re.search(r"\bOR\b", text, re.IGNORECASE) is not None
    out = []
    for m in _CONDITION.finditer(text):
        column, op, operand = m.group(1).rpartition(".")[2].lower(), m.group(2).upper(), m.group(3)
        named = m.group(4) or m.group(5)
        op = {"=": "==", "<>": "!=", "IS": "is", "IN": "in"}.get(op, op.lower())
        out.append(Condition(column, op, bind.value(operand, named), either))
    return out


def _inserted(text: str, bind: _Binder) -> tuple[tuple[str, Value], ...]:
    m = _INSERT.search(text)
    if m is None:
        return ()
    columns = [c.strip(" \"'`[]\n\t").lower() for c in m.group(2).split(",")]
    values = [v.strip() for v in m.group(3).split(",")]
    out = []
    for column, operand in zip(columns, values, strict=False):
        named = re.match(r"(?::|%\()(\w+)", operand)
        out.append((column, bind.value(operand.strip(), named.group(1) if named else None)))
    return tuple(out)


def _selected(text: str) -> tuple[str, ...]:
    m = _COLUMNS.match(text)
    if m is None:
        return ()
    out, depth, current = [], 0, ""
    for ch in m.group(1):
        depth += (ch == "(") - (ch == ")")
        if ch == "," and depth == 0:
            out.append(current.strip())
            current = ""
        else:
            current += ch
    out.append(current.strip())
    return tuple(
        c if "(" in c else re.sub(r"^.*?\bAS\s+", "", c, flags=re.IGNORECASE).rpartition(".")[2].strip("\"'` ").lower()
        for c in out
    )
