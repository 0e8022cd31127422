"""Library calls that give values: the environment, conversions, configuration."""

from __future__ import annotations

from counterseal.audit.surface.identity import IdentityCalls
from counterseal.audit.surface.library_call import LibraryCall
from counterseal.audit.surface.program import Cls
from counterseal.audit.surface.queries import fetched
from counterseal.audit.surface.values import NO_CONST, NULL, UNKNOWN, Value, replace


class ValueCalls(IdentityCalls):
    """What calls that give values do to the state."""

    def _env(self, c: LibraryCall) -> Value:
        name = c.roles.get("name") or (c.args[0] if c.args else UNKNOWN)
        default = c.roles.get("default")
        label = frozenset({f"env:{name.const if name.is_const else '?'}"})
        if default is not None and not (default.is_const and default.const is None):
            return replace(
                default, may=default.may | label, must=default.must | label, name=str(name.const) if name.is_const else ""
            )
        return Value(may=label, must=label, null=True, type="str", name=str(name.const) if name.is_const else "", const=NO_CONST)

    def _convert(self, c: LibraryCall) -> Value:
        first = c.args[0] if c.args else c.receiver if c.receiver is not None else UNKNOWN
        return replace(first, type=c.api.fixed.get("type", first.type))

    def _wraps(self, c: LibraryCall) -> Value:
        return Value(kind="registering", ref=c.full, extra=(c.api, c.receiver, c.roles, self.place(c.line, c.end), c.args))

    def _config(self, c: LibraryCall) -> Value:
        store = c.receiver.items if c.receiver is not None and isinstance(c.receiver.items, dict) else None
        if store is None:
            return UNKNOWN
        for source in c.args:
            if source.kind == "cls" and isinstance(source.ref, Cls):
                for cls in reversed([c for c in self.program.mro(source.ref) if isinstance(c, Cls)]):
                    store.update({k: v for k, v in self.class_attrs(cls).items() if k.isupper()})
            elif isinstance(source.items, dict):
                store.update({k: v for k, v in source.items.items() if isinstance(v, Value)})
        store.update({k: v for k, v in c.kwargs.items() if k != "**"})
        return NULL

    def _fetch(self, c: LibraryCall) -> Value | None:
        held = self.results.get(id(c.receiver))
        return fetched(held[1], c.full.rpartition(".")[2]) if held is not None else None
