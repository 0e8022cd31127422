"""Built-in functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from counterseal.audit.surface.values import NONE, NULL, UNKNOWN, Value, const, join, replace, union

if TYPE_CHECKING:
    from counterseal.audit.surface.database import Database
    from counterseal.audit.surface.state import State


def _convert(type_: str) -> Callable[..., Value]:
    def call(m: Database, args: list[Value], kwargs: dict[str, Value], st: State, line: int) -> Value:
        if not args:
            return const({"int": 0, "str": "", "float": 0.0, "bool": False, "bytes": b""}[type_])
        first = args[0]
        if type_ == "str" and first.kind in ("text", "const") and (first.kind == "text" or isinstance(first.const, str)):
            return first
        if type_ == "bool":
            return replace(UNKNOWN, may=first.may, null=True, type="bool", true=first.true, false=first.false)
        return Value(may=first.may, must=first.must, type=type_, name=first.name, null=False)

    return call


def _length(m: Database, args: list[Value], kwargs: dict[str, Value], st: State, line: int) -> Value:
    first = args[0] if args else UNKNOWN
    if isinstance(first.items, list):
        return const(len(first.items))
    return Value(may=first.may, type="int", null=True, name="len")


def _boolean(m: Database, args: list[Value], kwargs: dict[str, Value], st: State, line: int) -> Value:
    return Value(may=union(args).may, type="bool", null=True)


def _hasattr(m: Database, args: list[Value], kwargs: dict[str, Value], st: State, line: int) -> Value:
    if len(args) == 2 and args[0].ref == "flask.g" and args[1].is_const:
        return const(m.shared(st, f"flask.g.{args[1].const}") is not None)
    return _boolean(m, args, kwargs, st, line)


def _any(m: Database, args: list[Value], kwargs: dict[str, Value], st: State, line: int) -> Value:
    inner = args[0].extra if args and isinstance(args[0].extra, Value) else UNKNOWN
    return Value(may=union(args).may, type="bool", null=True, true=inner.true)


def get_attribute(m: Database, args: list[Value], kwargs: dict[str, Value], st: State, line: int) -> Value:
    """``getattr(object, name, default)``."""
    if len(args) >= 2 and isinstance(args[1].const, str):
        if args[0].ref == "flask.g" and m.shared(st, f"flask.g.{args[1].const}") is None:
            return args[2] if len(args) > 2 else UNKNOWN
        found = m.attribute(args[0], args[1].const, st, line)
        return join(found, args[2]) if len(args) > 2 and not found.may else found
    return union(args)


def _setattr(m: Database, args: list[Value], kwargs: dict[str, Value], st: State, line: int) -> Value:
    if len(args) == 3:
        name = args[1].const if isinstance(args[1].const, str) else "*"
        m.store_attribute(args[0], name, args[2], st, line, args[1])
    return NULL


def _dict(m: Database, args: list[Value], kwargs: dict[str, Value], st: State, line: int) -> Value:
    items: dict[str, Value] = {}
    open_ = bool(args) and not isinstance(args[0].items, dict)
    if args and isinstance(args[0].items, dict) and args[0].kind == "dict":
        items.update(args[0].items)
        open_ = args[0].extra == "open"
    elif args and args[0].kind in ("row", "obj", "result"):
        return replace(args[0], name=args[0].name)
    items.update(kwargs)
    may = union([*args, *kwargs.values()]).may
    return Value(kind="dict", items=items, may=may, must=args[0].must if args else NONE, extra="open" if open_ else None)


def _sequence(m: Database, args: list[Value], kwargs: dict[str, Value], st: State, line: int) -> Value:
    if not args:
        return Value(kind="seq", items=[], null=True)
    first = args[0]
    if first.kind == "seq":
        return replace(first, items=list(first.items) if isinstance(first.items, list) else first.items)
    element, _ = m.iterate(first, st, line)
    return Value(kind="seq", extra=element, may=first.may, must=first.must, null=True, name=first.name)


def _enumerate(m: Database, args: list[Value], kwargs: dict[str, Value], st: State, line: int) -> Value:
    element, _ = m.iterate(args[0] if args else UNKNOWN, st, line)
    return Value(kind="seq", extra=Value(kind="seq", items=[Value(type="int"), element], may=element.may), may=element.may)


def _zip(m: Database, args: list[Value], kwargs: dict[str, Value], st: State, line: int) -> Value:
    elements = [m.iterate(a, st, line)[0] for a in args]
    return Value(kind="seq", extra=Value(kind="seq", items=elements, may=union(elements).may), may=union(args).may)


def _map(m: Database, args: list[Value], kwargs: dict[str, Value], st: State, line: int) -> Value:
    if len(args) < 2:
        return UNKNOWN
    element, _ = m.iterate(args[1], st, line)
    return Value(kind="seq", extra=m.call(args[0], [element], {}, st, line), may=args[1].may)


def _next(m: Database, args: list[Value], kwargs: dict[str, Value], st: State, line: int) -> Value:
    element = m.iterate(args[0], st, line)[0] if args else UNKNOWN
    return replace(element, null=True) if len(args) > 1 else element


def _super(m: Database, args: list[Value], kwargs: dict[str, Value], st: State, line: int) -> Value:
    self_value = st.vars.get("self") or st.vars.get("cls") or UNKNOWN
    return Value(kind="super", ref=m.frame.cls, extra=self_value) if m.frame.cls is not None else UNKNOWN


def _open(m: Database, args: list[Value], kwargs: dict[str, Value], st: State, line: int) -> Value:
    return m.library_call(m.know.api("builtins.open"), "builtins.open", None, args, kwargs, st, line)


def _minmax(m: Database, args: list[Value], kwargs: dict[str, Value], st: State, line: int) -> Value:
    value = union(args)
    bounded = frozenset({"bounded"}) if len(args) > 1 and any(a.is_const or "setting" in a.may for a in args) else NONE
    return replace(value, may=value.may | bounded, type="int")


BUILTIN_CALLS: Mapping[str, Callable[..., Value]] = {
    "int": _convert("int"),
    "str": _convert("str"),
    "float": _convert("float"),
    "bool": _convert("bool"),
    "bytes": _convert("bytes"),
    "len": _length,
    "isinstance": _boolean,
    "hasattr": _hasattr,
    "callable": _boolean,
    "issubclass": _boolean,
    "any": _any,
    "all": _any,
    "getattr": get_attribute,
    "setattr": _setattr,
    "dict": _dict,
    "list": _sequence,
    "tuple": _sequence,
    "set": _sequence,
    "frozenset": _sequence,
    "sorted": _sequence,
    "reversed": _sequence,
    "iter": _sequence,
    "enumerate": _enumerate,
    "zip": _zip,
    "map": _map,
    "next": _next,
    "super": _super,
    "min": _minmax,
    "max": _minmax,
}
