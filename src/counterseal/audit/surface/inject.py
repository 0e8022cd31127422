"""How frameworks call handlers: path parameters, declared inputs, dependencies that run before the handler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from counterseal.audit.facts.python import ir
from counterseal.audit.surface.contracts import contract_of, handed_over
from counterseal.audit.surface.invoke import Invoke
from counterseal.audit.surface.model import Input
from counterseal.audit.surface.program import Cls, Func
from counterseal.audit.surface.state import State
from counterseal.audit.surface.values import UNKNOWN, Value, replace

_SCALARS = {"int", "str", "bool", "float", "uuid", "enum", "date", "email", "url", "bytes"}
_BOUNDS = ("le", "lt", "max_length", "pattern", "regex")


@dataclass(slots=True, eq=False)
class Request:
    """One request while its handler's arguments are put together."""

    path_types: Mapping[str, str]
    """Path parameters with their converters."""
    method: str
    inputs: dict[tuple[str, str], Input] = field(default_factory=dict)
    named: Mapping[str, Value] = field(default_factory=dict)
    """Dependencies that are asked for by the name of a parameter."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Parameters whose name says which part of the request they are."""
    scopes: tuple[Value, ...] = ()
    """Scopes that the dependencies which are being resolved demand (``Security(..., scopes=[...])``)."""
    solved: dict[str, Value] = field(default_factory=dict)
    """Results of dependencies by identity: a dependency runs once per request."""


