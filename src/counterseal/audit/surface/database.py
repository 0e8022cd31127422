"""Database accesses of the abstract machine: object mappers and SQL text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from counterseal.audit.surface.flow import Access
from counterseal.audit.surface.program import Cls
from counterseal.audit.surface.queries import plural, refers_elsewhere, written
from counterseal.audit.surface.records import Records
from counterseal.audit.surface.sql import looks_like_sql, read_sql, template
from counterseal.audit.surface.state import State
from counterseal.audit.surface.values import NONE, UNKNOWN, Condition, Query, Value, replace, union
from counterseal.audit.surface.vocabulary import snake

QUERY_METHODS: Mapping[str, str] = {
    **dict.fromkeys(("where", "filter", "filter_by", "having", "exclude"), "narrow"),
    **dict.fromkeys(
        (
            "join",
            "outerjoin",
            "select_from",
            "join_from",
            "select_related",
            "prefetch_related",
            "options",
            "order_by",
            "group_by",
            "distinct",
            "with_for_update",
            "execution_options",
            "add_columns",
            "with_entities",
            "with_only_columns",
            "returning",
            "subquery",
            "alias",
            "cte",
            "correlate",
            "scalars",
            "unique",
            "mappings",
            "tuples",
            "offset",
            "reverse",
            "union",
            "yield_per",
            "populate_existing",
            "on_conflict_do_nothing",
            "values_list",
            "only",
            "defer",
            "annotate",
            "active_history",
            "columns",
            "partitions",
            "filter_columns",
            "enable_eagerloads",
            "params",
        ),
        "keep",
    ),
    **dict.fromkeys(("limit", "slice", "fetch", "top"), "limit"),
    **dict.fromkeys(
        (
            "first",
            "one",
            "one_or_none",
            "scalar_one",
            "scalar_one_or_none",
            "first_or_404",
            "one_or_404",
            "get_or_404",
            "get",
            "fetchone",
            "scalar",
            "last",
            "latest",
        ),
        "one",
    ),
    **dict.fromkeys(("all", "fetchall", "fetchmany", "to_list", "paginate", "partition"), "list"),
    **dict.fromkeys(("count", "exists", "rowcount"), "count"),
    "values": "values",
    "update": "update",
    "delete": "delete",
}
_RAISING = {"one", "scalar_one", "first_or_404", "one_or_404", "get_or_404"}
_RUNNERS = {
    "execute",
    "scalar",
    "scalars",
    "exec",
    "stream",
    "stream_scalars",
    "fetch_one",
    "fetch_all",
    "fetchrow",
    "fetchval",
    "fetch",
}


class Database(Records):
    """How queries are built up and run."""

    # -- models ---------------------------------------------------------------------------------------------------

    def table_attribute(self, base: Value, name: str, attr: Value | None) -> Value | None:
        """``Model.column``, ``Model.query``, ``Model.objects``; ``None`` when the attribute is something else."""
        model = self.program.cls(base.ref).name
        if name in ("query", "objects"):
            return self.query_value(Query((model,)), base.ref)
        if attr is not None and attr.kind in ("const", "seq", "dict") and not isinstance(attr.ref, str):
            return attr
        if name.startswith("__"):
            return attr or Value(kind="inst", ref="sqlalchemy.Table", name=name)
        return Value(kind="column", ref=base.ref, name=name, type=attr.type if attr else "")

    def query_value(self, query: Query, ref: Any = None) -> Value:
        """A query as a value."""
        must = self._owned(query.conditions)
        may = query.labels | frozenset(x for c in query.conditions for x in c.value.may)
        return Value(kind="query", ref=ref, extra=query, may=may, must=must, null=True)

    def created(self, value: Value, given: dict[str, Value], st: State, line: int, end: int) -> Value:
        """A new record: an instance of a table class with the values given to its constructor."""
        model = self.program.cls(value.ref).name
        label = self.fresh("obj")
        fields = tuple((k, v) for k, v in given.items())
        self.events.append(Access(*self.common(st, line, end), "create", (model,), (), label, True, False, (), fields))
        return replace(value, may=value.may | {label, "new"}, extra=label)

    # -- building -------------------------------------------------------------------------------------------------

    def start_query(self, args: list[Value]) -> Value | None:
        """``select(Model)``, ``session.query(Model.a, func.count())``."""
        models: list[str] = []
        columns: list[str] = []
        ref = None
        whole = counted = False
        for a in args:
            if a.kind == "cls" and self.class_kind(a.ref) == "table":
                models.append(self.program.cls(a.ref).name)
                ref = ref or a.ref
                whole = True
            elif a.kind == "column":
                models.append(self.program.cls(a.ref).name)
                columns.append(a.name)
                ref = ref or a.ref
            elif a.kind in ("aggregate", "query", "ext", "inst") or a.may & {"aggregate"}:
                counted = True
                if isinstance(a.ref, Cls):
                    models.append(self.program.cls(a.ref).name)
                    ref = ref or a.ref
        if not models and not counted:
            return None
        return self.query_value(
            Query(
                tuple(dict.fromkeys(models)),
                counted=counted and not whole and not columns,
                columns=() if whole else tuple(columns),
            ),
            ref,
        )

    def query_method(
        self, base: Value, name: str, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int
    ) -> Value:
        """A method of a query."""
        action = QUERY_METHODS.get(name, "")
        query: Query = base.extra
        if name == "get" and query.conditions == () and args:
            return self.db_get(base, args[0], st, line, end)
        if name == "get_or_404" and args:
            return self.demanded(self.db_get(base, args[0], st, line, end), st, line)
        handler = _QUERY_ACTIONS.get(action)
        if handler is None:
            return base
        return handler(self, base, name, args, kwargs, st, line, end)

    def _query_narrow(
        self, base: Value, name: str, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int
    ) -> Value:
        query: Query = base.extra
        conditions = [c for a in args if a.kind == "cond" for c in a.items or ()]
        conditions += [Condition(k.partition("__")[0], "==", v) for k, v in kwargs.items() if k != "**"]
        extra = union([a for a in args if a.kind != "cond"]).may
        open_ = kwargs.get("**")
        labels = query.labels | extra | (open_.may if open_ else NONE)
        return self.query_value(replace(query, conditions=(*query.conditions, *conditions), labels=labels), base.ref)

    def _query_keep(
        self, base: Value, name: str, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int
    ) -> Value:
        query: Query = base.extra
        if name in ("join", "outerjoin", "select_from", "join_from", "add_columns", "with_entities", "with_only_columns"):
            models = tuple(self.program.cls(a.ref).name for a in args if a.kind in ("cls", "column") and isinstance(a.ref, Cls))
            conditions = tuple(c for a in args if a.kind == "cond" for c in a.items or ())
            query = replace(
                query, models=tuple(dict.fromkeys((*query.models, *models))), conditions=(*query.conditions, *conditions)
            )
            return self.query_value(query, base.ref)
        return base

    def _query_limit(
        self, base: Value, name: str, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int
    ) -> Value:
        page = args[-1] if args else None
        return self.query_value(replace(base.extra, limited=True, page=page), base.ref)

    def _query_values(
        self, base: Value, name: str, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int
    ) -> Value:
        items = written(args, kwargs)
        values = tuple(items.items())
        return self.query_value(
            replace(base.extra, values=values, labels=base.extra.labels | union(items.values()).may), base.ref
        )

    # -- running --------------------------------------------------------------------------------------------------

    def _query_one(
        self, base: Value, name: str, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int
    ) -> Value:
        return self.run_query(base, "count" if base.extra.counted else "get", st, line, end, raising=name in _RAISING)

    def _query_list(
        self, base: Value, name: str, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int
    ) -> Value:
        if name in ("paginate", "fetchmany", "partition"):
            page = (
                kwargs.get("per_page")
                or kwargs.get("size")
                or (args[1] if len(args) > 1 and name == "paginate" else args[0] if args and name != "paginate" else None)
            )
            base = replace(base, extra=replace(base.extra, limited=True, page=page))
        return self.run_query(base, "list", st, line, end)

    def _query_count(
        self, base: Value, name: str, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int
    ) -> Value:
        return self.run_query(base, "count", st, line, end)

    def _query_update(
        self, base: Value, name: str, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int
    ) -> Value:
        values = tuple(written(args, kwargs).items())
        return self.run_query(replace(base, extra=replace(base.extra, values=values)), "update", st, line, end)

    def _query_delete(
        self, base: Value, name: str, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int
    ) -> Value:
        return self.run_query(base, "delete", st, line, end)

    def run_query(self, base: Value, verb: str, st: State, line: int, end: int, *, raising: bool = False) -> Value:
        """Emit the access and give what it loads."""
        query: Query = base.extra
        if query.verb in ("insert", "update", "delete"):
            verb = {"insert": "create"}.get(query.verb, query.verb)
        label = self.fresh("obj")
        self.events.append(
            Access(
                *self.common(st, line, end),
                verb,
                query.models,
                query.conditions,
                label,
                query.limited or verb == "get",
                query.raw,
                query.columns,
                query.values,
                query.page,
            )
        )
        made = self.loaded(query, base.ref, verb, label, raising)
        return self.demanded(made, st, line) if raising else made

    def db_get(self, model: Value, key: Value, st: State, line: int, end: int) -> Value:
        """A look-up by primary key."""
        ref = model.ref if isinstance(model.ref, Cls) else None
        name = self.program.cls(ref).name if ref else (model.extra.models[0] if isinstance(model.extra, Query) else "?")
        if isinstance(key.items, dict) and key.items:
            conditions = tuple(Condition(k, "==", v) for k, v in key.items.items() if isinstance(v, Value))
        else:
            conditions = (Condition("id", "==", key),)
        return self.run_query(self.query_value(Query((name,), conditions), ref), "get", st, line, end)

    def run_sql(self, statement: Value, parameters: Value | None, st: State, line: int, end: int) -> Value | None:
        """Run SQL text; ``None`` when the value is not SQL."""
        query = read_sql(statement, parameters)
        if query is None:
            return None
        ref = self.table_class(query.models[0]) if query.models else None
        base = self.query_value(query, ref)
        if query.verb == "select":
            by_key = any(c.op == "==" and not c.alternative for c in query.conditions)
            many = plural(query) or refers_elsewhere(query)
            verb = "count" if query.counted else "get" if by_key and not many else "list"
            found = self.run_query(base, verb, st, line, end)
            return Value(kind="result", extra=found, may=found.may, must=found.must, null=True, name=found.name)
        if query.verb in ("insert", "update", "delete"):
            return self.run_query(base, query.verb, st, line, end)
        return UNKNOWN

    def table_class(self, table: str) -> Cls | None:
        """The model class of a table name."""
        if self._tables is None:
            self._tables = {}
            for ref in self.program.classes():
                if self.class_kind(ref) == "table":
                    name = self.class_attrs(ref).get("__tablename__")
                    self._tables[
                        str(name.const).lower() if name is not None and name.is_const else snake(self.program.cls(ref).name)
                    ] = ref
        return self._tables.get(table)

    _tables: dict[str, Cls] | None = None

    def delete_record(self, record: Value, st: State, line: int, end: int) -> Value:
        """``session.delete(record)``."""
        model = self.program.cls(record.ref).name if isinstance(record.ref, Cls) else record.name
        self.events.append(
            Access(*self.common(st, line, end), "delete", (model,), (), record.site or "obj:0", True, False, (), (), None, record)
        )
        return UNKNOWN

    def session_method(
        self, base: Value, name: str, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int
    ) -> Value | None:
        """A method that is recognised by what it is given: a model, a query, a loaded record, or SQL; ``None`` otherwise."""
        first = args[0] if args else None
        if first is None:
            return None
        is_model = first.kind == "cls" and self.class_kind(first.ref) == "table"
        if name in ("get", "get_one", "get_or_404") and is_model and len(args) > 1:
            return self.db_get(first, args[1], st, line, end)
        if name in ("query", "select") and (is_model or first.kind in ("column", "aggregate")):
            return self.start_query(args)
        if name in _RUNNERS and first.kind == "query":
            return self._run_built(first, name, st, line, end)
        if name == "delete" and first.kind == "obj" and isinstance(first.ref, Cls):
            return self.delete_record(first, st, line, end)
        if (name in _RUNNERS or name in ("executemany", "execute_query", "raw", "run", "query")) and template(first) is not None:
            text = template(first)
            if text is not None and looks_like_sql(text[0]):
                parameters = (
                    args[1]
                    if len(args) == 2
                    else Value(kind="seq", items=args[1:])
                    if len(args) > 2
                    else kwargs.get("params") or kwargs.get("parameters")
                )
                result = self.run_sql(first, parameters, st, line, end)
                if result is not None:
                    self.results[id(base)] = (base, result)
                return result
        return None

    def _run_built(self, query: Value, name: str, st: State, line: int, end: int) -> Value:
        if query.extra.verb in ("insert", "update", "delete"):
            return self.run_query(query, query.extra.verb, st, line, end)
        if name in ("scalar", "fetch_one", "fetchrow", "fetchval"):
            return self.run_query(query, "count" if query.extra.counted else "get", st, line, end)
        if name in ("fetch_all", "fetch"):
            return self.run_query(query, "list", st, line, end)
        return query

    def element(self, source: Value, st: State, line: int) -> Value:
        """Iterating over a query runs it."""
        held = self.results.get(id(source))
        if held is not None:
            rows = held[1].extra if held[1].kind == "result" else held[1]
            return rows.extra if rows.kind == "seq" and isinstance(rows.extra, Value) else rows.nonnull()
        if source.kind == "query" and isinstance(source.extra, Query):
            found = self.run_query(source, "list", st, line, 0)
            return found.extra if isinstance(found.extra, Value) else found
        return super().element(source, st, line)


_QUERY_ACTIONS: Mapping[str, Callable[..., Value]] = {
    "narrow": Database._query_narrow,
    "keep": Database._query_keep,
    "limit": Database._query_limit,
    "one": Database._query_one,
    "list": Database._query_list,
    "count": Database._query_count,
    "values": Database._query_values,
    "update": Database._query_update,
    "delete": Database._query_delete,
}
