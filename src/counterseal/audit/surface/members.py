"""Members of values: what a subscript gives, settings, parts of what the caller sent."""

from __future__ import annotations

from functools import lru_cache

from counterseal.audit.facts.python import ir
from counterseal.audit.surface.iteration import Iterate
from counterseal.audit.surface.state import State
from counterseal.audit.surface.values import NONE, UNKNOWN, Labels, Query, Value, either, inputs_of, replace
from counterseal.audit.surface.vocabulary import IDENTITY_KEY, ROLE

_SEQUENCES = {"list", "List", "Sequence", "Iterable", "set", "Set", "tuple", "Tuple", "Iterator", "frozenset", "Collection"}
_TRANSPARENT = {
    "Mapped",
    "Optional",
    "ClassVar",
    "Final",
    "Required",
    "NotRequired",
    "Generator",
    "AsyncGenerator",
    "AsyncIterator",
    "Awaitable",
}


class Members(Iterate):
    """How members of values are found."""

    def _sub(self, n: ir.Node, st: State) -> Value:
        base, key = self.evaluate(n[2], st), self.evaluate(n[3], st)
        value = self.subscript(base, key, st, n[1])
        if "session" in value.may and "who" in value.must:
            # A missing key raises: what follows runs only for a session that has it.
            self.establish(st, frozenset({"auth"}), n[1], f"the session must hold {value.name!r}")
            value = value.nonnull()
        return value

    def subscript(self, base: Value, key: Value, st: State, line: int) -> Value:
        """``base[key]``."""
        if key.is_const:
            self.note_volatile(key, key)
            stored = self.shared(st, f"{base.ref}[{key.const}]") if is_request(base) else None
            if stored is not None:
                return stored
            if isinstance(base.items, dict) and isinstance(key.const, str) and key.const in base.items:
                return base.items[key.const]  # type: ignore[no-any-return]
            if (
                base.kind == "seq"
                and isinstance(base.items, list)
                and isinstance(key.const, int)
                and -len(base.items) <= key.const < len(base.items)
            ):
                return base.items[key.const]  # type: ignore[no-any-return]
        if base.kind == "ext" and base.ref == "os.environ" and key.is_const:
            return Value(
                may=frozenset({f"env:{key.const}"}), must=frozenset({f"env:{key.const}"}), name=str(key.const), type="str"
            )
        if base.kind == "ext" and str(base.ref).endswith(".Annotated") and isinstance(key.items, list):
            return Value(kind="annotated", items=key.items)
        if base.kind == "ext" and not base.may:
            return self.generic(base, key)
        if base.kind == "cls":
            return base  # the subscript of a generic class is the class
        if base.kind == "config" and isinstance(key.const, str):
            return self.setting(base, key.const, None)
        if not key.is_const and is_table(base):
            return Value(may=base.may | key.may, must=key.must, name=key.name)
        name = key.const if isinstance(key.const, str) else self.column_at(base, key)
        return self.part(base, name, key.may, in_mapping=True)

    def column_at(self, base: Value, key: Value) -> str:
        """The column that ``row[3]`` reads, where the statement or the table says so."""
        query = base.extra
        if not isinstance(query, Query) or not isinstance(key.const, int):
            return ""
        columns = query.columns or (self.table_columns.get(query.models[0], ()) if query.models else ())
        return columns[key.const] if 0 <= key.const < len(columns) and "*" not in columns[: key.const + 1] else ""

    def generic(self, base: Value, key: Value) -> Value:
        """``list[X]``, ``Optional[X]``, ``Mapped[X]``, ``Page[X]``: what a library's generic type is made of."""
        last = str(base.ref).rpartition(".")[2]
        first = key.items[0] if key.kind == "seq" and isinstance(key.items, list) and key.items else key
        if last in _SEQUENCES:
            if isinstance(first.const, str):
                return Value(kind="seq", extra=UNKNOWN, name=first.const)
            return Value(
                kind="seq",
                extra=Value(kind="obj", ref=first.ref) if first.kind == "cls" else first if first.kind == "seq" else UNKNOWN,
                ref=first.ref,
            )
        if last in _TRANSPARENT or (first.kind == "cls" and last not in ("type", "Type", "Literal")):
            # ``Request[User, Token]`` stays a request.
            described = base.ref in self.know.described or self.know.api(str(base.ref)) is not None
            return base if described and last not in _TRANSPARENT else first
        return base

    def setting(self, config: Value, name: str, default: Value | None) -> Value:
        """An entry of an application's configuration."""
        store = config.items if isinstance(config.items, dict) else {}
        if name in store:
            return store[name]  # type: ignore[no-any-return]
        value = default or Value(may=frozenset({"setting"}), must=frozenset({"setting"}))
        return replace(value, name=name, may=value.may | {"setting"})

    def part(self, base: Value, name: str, more: frozenset[str] = NONE, *, in_mapping: bool = False) -> Value:
        """A member of something whose members are not known: it carries the labels of the whole."""
        if base.kind in ("query", "seq") and isinstance(base.extra, Value):
            return base.extra
        may, must = either(base.may, more), base.must
        if name and inputs_of(may):
            may, must = _members(may, name, ""), _members(must, name, "in:")
        if "session" in may and name and IDENTITY_KEY.search(name):
            may, must = may | {"who", "self"}, must | {"who", "self"}
        true = NONE
        if "self" in may and name and ROLE.search(name) and ("self" in must or not _loaded(may)):
            true = frozenset({"role", f"role:{name}"})
            if "anonymous?" in must:
                true |= {"auth"}  # who has no identity has no role either
        elif name == "is_authenticated" and "self" in must:
            true = frozenset({"auth"})
            must = must - {"who"}
        null = "session" in may or (base.null and in_mapping) or name == "is_authenticated"
        if "anonymous?" in must:
            must = must - {"anonymous?"}
        return Value(may=may, must=must, null=null, name=name or base.name, true=true)


def _loaded(labels: Labels) -> bool:
    return any(label.startswith(("obj:", "db:")) for label in labels)


@lru_cache(maxsize=100_000)
def _members(labels: Labels, name: str, start: str) -> Labels:
    """The labels of the member ``name`` of something that carries ``labels``."""
    return frozenset(f"{x}:{name}" if x.startswith(start) and x.count(":") == 1 else x for x in labels)


def is_table(value: Value) -> bool:
    """Whether a mapping holds constants only: what a look-up in it gives depends on the key alone."""
    known = value.kind == "dict" and isinstance(value.items, dict) and value.extra != "open"
    return known and bool(value.items) and all(isinstance(v, Value) and v.is_const and not v.may for v in value.items.values())


def is_request(v: Value) -> bool:
    """Whether a value is the request, which some frameworks let middleware use as a mapping."""
    return v.kind == "inst" and isinstance(v.ref, str) and v.ref.endswith(".Request")
