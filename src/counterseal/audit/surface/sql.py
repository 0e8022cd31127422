"""SQL text, read far enough to know which tables and columns a statement touches and where its values come from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from counterseal.audit.surface.values import Condition, Query, Value, union

_HOLE = "\x00"
_VERB = re.compile(
    r"^\s*(?:WITH\b.*?\)\s*)?(SELECT|INSERT|UPDATE|DELETE|REPLACE|CREATE|ALTER|DROP|PRAGMA|BEGIN|COMMIT)",
    re.IGNORECASE | re.DOTALL,
)
_TABLE = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+[\"'`\[]?(?:\w+\.)?[\"'`\[]?(\w+)", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"'[^'\x00]*'|%\((\w+)\)s|(?<![:\w]):([A-Za-z_]\w*)|\$(\d+)|%s|\?")
_OPERAND = r"(\x00\d+\x00|'[^'\x00]*(?:\x00\d+\x00)[^']*'|'[^']*'|-?\d+|NULL|TRUE|FALSE)"
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
    if _VERB.match(text) is None:
        return None
    text, holes = _numbered(text, holes, parameters)
    verb = _VERB.match(text)
    if verb is None:
        return None
    tables = tuple(dict.fromkeys(t.lower() for t in _TABLE.findall(text)))
    where = re.split(r"\bWHERE\b", text, maxsplit=1, flags=re.IGNORECASE)
    bind = _Binder(holes)
    action = verb.group(1).lower()
    written: tuple[tuple[str, Value], ...] = ()
    if action == "update":
        head = re.split(r"\bSET\b", where[0], maxsplit=1, flags=re.IGNORECASE)
        written = (*_assigned(head[1], bind), *_chosen_columns(head[1], holes)) if len(head) == 2 else ()
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
    return bind.value(found.group(1)) if found else None


def _chosen_columns(text: str, holes: Sequence[Value]) -> list[tuple[str, Value]]:
    """Holes that stand where columns are named: what is written is not fixed by the statement."""
    return [("*", holes[int(m.group(1))]) for m in _COLUMN_HOLE.finditer(text)]


def _numbered(text: str, holes: list[Value], parameters: Value | None) -> tuple[str, list[Value]]:
    """Placeholders become holes like those of a template, in the order of the text: expressions use them up too."""
    out = list(holes)
    position = 0

    def hole(m: re.Match[str]) -> str:
        nonlocal position
        if m.group(0).startswith("'"):
            return m.group(0)
        if m.group(1):
            value = _named(parameters, m.group(1))
        elif m.group(2):
            value = _named(parameters, m.group(2))
        else:
            index = int(m.group(3)) - 1 if m.group(3) else position
            position += 1
            value = _positional(parameters, index)
        out.append(value)
        return f"{_HOLE}{len(out) - 1}{_HOLE}"

    return _PLACEHOLDER.sub(hole, text), out


def _named(parameters: Value | None, name: str) -> Value:
    if parameters is None:
        return Value()
    found = parameters.items.get(name) if isinstance(parameters.items, dict) else None
    return found if isinstance(found, Value) else Value(may=parameters.may)


def _positional(parameters: Value | None, position: int) -> Value:
    if parameters is None:
        return Value()
    items = parameters.items
    if isinstance(items, list):
        return items[position] if 0 <= position < len(items) and isinstance(items[position], Value) else Value()
    return parameters


class _Binder:
    """Gives holes their values."""

    def __init__(self, holes: Sequence[Value]) -> None:
        self.holes = holes

    def value(self, operand: str) -> Value:
        """The value of one operand: a hole, text with a hole in it, or a literal."""
        hole = re.search(r"\x00(\d+)\x00", operand)
        return self.holes[int(hole.group(1))] if hole else Value(kind="const", const=operand.strip("'"))

    def all(self, expression: str) -> Value:
        """The union of all holes of an expression."""
        return union([self.holes[int(n)] for n in re.findall(r"\x00(\d+)\x00", expression)])


def _conditions(text: str, bind: _Binder) -> list[Condition]:
    either = re.search(r"\bOR\b", text, re.IGNORECASE) is not None
    out = []
    for m in _CONDITION.finditer(text):
        column, op, operand = m.group(1).rpartition(".")[2].lower(), m.group(2).upper(), m.group(3)
        op = {"=": "==", "<>": "!=", "IS": "is", "IN": "in"}.get(op, op.lower())
        out.append(Condition(column, op, bind.value(operand), either))
    return out


def _assigned(text: str, bind: _Binder) -> Iterator[tuple[str, Value]]:
    """``SET a = 1, b = b + ?``: every column with all that goes into it."""
    for part in _split(text):
        column, equals, expression = part.partition("=")
        name = column.strip(" \"'`[]\n\t").rpartition(".")[2].lower()
        if equals and name.isidentifier():
            yield name, bind.all(expression) if _HOLE in expression else bind.value(expression.strip())


def _inserted(text: str, bind: _Binder) -> tuple[tuple[str, Value], ...]:
    m = _INSERT.search(text)
    if m is None:
        return ()
    columns = [c.strip(" \"'`[]\n\t").lower() for c in m.group(2).split(",")]
    values = [v.strip() for v in _split(m.group(3))]
    out = []
    for column, operand in zip(columns, values, strict=False):
        value = bind.all(operand) if "(" in operand else bind.value(operand)
        out.append((column, value))
    return tuple(out)


def _selected(text: str) -> tuple[str, ...]:
    m = _COLUMNS.match(text)
    if m is None:
        return ()
    return tuple(
        c if "(" in c else re.sub(r"^.*?\bAS\s+", "", c, flags=re.IGNORECASE).rpartition(".")[2].strip("\"'` ").lower()
        for c in _split(m.group(1))
    )


def _split(text: str) -> list[str]:
    """The parts between commas that stand in no parentheses."""
    out, depth, current = [], 0, ""
    for ch in text:
        depth += (ch == "(") - (ch == ")")
        if ch == "," and depth == 0:
            out.append(current.strip())
            current = ""
        else:
            current += ch
    out.append(current.strip())
    return out