class Machine(Invoke):
    """The whole abstract machine."""

    def inject(self, target: Value, request: Request, st: State, line: int) -> Value:
        """Call a handler or dependency as FastAPI does: every parameter is resolved from its declaration."""
        inner = unwrapped(target)
        if inner.kind == "lambda":
            return self.call(target, [], {}, st, line)
        ref, bound = self._signature(inner)
        if ref is None:
            return self._inject_other(target, st, line)
        kwargs: dict[str, Value] = {}
        params = self.program.function(ref).params
        origin = origin_of(inner)
        if isinstance(origin, Func) and origin != ref and any(p[3] == ir.VAR_KEYWORD for p in params):
            # ``functools.wraps``: FastAPI reads the signature of the function inside.
            ref, params = origin, self.program.function(origin).params
        skip = 1 if bound else 0
        contract = contract_of(target)
        owner = self.program.function(ref).class_index
        if not bound and owner >= 0 and params and params[0][0] == "self":
            # A class-based view: what its attributes depend on is resolved before the method runs.
            kwargs["self"] = self.holder(Cls(ref.module, owner), request, st, line)
            skip = 1
            if st.dead:
                return Value(kind="never")
        for name, annotation, default, kind in params[skip:]:
            if kind in (ir.VAR_POSITIONAL, ir.VAR_KEYWORD):
                continue
            given = self._handed_over(contract, ref.module, name, annotation) if contract is not None else None
            value = given or self._parameter(ref.module, name, annotation, default, request, st, line)
            if st.dead:
                return Value(kind="never")
            if value is not None:
                kwargs[name] = value
        return self.call(target, [], kwargs, st, line)

    def _handed_over(self, contract: Value, module: str, name: str, annotation: Any) -> Value | None:
        return handed_over(contract, name, self.in_module(module, lambda: self.annotation(annotation, State({}))))

    def holder(self, cls: Cls, request: Request, st: State, line: int) -> Value:
        """An instance of a class-based view, with the attributes that are declared as dependencies."""
        made = Value(kind="obj", ref=cls, items={})
        for owner in reversed([c for c in self.program.mro(cls) if isinstance(c, Cls)]):
            for statement in self.program.cls(owner).body:
                if statement[0] != ir.ANN or statement[2][0] != ir.NAME or st.dead:
                    continue
                name, annotation, default = statement[2][2], statement[3], statement[4]
                if default is None and not (annotation[0] == ir.SUB or ir.dotted(annotation)):
                    continue
                if self._is_dependency(owner.module, annotation, default):
                    value = self._parameter(owner.module, name, annotation, default, request, st, line)
                    if value is not None:
                        made.items[name] = value
        return made

    def _is_dependency(self, module: str, annotation: Any, default: Any) -> bool:
        if default is not None:
            return self.in_module(module, lambda: self.evaluate(default, State({}))).kind == "depends"
        declared = self.in_module(module, lambda: self.annotation(annotation, State({})))
        return declared.kind == "annotated" and any(m.kind == "depends" for m in declared.items[1:])

    def _signature(self, inner: Value) -> tuple[Func | None, bool]:
        if inner.kind == "func":
            return inner.ref, isinstance(inner.items, Value)
        if inner.kind == "cls":
            return self.program.method(inner.ref, "__init__"), True
        if inner.kind == "obj":
            return self.program.method(inner.ref, "__call__"), True
        return None, False

    def _inject_other(self, target: Value, st: State, line: int) -> Value:
        if target.kind == "inst" and target.extra == "credential":
            return self.library_call(
                self.know.api(f"{target.ref}.__call__") or self.know.api(target.ref),
                f"{target.ref}.__call__",
                target,
                [],
                {},
                st,
                line,
            )
        if target.kind == "inst":
            api = self.know.api(target.ref)
            if api is not None and api.facts:
                self.establish(st, frozenset(api.facts), line, f"{target.ref} is a dependency")
            return UNKNOWN
        if target.kind == "ext":
            api = self.know.api(target.ref)
            if api is not None and api.kind == "param":
                return UNKNOWN
        if target.kind in ("cls", "wrapped", "constant", "ext"):
            return self.call(target, [], {}, st, line)
        return UNKNOWN

    def _parameter(
        self, module: str, name: str, annotation: Any, default: Any, request: Request, st: State, line: int
    ) -> Value | None:
        declared = self.in_module(module, lambda: self.annotation(annotation, State({})))
        marker = self.in_module(module, lambda: self.evaluate(default, State({}))) if default is not None else None
        kind: Value = declared
        if declared.kind == "annotated":
            kind = declared.items[0]
            kind = self.in_module(module, lambda: self.annotation(kind.const, State({}))) if kind.kind == "str" else kind
            for meta in declared.items[1:]:
                if meta.kind in ("depends", "param"):
                    marker = meta
                elif meta.kind == "ext" and (self.know.api(meta.ref) or _NO_API).kind in ("param", "depends"):
                    marker = self.call(meta, [], {}, st, line)
        if marker is not None and marker.kind == "ext":
            marker = None
        if name in request.named:
            marker = request.named[name]
        if marker is not None and marker.kind == "depends":
            return self.dependency(marker, kind, request, st, line)
        return self._input(name, kind, marker, request)

    def dependency(self, marker: Value, kind: Value, request: Request, st: State, line: int) -> Value:
        """The result of a dependency: it runs once per request."""
        target = marker.extra if isinstance(marker.extra, Value) else kind
        scopes = (*request.scopes, *_elements(marker.items.get("scopes") if isinstance(marker.items, dict) else None))
        made = id(target.extra) if target.extra else "", id(target.items) if target.kind in ("inst", "obj") else ""
        key = f"{target.kind}:{target.ref}:{target.site}:{made}:{[s.const for s in scopes]}"
        if key in request.solved:
            return request.solved[key]
        if target.kind == "ext":
            api = self.know.api(target.ref)
            if api is not None and api.kind == "credential" and api.fixed.get("source") == "form":
                return Value(kind="unknown", may=frozenset({"in:form"}), must=frozenset({"in:form"}), name="form")
            labels = frozenset(self.know.source(target.ref))
            if labels:
                for label in labels:
                    if label.startswith("in:"):
                        request.inputs[(label[3:], "credentials")] = Input("credentials", label[3:], "str")
                return Value(may=labels, must=labels, name="form")
        outer, request.scopes = request.scopes, scopes
        result = self.inject(target, request, st, line)
        request.scopes = outer
        request.solved[key] = result
        return result

    def _input(self, name: str, kind: Value, marker: Value | None, request: Request) -> Value | None:
        if kind.kind == "ext" and kind.ref not in _BUILTIN_TYPES and self.scalar(kind) == "":
            if kind.ref in _FORMS:
                return self._note(request, Input(name, "file", "file"), None)
            if kind.ref == _DEMANDED:
                demanded = {"scopes": Value(kind="seq", items=list(request.scopes), null=not request.scopes)}
                return Value(kind="inst", ref=kind.ref, name=name, items=demanded)
            return (
                Value(kind="inst", ref=kind.ref, name=name, site=f"param:{kind.ref}", items={})
                if kind.ref.rpartition(".")[2][:1].isupper()
                else UNKNOWN
            )
        if kind.kind == "ext" and kind.ref in _FORMS:
            return self._note(request, Input(name, "file", "file"), None)
        options = marker.items if marker is not None and marker.kind == "param" else {}
        source = str(marker.ref) if marker is not None and marker.kind == "param" else self._source(name, kind, request)
        alias = options.get("alias")
        wire = str(alias.const) if alias is not None and alias.is_const else name
        type_ = self.scalar(kind) or request.path_types.get(name, "") if source == "path" else self.scalar(kind)
        bounded = any(b in options for b in _BOUNDS)
        if kind.kind == "cls" and self.class_kind(kind.ref) != "enum":
            made = Input(name, source, self.program.cls(kind.ref).name, self.program.qualname(kind.ref), True)
            return self._note(
                request,
                made,
                Value(kind="obj", ref=kind.ref, may=frozenset({f"in:{source}"}), must=frozenset({f"in:{source}"}), name=name),
            )
        default = options.get("default") or (marker if marker is not None and marker.kind == "const" else None)
        null = default is not None and default.is_const and default.const is None
        label = frozenset({f"in:{source}:{wire.lower() if source == 'header' else wire}"} | ({"bounded"} if bounded else set()))
        element = None
        if kind.kind == "seq" and isinstance(kind.extra, Value) and kind.extra.kind == "obj":
            element = replace(kind.extra, may=frozenset({f"in:{source}"}), must=frozenset({f"in:{source}"}))
        value = Value(
            kind="seq" if element else "unknown", may=label, must=label, null=null, type=type_, name=name, extra=element
        )
        return self._note(request, Input(wire, source, type_, None, bounded or type_ in ("uuid", "enum", "bool")), value)

    def _source(self, name: str, kind: Value, request: Request) -> str:
        if name in request.path_types:
            return "path"
        if name in request.sources:
            return request.sources[name]
        if kind.kind == "cls" and self.class_kind(kind.ref) != "enum":
            return "body"
        if kind.kind == "seq" or (
            kind.kind == "ext" and kind.ref in ("builtins.dict", "typing.Dict", "typing.Any", "builtins.list")
        ):
            return "body" if request.method not in ("GET", "DELETE", "WEBSOCKET") else "query"
        return "query"

    def _note(self, request: Request, made: Input, value: Value | None) -> Value:
        request.inputs[(made.source, made.name)] = made
        if value is not None:
            return value
        label = frozenset({f"in:{made.source}:{made.name}"})
        return Value(may=label, must=label, name=made.name)

    def scalar(self, kind: Value) -> str:
        """The scalar type that an annotation means, or ``""``."""
        if kind.kind == "cls":
            return "enum" if self.class_kind(kind.ref) == "enum" else ""
        if kind.kind == "ext" and str(kind.ref).endswith(".Literal"):
            return "enum"
        typed = self.typed(UNKNOWN, kind) if kind.kind == "ext" else UNKNOWN
        return typed.type if typed.type in _SCALARS else ""


