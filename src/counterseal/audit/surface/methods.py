"""Methods of values whose class is not known to any library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from counterseal.audit.surface.builtin import get_attribute
from counterseal.audit.surface.compare import is_credential
from counterseal.audit.surface.flow import Call
from counterseal.audit.surface.library_call import VALIDATORS
from counterseal.audit.surface.members import is_table
from counterseal.audit.surface.program import Cls
from counterseal.audit.surface.queries import fetched
from counterseal.audit.surface.templates import BRACES, filled
from counterseal.audit.surface.url_values import holds_urls
from counterseal.audit.surface.values import ABSENT, COMPLETE, NO_CONST, NONE, NULL, UNKNOWN, Value, const, join, replace, union

if TYPE_CHECKING:
    from counterseal.audit.surface.database import Database
    from counterseal.audit.surface.state import State

_SAME = {
    "lower",
    "upper",
    "strip",
    "lstrip",
    "rstrip",
    "title",
    "capitalize",
    "casefold",
    "encode",
    "decode",
    "removeprefix",
    "removesuffix",
    "replace",
    "split",
    "rsplit",
    "partition",
    "rpartition",
    "splitlines",
    "copy",
    "hex",
    "isoformat",
    "get_secret_value",
    "zfill",
    "model_copy",
    "digest",
    "hexdigest",
}
_LONGEST_LIST = 20
_FOLDABLE = {"lower", "upper", "strip", "lstrip", "rstrip", "title", "capitalize", "casefold"}


def method_of_value(
    m: Database,
    base: Value,
    name: str,
    member: Value,
    args: list[Value],
    kwargs: dict[str, Value],
    st: State,
    line: int,
    end: int,
) -> Value:
    """``base.name(...)`` where the class of ``base`` is not described by a library."""
    if base.kind == "query":
        return m.query_method(base, name, args, kwargs, st, line, end)
    if base.kind == "result":
        return fetched(base, name)
    if name in ("fetchone", "fetchall", "fetchmany", "fetchval") and id(base) in m.results:
        return fetched(m.results[id(base)][1], name)
    if base.kind == "column":
        return _column_method(m, base, name, args)
    if base.kind == "config" and m.know.api(f"{base.ref}.{name}") is not None:
        return m.library_call(m.know.api(f"{base.ref}.{name}"), f"{base.ref}.{name}", base, args, kwargs, st, line, end)
    found = m.session_method(base, name, args, kwargs, st, line, end)
    if found is not None:
        return found
    special = _METHODS.get(name)
    if special is not None:
        answer = special(m, base, args, kwargs, st, line)
        if answer is not None:
            return answer  # type: ignore[no-any-return]
    api = m.know.methods.get(name)
    if api is not None:
        return m.library_call(api, f"?.{name}", base, args, kwargs, st, line, end)
    if name in _SAME:
        return _same(base, name, args)
    if isinstance(base.ref, Cls) and base.kind in ("obj", "cls"):
        loaded = _model_method(m, base, name, args, kwargs, st, line, end)
        if loaded is not None:
            return loaded
    parts = [base, *args, *kwargs.values()]
    opaque = frozenset({"opaque"}) if any(hands_over_caller(a) for a in parts[1:]) else NONE
    result = Value(may=union(parts).may | opaque, must=base.must, name=name, true=member.true, null=base.null or bool(opaque))
    m.events.append(Call(*m.common(st, line, end), f"?.{name}", "", tuple(args), kwargs, base, {}, result))
    return result


def hands_over_caller(v: Value) -> bool:
    """Whether an argument is the request itself, or a credential of it: what is made of it may say who is calling."""
    request = v.kind == "inst" and str(v.ref).rpartition(".")[2] in ("Request", "WebSocket", "HTTPConnection")
    return request or is_credential(v)


def _same(base: Value, name: str, args: list[Value]) -> Value:
    if name in _FOLDABLE and isinstance(base.const, str) and not args:
        return replace(base, const=getattr(base.const, name)())
    keep = base.kind in ("obj", "row", "dict") and name in ("copy", "model_copy")
    return (
        replace(base, null=base.null)
        if keep
        else Value(may=base.may | union(args).may, must=base.must, type=base.type or "str", name=base.name, null=False)
    )


def _column_method(m: Database, base: Value, name: str, args: list[Value]) -> Value:
    if name in (
        "in_",
        "ilike",
        "like",
        "icontains",
        "contains",
        "startswith",
        "endswith",
        "is_",
        "is_not",
        "isnot",
        "notin_",
        "not_in",
        "between",
        "op",
        "any",
        "has",
        "match",
    ):
        other = args[0] if args else UNKNOWN
        op = {"in_": "in", "is_": "is"}.get(name, name)
        return m.condition(base, op, other)
    if name in ("desc", "asc", "label", "nulls_last", "nullslast", "nullsfirst", "cast"):
        return base
    return Value(kind="aggregate", ref=base.ref, may=base.may | {"aggregate"}, name=base.name)


def _model_method(
    m: Database, base: Value, name: str, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int
) -> Value | None:
    """Active-record style helpers of a base class outside the program (``record.save()``, ``Model.get_by_id(1)``)."""
    if m.class_kind(base.ref) != "table":
        return None
    if base.kind == "cls" and name in ("get", "get_or_404", "get_by_id") and args:
        return m.db_get(base, args[0], st, line, end)
    if base.kind == "obj" and name == "delete":
        return m.delete_record(base, st, line, end)
    if base.kind == "cls" and name == "create":
        return m.created(
            Value(kind="obj", ref=base.ref, items=dict(kwargs), name=base.name, site=f"{line}"), kwargs, st, line, end
        )
    return None


# -- methods by name ----------------------------------------------------------------------------------------------


def _get(m: Database, base: Value, args: list[Value], kwargs: dict[str, Value], st: State, line: int) -> Value | None:
    if not args:
        return None
    if base.ref == "flask.g":
        return get_attribute(m, [base, *args, *([] if len(args) > 1 else [NULL])], kwargs, st, line)
    key = args[0]
    m.note_volatile(key, key)
    default = args[1] if len(args) > 1 else kwargs.get("default") or NULL
    if base.kind == "config" and isinstance(key.const, str):
        return m.setting(base, key.const, default if default is not NULL else None)
    if base.kind == "dict" and isinstance(base.items, dict) and isinstance(key.const, str):
        if key.const in base.items:
            known: Value = base.items[key.const]
            return known
        if base.extra != "open":
            return replace(default, extra=ABSENT) if base.extra == COMPLETE and default is NULL else default
    if base.kind == "dict" and isinstance(base.items, dict) and not key.is_const and base.items and base.extra != "open":
        # A look-up in a table of constants: whatever the key, the result is one of the values.
        values = list(base.items.values())
        result: Value = values[0]
        for v in values[1:]:
            result = join(result, v)
        if is_table(base):
            null = default.null or result.null
            return replace(result, kind="unknown", const=NO_CONST, may=key.may, must=key.must, null=null, name=key.name)
        return replace(result, null=True)
    name = key.const if isinstance(key.const, str) else ""
    found = m.part(base, name, key.may if not name else NONE, in_mapping=True)
    converter = kwargs.get("type")
    if converter is not None and converter.kind == "ext" and str(converter.ref).startswith("builtins."):
        found = replace(found, type=str(converter.ref)[9:])
    if default.is_const and default.const is None:
        return replace(found, null=True)
    return replace(found, may=found.may | default.may, null=default.null, must=found.must)


def _setdefault(m: Database, base: Value, args: list[Value], kwargs: dict[str, Value], st: State, line: int) -> Value | None:
    if len(args) == 2 and base.kind in ("config", "dict") and isinstance(base.items, dict) and isinstance(args[0].const, str):
        base.items.setdefault(args[0].const, args[1])
    return _get(m, base, args, kwargs, st, line)


def _items(m: Database, base: Value, args: list[Value], kwargs: dict[str, Value], st: State, line: int) -> Value | None:
    if base.kind == "dict" and isinstance(base.items, dict) and base.extra != "open" and base.items:
        return Value(
            kind="seq", items=[Value(kind="seq", items=[const(k), v], may=v.may) for k, v in base.items.items()], may=base.may
        )
    keys = base.items if isinstance(base.items, dict) else {}
    value = Value(may=base.may, must=base.must)
    key = Value(may=base.may, extra=("declared", base.ref) if base.ref is not None else ("keys", tuple(keys)))
    return Value(kind="seq", extra=Value(kind="seq", items=[key, value], may=base.may), may=base.may)


def _keys(m: Database, base: Value, args: list[Value], kwargs: dict[str, Value], st: State, line: int) -> Value | None:
    return Value(kind="seq", extra=Value(may=base.may), may=base.may)


def _validated(m: Database, base: Value, args: list[Value], kwargs: dict[str, Value], st: State, line: int) -> Value | None:
    """``Schema.model_validate(value)``: a checked copy, as trustworthy as what it was made of."""
    if base.kind != "cls" or not args:
        return None
    items = args[0].items if args[0].kind == "dict" and args[0].extra != "open" else {}
    return Value(kind="obj", ref=base.ref, may=args[0].may, must=args[0].must, items=dict(items), name=base.name)


def _startswith(m: Database, base: Value, args: list[Value], kwargs: dict[str, Value], st: State, line: int) -> Value | None:
    prefixes = args[0].items if args and isinstance(args[0].items, list) else args[:1]
    if not isinstance(base.const, str) or base.may or not prefixes or not all(isinstance(p.const, str) for p in prefixes):
        return None
    m.note_volatile(base, base)
    return const(any(base.const.startswith(p.const) for p in prefixes))


def _update(m: Database, base: Value, args: list[Value], kwargs: dict[str, Value], st: State, line: int) -> Value | None:
    if base.kind == "config":
        return m.library_call(m.know.api("flask.Config.update"), "flask.Config.update", base, args, kwargs, st, line)
    if base.kind == "dict" and isinstance(base.items, dict):
        for source in args:
            if isinstance(source.items, dict):
                base.items.update(source.items)
            else:
                base.items["**"] = source
        base.items.update(kwargs)
        return NULL
    return None


def _append(m: Database, base: Value, args: list[Value], kwargs: dict[str, Value], st: State, line: int) -> Value | None:
    if base.kind == "cond" and args and args[0].kind == "cond":
        base.items.extend(args[0].items)
        return NULL
    if base.kind == "seq":
        added = union(args) if len(args) != 1 else args[0]
        base.extra = join(base.extra, added) if isinstance(base.extra, Value) else added
        known = isinstance(base.items, list) and (len(base.items) < _LONGEST_LIST or holds_urls(base.items))
        base.items = [*base.items, *args] if known else None
        base.may = base.may | union(args).may
        return NULL
    return None


def _extend(m: Database, base: Value, args: list[Value], kwargs: dict[str, Value], st: State, line: int) -> Value | None:
    added = args[0].items if args and args[0].kind == "seq" else None
    if base.kind == "seq" and isinstance(base.items, list) and isinstance(added, list):
        base.items = [*base.items, *added]
        base.may = base.may | union(args).may
        return NULL
    return _append(m, base, args, kwargs, st, line)


def _format(m: Database, base: Value, args: list[Value], kwargs: dict[str, Value], st: State, line: int) -> Value | None:
    if not isinstance(base.const, str) and base.kind != "text":
        return None
    return m.text(filled(base, BRACES, args, kwargs))


def _join(m: Database, base: Value, args: list[Value], kwargs: dict[str, Value], st: State, line: int) -> Value | None:
    if not args:
        return None
    items = args[0].items if isinstance(args[0].items, list) else [args[0].extra if isinstance(args[0].extra, Value) else args[0]]
    parts: list[Value] = []
    for i, item in enumerate(items):
        if i:
            parts.append(base)
        parts.append(item)
    return m.text(parts) if isinstance(base.const, str) else union([base, *items])


def _dump(m: Database, base: Value, args: list[Value], kwargs: dict[str, Value], st: State, line: int) -> Value | None:
    if base.kind != "obj":
        return None
    items = dict(base.items) if isinstance(base.items, dict) else {}
    return Value(
        kind="dict", items=items, may=base.may, must=base.must, extra="open" if base.may else None, ref=base.ref, name=base.name
    )


_METHODS: Mapping[str, Callable[..., Any]] = {
    "get": _get,
    "pop": _get,
    "setdefault": _setdefault,
    "items": _items,
    "keys": _keys,
    "values": _keys,
    "update": _update,
    "append": _append,
    "extend": _extend,
    "add": _append,
    "format": _format,
    "join": _join,
    "model_dump": _dump,
    **dict.fromkeys(VALIDATORS, _validated),
    "startswith": _startswith,
    "dict": _dump,
}
