"""Questions about a query under construction."""

from __future__ import annotations

from counterseal.audit.surface.values import Labels, Query, Value, replace
from counterseal.audit.surface.vocabulary import IDENTIFIER_COLUMN, PASSWORD_LIKE, SECRET_COLUMN


def written(args: list[Value], kwargs: dict[str, Value]) -> dict[str, Value]:
    """What an update writes by column; ``**`` stands for a mapping whose keys are not known."""
    first = args[0] if args else None
    items = (
        {k: v for k, v in first.items.items() if isinstance(v, Value)}
        if first is not None and isinstance(first.items, dict)
        else {}
    )
    if (
        first is not None
        and first.kind != "cond"
        and (first.extra == "open" or (not isinstance(first.items, dict) and first.may))
    ):
        items.setdefault("**", first)
    return {**items, **kwargs}


def membership(query: Query, label: str) -> Labels:
    """Facts that follow when the record exists: the caller's identity and the other keys of the query belong together."""
    keys = [c for c in query.conditions if c.op in ("==", "in") and not c.alternative]
    others = frozenset(x for c in keys for x in c.value.may if x.startswith(("in:", "obj:")))
    if any("who" in c.value.may for c in keys):
        return frozenset(f"link:{x}" for x in others | {label})
    return frozenset(f"tie:{label}~{x}" for x in others)


def query_inputs(query: Query) -> Labels:
    """All labels of what a query is narrowed by."""
    return frozenset(x for c in query.conditions for x in c.value.may)


def plural(query: Query) -> bool:
    """Whether conditions other than on a key column select."""
    return not any(
        c.op == "==" and (IDENTIFIER_COLUMN.match(c.column) or SECRET_COLUMN.search(c.column) or PASSWORD_LIKE.search(c.column))
        for c in query.conditions
    )


def refers_elsewhere(query: Query) -> bool:
    """Whether the only keys are references to other tables: many records may have the same."""
    table = query.models[0].rstrip("s") if query.models else ""
    keys = [c.column for c in query.conditions if c.op == "==" and not c.alternative and IDENTIFIER_COLUMN.match(c.column)]
    return bool(keys) and all(k.endswith("_id") and k[:-3].rstrip("s") != table for k in keys)


def fetched(base: Value, name: str) -> Value:
    """What ``fetchone``, ``fetchall`` and the like give of the result of a statement."""
    found: Value = base.extra if base.kind == "result" else base
    single = found.extra if found.kind == "seq" and isinstance(found.extra, Value) else found
    if name in ("fetchone", "first", "one", "one_or_none", "scalar", "scalar_one", "scalar_one_or_none"):
        return replace(single, null=name not in ("one", "scalar_one"))
    if name in ("fetchall", "all", "fetchmany"):
        return (
            found
            if found.kind == "seq"
            else Value(
                kind="seq", extra=replace(single, null=False), may=single.may, must=single.must, null=True, name=single.name
            )
        )
    if name in ("scalars", "mappings", "keys", "unique"):
        return base
    return Value(may=base.may, must=base.must, null=True)
