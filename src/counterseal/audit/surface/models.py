"""Data models of the program: tables, schemas, settings, with their fields and owners."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from counterseal.audit.facts.python import ir
from counterseal.audit.findings import Place
from counterseal.audit.result import NotChecked
from counterseal.audit.surface.inject import Machine
from counterseal.audit.surface.model import DataModel, Field
from counterseal.audit.surface.program import Cls, Func
from counterseal.audit.surface.schema import foreign_key
from counterseal.audit.surface.state import State
from counterseal.audit.surface.values import UNKNOWN, Value
from counterseal.audit.surface.vocabulary import OWNER_FIELD, PASSWORD_LIKE, PRINCIPAL_MODEL, snake
from counterseal.policy import Policy

_CREATE = re.compile(
    r"CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?[\"'`]?(?:\w+\.)?(\w+)[\"'`]?\s*\((.*)\)", re.IGNORECASE | re.DOTALL
)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_REFERENCES = re.compile(r"REFERENCES\s+[\"'`]?(\w+)", re.IGNORECASE)
_CONSTRAINT = re.compile(r"^\s*(PRIMARY|FOREIGN|UNIQUE|CHECK|CONSTRAINT|KEY|INDEX|EXCLUDE)\b", re.IGNORECASE)
_RELATIONS = ("relationship", "Relationship", "backref")


def data_models(m: Machine, policy: Policy) -> dict[str, DataModel]:
    """Every data model by class name and by qualified name; tables of raw SQL by table name."""
    out: dict[str, DataModel] = {}
    for ref in m.program.classes():
        kind = m.class_kind(ref)
        made = _attempt(m, ref, kind, policy) if kind else None
        if made is not None:
            if made.name not in out or (kind == "table" and out[made.name].kind != "table"):
                out[made.name] = made  # accesses name tables: a schema of the same name stands behind
            out[made.qualname] = made
            table = m.class_attrs(ref).get("__tablename__")
            if kind == "table":
                out.setdefault(str(table.const) if table is not None and isinstance(table.const, str) else snake(made.name), made)
    for made in _from_sql(m):
        out.setdefault(made.name, made)
    return _with_owners(out)


def _attempt(m: Machine, ref: Cls, kind: str, policy: Policy) -> DataModel | None:
    try:
        return _from_class(m, ref, kind, policy)
    except Exception as error:  # noqa: BLE001 (what goes wrong with one class must not hide the others)
        line = m.program.cls(ref).line
        m.failures.append(NotChecked(f"class {m.program.qualname(ref)}", m.failed(error), m.program.path(ref.module), line))
        return None


def _from_class(m: Machine, ref: Cls, kind: str, policy: Policy) -> DataModel:
    fields: dict[str, Field] = {}
    extra: bool | None = None
    for cls in reversed([c for c in m.program.mro(ref) if isinstance(c, Cls)]):
        item = m.program.cls(cls)
        path = m.program.path(cls.module)
        for statement in item.body:
            made = _field(m, cls, statement, path)
            if made is not None:
                fields[made.name] = made
        extra = _extra(m, cls, extra)
    item = m.program.cls(ref)
    for key, value in item.keywords:
        if key == "extra":
            extra = extra or (value[2] if value[0] == ir.CONST else value[3] if value[0] == ir.ATTR else "") == "allow"
    place = Place(m.program.path(ref.module), item.line, item.end_line)
    owner = None
    for resource in policy.resources.values():
        if resource.model.rpartition(".")[2] == item.name:
            owner = resource.owner
    mixin = any(m.know.base(n) == "user-mixin" for n in m.program.external_bases(ref))
    principal = mixin or (kind == "table" and _signs_in(item.name, fields))
    return DataModel(item.name, m.program.qualname(ref), kind, place, fields, extra, owner, principal)


def _signs_in(name: str, fields: Mapping[str, Field]) -> bool:
    """Whether callers sign in as these records: a password next to a name to sign in with, whatever the table is called."""
    named = any(part in f.lower() for f in fields for part in ("email", "username", "login", "phone"))
    secret = any(PASSWORD_LIKE.search(f) for f in fields)
    return named and (secret or bool(PRINCIPAL_MODEL.match(snake(name))))


def _extra(m: Machine, cls: Cls, known: bool | None) -> bool | None:
    config = m.class_attrs(cls).get("model_config")
    value = config.item("extra") if config is not None else None
    if value is None and config is not None and config.kind == "inst" and isinstance(config.items, dict):
        value = config.items.get("extra")
    inner = m.class_attrs(cls).get("Config")
    if value is None and inner is not None and isinstance(inner.ref, Cls):
        value = m.class_attrs(inner.ref).get("extra")
    if value is None:
        return known
    text = str(value.const).lower() if value.is_const else value.name.lower()
    return text == "allow"


def _field(m: Machine, cls: Cls, statement: ir.Node, path: str) -> Field | None:
    tag = statement[0]
    if tag == ir.ANN and statement[2][0] == ir.NAME:
        name, annotation, value = statement[2][2], statement[3], statement[4]
    elif tag == ir.ASSIGN and statement[2][0][0] == ir.NAME and statement[3][0] == ir.CALL:
        name, annotation, value = statement[2][0][2], None, statement[3]
    else:
        return None
    if name.startswith("__") or name == "model_config":
        return None
    declared = m.in_module(cls.module, lambda: m.annotation(annotation, State({}))) if annotation is not None else UNKNOWN
    metas = declared.items[1:] if declared.kind == "annotated" else []
    declared = declared.items[0] if declared.kind == "annotated" else declared
    default = m.class_attrs(cls).get(name)
    callee = (ir.dotted(value[2]) or "").rpartition(".")[2] if value is not None and value[0] == ir.CALL else ""
    if callee in _RELATIONS:
        return None
    options = dict(value[4]) if value is not None and value[0] == ir.CALL else {}
    names = {k for k in options if k} | {k for meta in metas if isinstance(meta.items, dict) for k in meta.items}
    type_ = m.scalar(declared) or _type_name(m, declared) or _column_type(value)
    foreign = foreign_key(value)
    return Field(
        name,
        type_,
        Place(path, statement[1]),
        primary=_true(options.get("primary_key")),
        foreign=foreign,
        unique=_true(options.get("unique")),
        bounded=bool(names & {"max_length", "le", "lt", "max_digits", "pattern", "regex"})
        or type_ in ("enum", "bool", "uuid", "date")
        or _sized(value),
        constrained=bool(names & {"pattern", "regex", "ge", "gt", "le", "lt", "min_length", "max_length"})
        or type_ in ("enum", "email", "url", "uuid"),
        default=default,
    )


def _true(node: ir.Node | None) -> bool:
    return node is not None and node[0] == ir.CONST and bool(node[2])


def _type_name(m: Machine, declared: Value) -> str:
    if isinstance(declared.ref, Cls):
        return m.program.cls(declared.ref).name
    if declared.kind == "seq":
        return "list"
    return str(declared.ref).rpartition(".")[2] if declared.kind == "ext" else ""


def _column_type(value: ir.Node | None) -> str:
    if value is None or value[0] != ir.CALL:
        return ""
    for arg in value[3]:
        name = (ir.dotted(arg[2] if arg[0] == ir.CALL else arg) or "").rpartition(".")[2].lower()
        for prefix, scalar in (
            ("int", "int"),
            ("bigint", "int"),
            ("smallint", "int"),
            ("str", "str"),
            ("varchar", "str"),
            ("char", "str"),
            ("text", "text"),
            ("unicodetext", "text"),
            ("largebinary", "bytes"),
            ("bool", "bool"),
            ("float", "float"),
            ("num", "float"),
            ("uuid", "uuid"),
            ("date", "date"),
            ("enum", "enum"),
        ):
            if name.startswith(prefix):
                return scalar
    return ""


def _sized(value: ir.Node | None) -> bool:
    """Whether a column's type has a length: ``String(120)``."""
    return (
        value is not None
        and value[0] == ir.CALL
        and any(arg[0] == ir.CALL and arg[3] and arg[3][0][0] == ir.CONST and isinstance(arg[3][0][2], int) for arg in value[3])
    )