def unwrapped(target: Value) -> Value:
    """The function inside the guards of libraries."""
    while target.kind == "wrapped" and isinstance(target.extra[0], Value):
        target = target.extra[0]
    return target


def origin_of(target: Value) -> Func | Cls | None:
    """The function or class that the programmer wrote as the handler, whatever decorators made of it."""
    inner = unwrapped(target)
    site = inner.site
    if "#" in site:
        module, _, index = site.partition("#")
        if index.isdigit():
            return Func(module, int(index))
    return inner.ref if isinstance(inner.ref, Func | Cls) else None


def _elements(value: Value | None) -> list[Value]:
    return [v for v in value.items if isinstance(v, Value)] if value is not None and isinstance(value.items, list) else []


class _NoApi:
    kind = ""


_NO_API = _NoApi()
_DEMANDED = "fastapi.security.SecurityScopes"
"""What FastAPI hands to a dependency that asks for the scopes with which it was demanded."""
_FORMS = {"fastapi.UploadFile", "fastapi.datastructures.UploadFile", "starlette.datastructures.UploadFile"}
_BUILTIN_TYPES = {
    "builtins.int",
    "builtins.str",
    "builtins.bool",
    "builtins.float",
    "builtins.dict",
    "builtins.list",
    "builtins.bytes",
    "builtins.set",
    "builtins.tuple",
    "typing.Any",
    "typing.Dict",
    "typing.List",
}
