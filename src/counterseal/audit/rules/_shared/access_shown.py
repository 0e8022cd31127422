"""What an answer shows of the records that the application keeps: which model, which field, whose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from counterseal.audit.findings import Place
from counterseal.audit.rules._shared.access_models import model_of, schema_of, tables_of
from counterseal.audit.surface.flow import Return
from counterseal.audit.surface.model import DataModel, Route, Surface
from counterseal.audit.surface.values import Query, Value

WHOLE = "*"
"""The whole record."""
UNKNOWN_PART = "?"
"""Some part of the record, it is not known which."""
_DEEPEST = 6
_AGGREGATES = frozenset({"count", "len", "sum", "total", "exists"})


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """One thing that an answer shows."""

    model: str
    """Name of the model or table that it was read from; empty when it comes from no record."""
    field: str
    """The record's field, `WHOLE`, or `UNKNOWN_PART`."""
    key: str
    """The name under which it stands in the answer."""
    value: Value
    place: Place
    shape: DataModel | None = None
    """The schema that filters a record on its way out."""

    @property
    def own(self) -> bool:
        """Whether it is the caller's own."""
        return not self.value.must.isdisjoint({"who", "self"})


def shown(route: Route, surface: Surface) -> list[Shown]:
    """Everything that a route's answers show, apart from refusals."""
    found: list[Shown] = []
    declared = schema_of(route.response_model, surface, route.place.file) if route.response_model else None
    for event in route.flow.returns():
        if not event.refuses:
            found += _of_return(event, surface, declared)
    columns = {access.label: access.columns for access in route.flow.accesses() if access.columns}
    return [_with_column(item, columns) for item in found]


def _with_column(item: Shown, columns: Mapping[str, tuple[str, ...]]) -> Shown:
    """The item with its field, when that is a selected column of a table that was joined."""
    if item.field != UNKNOWN_PART or item.value.kind not in ("unknown", "member-of"):
        return item
    known = {column.rpartition(".")[2] for label in item.value.may for column in columns.get(label, ())}
    field = next((name for name in (item.value.name, item.key) if name in known), "")
    return replace(item, field=field) if field else item


def fields_shown(item: Shown, surface: Surface) -> frozenset[str]:
    """The fields of the record that leave the application."""
    if item.field not in (WHOLE, UNKNOWN_PART):
        return frozenset({item.field})
    model = model_of(item.model, surface)
    known = frozenset(model.fields) if model is not None else frozenset()
    if item.shape is not None:
        return _flat(item.shape, surface, 0)
    return known if item.field == WHOLE else frozenset()


def _flat(shape: DataModel, surface: Surface, depth: int) -> frozenset[str]:
    """The fields of a schema and of the schemas in it."""
    out = set(shape.fields)
    for each in shape.fields.values():
        inner = surface.models.get(each.type)
        if inner is not None and inner.kind == "schema" and depth < _DEEPEST:
            out |= _flat(inner, surface, depth + 1)
    return frozenset(out)


def _of_return(event: Return, surface: Surface, declared: DataModel | None) -> Iterator[Shown]:
    for item in _walk(event.value, "", event.place, surface, 0):
        if declared is None:
            yield item
        elif item.field in (WHOLE, UNKNOWN_PART):
            yield Shown(item.model, item.field, item.key, item.value, item.place, item.shape or declared)
        elif declared.extra_allowed or {item.key, item.field} & _flat(declared, surface, 0):
            yield item


def _walk(value: Value, key: str, place: Place, surface: Surface, depth: int) -> Iterator[Shown]:
    if depth > _DEEPEST:
        return
    if value.kind == "response":
        body = value.item("body")
        if value.name == "template" or body is None:
            yield from _loose(value, key, place, surface)
        elif value.name not in ("redirect", "file-response"):
            yield from _walk(body, key, place, surface, depth + 1)
    elif value.kind == "seq":
        for part in _elements(value):
            yield from _walk(part, key, place, surface, depth + 1)
    elif value.kind == "dict":
        yield from _of_dict(value, key, place, surface, depth)
    elif value.kind in ("obj", "row", "result", "query"):
        yield from _of_record(value, key, place, surface, depth)
    else:
        yield from _loose(value, key, place, surface)


def _elements(value: Value) -> list[Value]:
    if isinstance(value.items, list) and value.items:
        return [part for part in value.items if isinstance(part, Value)]
    return [value.extra] if isinstance(value.extra, Value) else []


def _of_dict(value: Value, key: str, place: Place, surface: Surface, depth: int) -> Iterator[Shown]:
    items: Mapping[str, object] = value.items if isinstance(value.items, dict) else {}
    for name, part in items.items():
        if isinstance(part, Value):
            yield from _walk(part, name, place, surface, depth + 1)
    if value.extra == "open" and not items:
        yield from _loose(value, key, place, surface)


def _of_record(value: Value, key: str, place: Place, surface: Surface, depth: int) -> Iterator[Shown]:
    inner = value.extra
    if value.kind == "result" and isinstance(inner, Value):
        yield from _walk(inner, key, place, surface, depth + 1)
    elif isinstance(inner, Query):
        model = inner.models[0] if inner.models else ""
        if inner.columns and WHOLE not in inner.columns:
            yield from (Shown(model, column.rpartition(".")[2], key, value, place) for column in inner.columns)
        else:
            yield Shown(model, WHOLE, key, value, place)
    elif "new" in value.may:
        yield Shown(value.name, WHOLE, key, value, place)
    elif value.kind == "obj" and isinstance(value.items, dict) and value.items:
        yield from _of_dict(value, key, place, surface, depth)
    else:
        yield from _loose(value, key, place, surface, surface.models.get(value.name))


def _loose(value: Value, key: str, place: Place, surface: Surface, shape: DataModel | None = None) -> Iterator[Shown]:
    """A single value, or something whose members are not known."""
    if value.kind == "text" and isinstance(value.items, list):
        for part in value.items:
            if isinstance(part, Value):
                yield from _loose(part, key if len(value.items) == 1 else "", place, surface)
        return
    origin = value.extra if isinstance(value.extra, Value) else None
    query = origin.extra if origin is not None and isinstance(origin.extra, Query) else None
    # A number or a yes tells about a record, but is no part of it.
    models = [] if value.type == "bool" or value.name in _AGGREGATES else tables_of(value)
    if query is not None and query.models and models:
        models = [query.models[0]]
    if not models:
        yield Shown("", value.name or key, key, value, place, shape)
    for name in models:
        yield Shown(name, _field(value, key, model_of(name, surface)), key, value, place, shape)


def _field(value: Value, key: str, model: DataModel | None) -> str:
    """Which field of a record a value is."""
    if model is None:
        return value.name or key or UNKNOWN_PART
    known = next((name for name in (value.name, key) if name in model.fields), "")
    # An attribute that is no column is a relation or computed: not the record's own fields.
    return known or (value.name if value.kind == "member-of" and value.name else UNKNOWN_PART)