def _from_sql(m: Machine) -> Iterable[DataModel]:
    for info in m.program.modules.values():
        for path, line, text in _statements(m, info.name):
            found = _CREATE.search(text)
            if found:
                yield _table(found.group(1).lower(), found.group(2), Place(path, line))


def _statements(m: Machine, module: str) -> Iterable[tuple[str, int, str]]:
    facts = m.program.modules[module].facts
    called = (call.rpartition(".")[2] for f in facts.functions for call in f.calls)
    if not facts.calls and not any(c in ("execute", "executescript", "execute_query", "query", "run") for c in called):
        return
    bodies = [m.program.modules[module].body] if _creates(facts.body) else []
    bodies += [
        m.program.body(Func(module, i))
        for i, f in enumerate(facts.functions)
        if any(c.rpartition(".")[2].startswith("execute") for c in f.calls) and _creates(f.body)
    ]
    for body in bodies:
        for line, text in _texts(body):
            for part in text.split(";"):
                yield facts.path, line, part


def _creates(blob: bytes) -> bool:
    """Whether a body may hold a text that makes a table, as far as its stored form shows."""
    upper = blob.upper()
    return b"CREATE" in upper and b"TABLE" in upper


def _texts(node: object) -> Iterable[tuple[int, str]]:
    if isinstance(node, tuple):
        if len(node) == 3 and node[0] == ir.CONST and isinstance(node[2], str):
            if "CREATE" in node[2].upper():
                yield node[1], node[2]
            return
        for part in node:
            yield from _texts(part)


