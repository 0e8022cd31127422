"""Attributes of the abstract machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from counterseal.audit.facts.python import ir
from counterseal.audit.surface.database import Database
from counterseal.audit.surface.program import Cls, Func
from counterseal.audit.surface.schema import foreign_key, is_relation
from counterseal.audit.surface.state import State
from counterseal.audit.surface.values import UNKNOWN, Condition, Query, Value, replace
from counterseal.audit.surface.vocabulary import snake


class Attributes(Database):
    """How attributes are found."""

    def attribute(self, base: Value, name: str, st: State, line: int) -> Value:
        """``base.name``."""
        finder = _ATTRIBUTES.get(base.kind)
        if isinstance(base.ref, str):
            shared = f"{base.ref}.{name}"
            stored = self.shared(st, shared)
            if stored is not None:
                return stored
        if finder is not None:
            return finder(self, base, name, st, line)
        return self._loose_attribute(base, name)

    def _loose_attribute(self, base: Value, name: str) -> Value:
        if isinstance(base.items, dict) and name in base.items and base.kind != "dict":
            return base.items[name]  # type: ignore[no-any-return]
        held, value = base.extra, self.part(base, name)
        made = replace(value) if value is held else value  # what is not held by anything else was made just now
        made.kind, made.ref, made.extra = "member-of", name, base
        return made

    def _module_attribute(self, base: Value, name: str, st: State, line: int) -> Value:
        module = base.ref
        if name in self.program.modules[module].names or self.program.lookup(module, name) is not None:
            return self.global_name(module, name)
        if f"{module}.{name}" in self.program.modules:
            return Value(kind="mod", ref=f"{module}.{name}", name=name)
        return replace(UNKNOWN, name=name)

    def _external_attribute(self, base: Value, name: str, st: State, line: int) -> Value:
        found = self.external(f"{base.ref}.{name}")
        if (found.may or not base.may) and "self" not in base.may:
            return replace(found, extra=found.extra or (base if found.kind == "ext" and base.kind == "inst" else None))
        value = self.part(base, name) if "self" in base.may else base
        return Value(kind="ext", ref=found.ref, may=value.may, must=value.must, name=name, null=value.null, true=value.true)

    def _instance_attribute(self, base: Value, name: str, st: State, line: int) -> Value:
        if isinstance(base.items, dict) and name in base.items:
            return base.items[name]  # type: ignore[no-any-return]
        full = self.know.canonical(f"{base.ref}.{name}")
        labels, cls = frozenset(self.know.source(full)), self.know.type_of(full)
        self.used_instances.add(base.site)
        if cls:
            items = base.items.setdefault(f".{name}", {}) if isinstance(base.items, dict) else {}
            kind = "config" if self.know.base(cls) == "config" or cls.endswith(".Config") else "inst"
            return Value(
                kind=kind, ref=cls, may=labels | base.may, must=labels | base.must, name=name, site=base.site or full, items=items
            )
        value = self.part(base, "") if base.may else UNKNOWN
        return replace(value, kind="ext", ref=full, may=value.may | labels, must=value.must | labels, extra=base, name=name)

    def _object_attribute(self, base: Value, name: str, st: State, line: int) -> Value:
        if isinstance(base.items, dict) and name in base.items:
            return base.items[name]  # type: ignore[no-any-return]
        method = self.program.method(base.ref, name)
        if method is not None:
            return self._bound(base, method, name, st, line)
        for cls in self.program.mro(base.ref):
            if isinstance(cls, Cls):
                attrs = self.class_attrs(cls)
                if name in attrs:
                    return self._field(base, attrs[name], name, st, line)
        labelled = self.part(base, name)
        for full in self.program.external_bases(base.ref):
            if base.extra in ("app", "router"):
                return self._instance_attribute(replace(base, kind="inst", ref=self.know.canonical(full)), name, st, line)
            api = self.know.api(f"{full}.{name}")
            if api is not None:
                return replace(labelled, kind="ext", ref=self.know.canonical(f"{full}.{name}"), extra=base)
        return replace(labelled, kind="member-of", ref=name, extra=base)

    def _field(self, base: Value, default: Value, name: str, st: State, line: int) -> Value:
        """A declared field of an instance: its own labels, the default's constant only for settings and plain classes."""
        kind = self.class_kind(base.ref)
        if kind == "table" and is_relation(default):
            related = self.related(base, default, name, line, st)
            if related is not None:
                return related
        if kind == "table" or (kind == "schema" and base.may):
            value = self.part(base, name)
            return replace(
                value, kind="member-of" if value.kind == "unknown" else value.kind, ref=name, type=default.type, extra=base
            )
        if kind == "settings":
            env = frozenset({f"env:{name}", "setting"})
            return replace(default, may=default.may | env, name=name)
        return replace(default, name=default.name or name)

    def related(self, base: Value, relation: Value, name: str, line: int, st: State) -> Value | None:
        """What a relationship loads: one record, or (as an access of its own) all that refer to this one."""
        target = self._target(base.ref, relation)
        if target is None:
            return None
        if self._refers(base.ref, target):
            return Value(kind="obj", ref=target, may=base.may, must=base.must, items={}, name=name, null=True)
        model = self.program.cls(target).name
        query = Query(
            (model,),
            (Condition(self.program.cls(base.ref).name.lower(), "==", replace(base, kind="unknown", items=None, extra=None)),),
        )
        return self.run_query(self.query_value(query, target), "list", st, line, 0)

    def _target(self, owner: Cls, relation: Value) -> Cls | None:
        named = relation.item("0") if isinstance(relation.items, dict) else None
        if named is not None and isinstance(named.ref, Cls):
            return named.ref
        if named is None or not isinstance(named.const, str):
            return None
        found = self.program.resolve(owner.module, named.const.rpartition(".")[2])
        return found if isinstance(found, Cls) else self.class_named(named.const.rpartition(".")[2])

    def class_named(self, name: str) -> Cls | None:
        """A table class by its plain name, as relationships name them."""
        if self._named is None:
            self._named = {self.program.cls(c).name: c for c in self.program.classes() if self.class_kind(c) == "table"}
        return self._named.get(name)

    _named: dict[str, Cls] | None = None

    def _refers(self, owner: Cls, target: Cls) -> bool:
        """Whether the owner's table holds the foreign key: then the relationship leads to one record."""
        table = self.class_attrs(target).get("__tablename__")
        names = {
            snake(self.program.cls(target).name),
            self.program.cls(target).name,
            str(table.const) if table is not None else "",
        }
        for statement in self.program.cls(owner).body:
            value = statement[4] if statement[0] == ir.ANN else statement[3] if statement[0] == ir.ASSIGN else None
            if foreign_key(value) in names:
                return True
        return False

    def _bound(self, base: Value, method: Func, name: str, st: State, line: int) -> Value:
        marks = self._marks(method)
        value = Value(kind="func", ref=method, name=name, items=None if "staticmethod" in marks else base, extra=())
        if marks and any(m.rpartition(".")[2] in ("property", "cached_property", "hybrid_property") for m in marks):
            return replace(self.call(value, [], {}, st, line), name=name)
        return value

    def _marks(self, method: Func) -> set[str]:
        decorators = self.program.function(method).decorators
        return {ir.dotted(d) or "" for d in decorators} if decorators else set()

    def _class_attribute(self, base: Value, name: str, st: State, line: int) -> Value:
        kind = self.class_kind(base.ref)
        method = self.program.method(base.ref, name)
        if method is not None:
            held = base if "classmethod" in self._marks(method) else None
            return Value(kind="func", ref=method, name=name, items=held, extra=())
        attr: Value | None = None
        for cls in self.program.mro(base.ref):
            if isinstance(cls, Cls):
                attr = self.class_attrs(cls).get(name)
                if attr is not None:
                    break
        if kind == "enum":
            return Value(
                kind="member",
                ref=base.ref,
                name=name,
                const=attr.const if attr else name,
                type="enum",
                extra=self.program.cls(base.ref).name,
            )
        if kind == "table":
            found = self.table_attribute(base, name, attr)
            if found is not None:
                return found
        if attr is not None:
            return attr if kind != "settings" else replace(attr, may=attr.may | {f"env:{name}", "setting"}, name=name)
        if name == "__members__" or name.startswith("__"):
            return replace(UNKNOWN, name=name)
        for full in self.program.external_bases(base.ref):
            view = self.know.view(full)
            if view is not None and view.factory == name:
                return Value(kind="constant", extra=base, name=name)
            if self.know.api(f"{full}.{name}") is not None:
                return Value(kind="ext", ref=self.know.canonical(f"{full}.{name}"), extra=base, name=name)
        return Value(kind="member-of", ref=name, extra=base, name=name)

    def _super_attribute(self, base: Value, name: str, st: State, line: int) -> Value:
        owner, self_value = base.ref, base.extra
        after = list(self.program.mro(self_value.ref if isinstance(self_value.ref, Cls) else owner))
        start = after.index(owner) + 1 if owner in after else 1
        for item in after[start:]:
            if isinstance(item, Cls):
                for method, index in self.program.cls(item).methods:
                    if method == name:
                        return Value(kind="func", ref=Func(item.module, index), items=self_value, extra=(), name=name)
            else:
                return Value(
                    kind="ext",
                    ref=self.know.canonical(f"{item.name}.{name}" if name != "__init__" else item.name),
                    extra=self_value,
                    name=name,
                )
        return replace(UNKNOWN, name=name)


_ATTRIBUTES: Mapping[str, Callable[[Attributes, Value, str, State, int], Value]] = {
    "mod": Attributes._module_attribute,
    "ext": Attributes._external_attribute,
    "inst": Attributes._instance_attribute,
    "obj": Attributes._object_attribute,
    "cls": Attributes._class_attribute,
    "super": Attributes._super_attribute,
}
