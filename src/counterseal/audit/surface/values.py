"""What an expression may stand for, as far as security questions go.

A value carries *labels*: ``may`` (some part of it can come from there) and ``must`` (every non-null alternative does).

Labels::

    in:path:NAME in:query:NAME in:body:NAME in:form:NAME in:header:NAME in:cookie:NAME in:file:NAME   what the caller sends
    cred            a credential as it was presented, not yet checked
    who             the outcome of a checked credential: a verified identity, or something selected by it
    forgeable       claims of a token whose signature was not verified: they name a caller but prove nothing
    self            the caller's own record or claims (roles are read from it)
    session         read from a server-signed or server-side session
    obj:N           a record loaded by access number N
    db:MODEL        read from the database
    env:NAME        read from the environment (``const`` is then the fallback)
    random:weak random:strong time secret hash:password hash:fast error
    setting         configuration
    membership      the outcome of looking something up among constants
    opaque          made from the request by something that the code does not show (a plug-in)
    listed          compared with a list of constants, and one of them
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

Labels = frozenset[str]
NONE: Labels = frozenset()


def either(a: Labels, b: Labels) -> Labels:
    """All labels of both, without a new set where one of them has them all already."""
    if a is b or not b:
        return a
    return a | b if a else b


def both(a: Labels, b: Labels) -> Labels:
    """The labels that both have."""
    return a if a is b else a & b if a and b else NONE


def inputs_of(labels: Labels) -> Labels:
    """The labels of what the caller sent."""
    known = _INPUTS.get(labels)
    if known is None:
        known = _INPUTS[labels] = frozenset([label for label in labels if label.startswith("in:")]) or NONE
    return known


_INPUTS: dict[Labels, Labels] = {}


class _NoConst:
    def __repr__(self) -> str:
        return "NO_CONST"

    def __reduce__(self) -> str:
        return "NO_CONST"


ABSENT = "absent"
"""``extra`` of a null that is known to stay one: a member that a `COMPLETE` mapping does not have."""
COMPLETE = "complete"
"""``extra`` of a mapping all of whose members are known."""
NO_CONST = _NoConst()
"""The value is not a known constant."""


@dataclass(slots=True, eq=False)
class Value:
    """An abstract value. Treated as immutable, except for ``items`` of containers and instances under construction.

    ``kind``: ``unknown``, ``const``, ``ext`` (a name of a library: ``ref`` its full name), ``inst`` (an instance of a library
    class: ``ref`` the class), ``cls`` (a class of the program: ``ref`` a `Cls`), ``obj`` (an instance of one), ``func`` (``ref``
    a `Func`), ``lambda``, ``mod``, ``dict``, ``seq``, ``query``, ``cond``, ``column``, ``response``, ``exc``.
    """

    kind: str = "unknown"
    ref: Any = None
    may: Labels = NONE
    must: Labels = NONE
    null: bool = False
    const: Any = NO_CONST
    items: Any = None
    name: str = ""
    """The last attribute, key or parameter name by which it was reached."""
    type: str = ""
    """Scalar type when known: int, str, bool, float, uuid, enum, date, email, url, bytes."""
    true: Labels = NONE
    """Facts that hold when it is truthy."""
    false: Labels = NONE
    """Facts that hold when it is falsy."""
    site: str = ""
    """Identity of an instance: where it was made."""
    extra: Any = None

    def labelled(self, *labels: str) -> Value:
        """A copy that additionally may and must carry ``labels``."""
        added = frozenset(labels)
        return replace(self, may=self.may | added, must=self.must | added)

    def nonnull(self) -> Value:
        """The value once it is known not to be null."""
        return replace(self, null=False) if self.null else self

    @property
    def is_const(self) -> bool:
        """Whether the value is a known constant."""
        return self.const is not NO_CONST

    def inputs(self) -> Labels:
        """The labels of what the caller sent, among ``may``."""
        return inputs_of(self.may)

    def item(self, key: str) -> Value | None:
        """A member by name, for dictionaries, objects and responses whose members are known."""
        if isinstance(self.items, dict):
            found = self.items.get(key)
            return found if isinstance(found, Value) else None
        return None


T = TypeVar("T")
_new = object.__new__


def replace(item: T, **changes: Any) -> T:
    """A copy with some fields changed. Values are copied so often that `dataclasses.replace` would cost a fifth of the run."""
    if not isinstance(item, Value):
        return dataclasses.replace(item, **changes)  # type: ignore[type-var]
    made = _new(Value)
    made.kind, made.ref, made.may, made.must, made.null, made.const, made.items = (
        item.kind,
        item.ref,
        item.may,
        item.must,
        item.null,
        item.const,
        item.items,
    )
    made.name, made.type, made.true, made.false, made.site, made.extra = (
        item.name,
        item.type,
        item.true,
        item.false,
        item.site,
        item.extra,
    )
    for name, value in changes.items():
        setattr(made, name, value)
    return made  # type: ignore[return-value]


UNKNOWN = Value()
NULL = Value(kind="const", const=None, null=True)


def const(value: Any) -> Value:
    """A constant."""
    return Value(kind="const", const=value, null=not value, type=_SCALARS.get(type(value), ""))


_SCALARS = {int: "int", str: "str", bool: "bool", float: "float", bytes: "bytes"}


def union(values: Iterable[Value], kind: str = "unknown", **more: Any) -> Value:
    """A value computed from all of ``values``: it may carry any of their labels, and must carry those that all of them must."""
    may = NONE
    for v in values:
        if v.may:
            may = either(may, v.may)
    return Value(kind=kind, may=may, **more)


def join(a: Value, b: Value) -> Value:
    """Either ``a`` or ``b``, as after a branch."""
    if a is b:
        return a
    a_null, b_null = _only_null(a), _only_null(b)
    if a_null and b_null:
        return replace(a, true=both(a.true, b.true), false=both(a.false, b.false))
    if a_null or b_null:
        other, empty = (b, a) if a_null else (a, b)
        return replace(
            other, null=True, may=either(a.may, b.may), true=other.true, false=other.false & empty.false if empty.false else NONE
        )
    same = a.kind == b.kind and a.ref == b.ref and a.site == b.site
    if same and a.kind == "const" and a.const != b.const:
        return Value(
            may=either(a.may, b.may),
            must=both(a.must, b.must),
            null=a.null or b.null,
            type=a.type if a.type == b.type else "",
            items=None,
            extra=("choices", _choices(a) + _choices(b)),
        )
    if not same and a.kind == b.kind == "obj":
        # Instances of two classes: which methods it has is not known.
        name = a.name if a.name == b.name else ""
        return Value(may=either(a.may, b.may), must=both(a.must, b.must), null=a.null or b.null, name=name)
    keep = a if same else _richer(a, b)
    return Value(
        kind=keep.kind,
        ref=keep.ref,
        may=either(a.may, b.may),
        must=both(a.must, b.must),
        null=a.null or b.null,
        const=keep.const if same else NO_CONST if keep.kind != "const" else keep.const,
        items=_join_items(a, b) if same else keep.items,
        name=a.name if a.name == b.name else "",
        type=a.type if a.type == b.type else "",
        true=both(a.true, b.true),
        false=both(a.false, b.false),
        site=keep.site,
        extra="open" if keep.kind == "dict" and not same else _join_queries(a.extra, b.extra) or keep.extra,
    )


URL_KINDS = ("route-item", "url-include")
"""Elements of lists of URL patterns: what either branch puts there may be served."""


def _join_queries(a: Any, b: Any) -> Query | None:
    """A query that one branch narrowed further: what only one of them demands narrows nothing."""
    if not isinstance(a, Query) or not isinstance(b, Query) or a.conditions == b.conditions:
        return None
    every = list(dict.fromkeys((*a.conditions, *b.conditions)))
    conditions = [c if c in a.conditions and c in b.conditions else replace(c, alternative=True) for c in every]
    return replace(a, conditions=tuple(conditions), limited=a.limited and b.limited, labels=a.labels | b.labels)


def common(values: Iterable[Value]) -> Labels:
    """Labels that everything which is not constant must carry: those of a container made of these values."""
    out: Labels | None = None
    for v in values:
        if v.may or v.must or not v.is_const:
            out = v.must if out is None else out & v.must
    return out or NONE


def _choices(v: Value) -> tuple[Any, ...]:
    return (v.const,) if v.is_const else ()


def _richer(a: Value, b: Value) -> Value:
    """The one that says more; a constant next to something unknown says nothing."""
    order = ("unknown", "const")
    for v, other in ((a, b), (b, a)):
        if v.kind not in order:
            return v
        if v.kind == "const" and other.kind == "const":
            break
    return UNKNOWN


def _only_null(v: Value) -> bool:
    return v.kind == "const" and v.const is None


def _join_items(a: Value, b: Value) -> Any:
    if isinstance(a.items, dict) and isinstance(b.items, dict):
        out = dict(a.items)
        for k, v in b.items.items():
            out[k] = join(out[k], v) if k in out else v
        return out
    if isinstance(a.items, list) and isinstance(b.items, list):
        if a.kind in ("text", "cond"):
            return a.items if len(a.items) >= len(b.items) else b.items  # the branch that adds more says more
        if any(item.kind in URL_KINDS for item in (*a.items[:1], *b.items[:1]) if isinstance(item, Value)):
            return [*a.items, *(item for item in b.items if not any(item is other for other in a.items))]
        if len(a.items) == len(b.items):
            return [join(x, y) for x, y in zip(a.items, b.items, strict=True)]
        return None
    return a.items if a.items is not None else b.items


@dataclass(frozen=True, slots=True)
class Condition:
    """One restriction of a database query: ``column OP value``."""

    column: str
    op: str
    value: Value
    alternative: bool = False
    """It stands in an OR: it does not narrow by itself."""


@dataclass(slots=True)
class Query:
    """A database query under construction. ``models`` are class names, or table names for raw SQL."""

    models: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    limited: bool = False
    counted: bool = False
    """Only a number, existence or other aggregate is read."""
    columns: tuple[str, ...] = ()
    """Selected columns when they are listed; empty: whole records."""
    verb: str = "select"
    labels: Labels = field(default=NONE)
    values: tuple[tuple[str, Value], ...] = ()
    """What an update or insert writes."""
    raw: bool = False
    page: Value | None = None
    """How many records are read at most, where the query says so."""
    demanding: bool = False
    """``get`` raises unless there is such a record."""