def _table(name: str, body: str, place: Place) -> DataModel:
    fields: dict[str, Field] = {}
    depth, current = 0, ""
    columns: list[str] = []
    for ch in _COMMENT.sub(" ", body):
        depth += (ch == "(") - (ch == ")")
        if ch == "," and depth == 0:
            columns.append(current)
            current = ""
        else:
            current += ch
    for column in [*columns, current]:
        words = column.split()
        if not words or _CONSTRAINT.match(column):
            continue
        foreign = _REFERENCES.search(column)
        label = words[0].strip("\"'`[]").lower()
        fields[label] = Field(
            label,
            words[1].lower() if len(words) > 1 else "",
            place,
            primary="PRIMARY KEY" in column.upper(),
            foreign=foreign.group(1) if foreign else "",
            unique="UNIQUE" in column.upper(),
        )
    principal = _signs_in(name, fields)
    return DataModel(name, name, "table", place, fields, None, None, principal)


def _with_owners(models: Mapping[str, DataModel]) -> dict[str, DataModel]:
    principals = {name for name, made in models.items() if made.is_principal}
    out = {}
    for name, made in models.items():
        if made.kind == "table" and made.owner is None:
            made = replace(made, owner=_owner(made, principals, models))
        out[name] = made
    for _ in range(3):
        _inherit_owners(out)
    return out


def _inherit_owners(models: dict[str, DataModel]) -> None:
    """A record that belongs to an owned record belongs to the same owner (``transaction.card_id`` -> ``card.user_id``)."""
    for name, made in list(models.items()):
        if made.kind != "table" or made.owner is not None:
            continue
        for f in made.fields.values():
            target = models.get(f.foreign) if f.foreign else None
            if target is not None and target.owner is not None and target.qualname != made.qualname:
                models[name] = replace(made, owner=f.name)
                break


def _owner(made: DataModel, principals: set[str], models: Mapping[str, DataModel]) -> str | None:
    """The field that says whose record it is: a reference to the users, else a field named so."""
    if made.is_principal:
        return next((f.name for f in made.fields.values() if f.primary), "id")
    for f in made.fields.values():
        if f.foreign and (f.foreign in principals or f.foreign.rstrip("s") in principals):
            return f.name
    for f in made.fields.values():
        if OWNER_FIELD.match(f.name) and not f.primary:
            return f.name
    return None
