"""Views behind URL patterns: which methods they answer, and the flow of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from counterseal.audit.facts.python import ir
from counterseal.audit.surface.inject import Machine, origin_of, unwrapped
from counterseal.audit.surface.listed import sequence
from counterseal.audit.surface.marks import marked
from counterseal.audit.surface.program import Cls, Func
from counterseal.audit.surface.state import State
from counterseal.audit.surface.url_middleware import REQUEST, incoming
from counterseal.audit.surface.values import Value

_SERVED = ("get", "post", "put", "patch", "delete")
_BODY = {"POST", "body", "FILES", "data", "DATA"}
_VERB = re.compile(r"GET|POST|PUT|PATCH|DELETE")
_ANYONE = frozenset({"who", "self", "anonymous?"})


@dataclass(frozen=True, slots=True)
class View:
    """What answers one method at one pattern."""

    method: str
    func: Func | None
    owner: Cls | None
    """The class of a class-based view."""
    name: str


def views_of(m: Machine, handler: Value) -> Iterator[View]:
    """Every method that a view answers."""
    inner = subject(handler)
    owner = marked(inner, "view_class")
    if owner is not None and isinstance(owner.ref, Cls):
        yield from _of_class(m, owner.ref, marked(inner, "actions"))
        return
    func = origin_of(inner)
    name = m.program.qualname(func) if isinstance(func, Func) else inner.name or str(inner.ref or "?")
    known = func if isinstance(func, Func) else None
    for verb in _answered(m, inner, known):
        yield View(verb, known, None, name)


def subject(handler: Value, depth: int = 0) -> Value:
    """The view inside its decorators: that of a decorator which copies no attributes is found among its variables."""
    inner = unwrapped(handler)
    if depth > 5 or inner.kind != "func" or marked(inner, "view_class") is not None or inner.site:
        return inner
    for scope in inner.extra if isinstance(inner.extra, tuple) else ():
        for value in scope.values():
            if value.kind in ("func", "wrapped") and value is not inner and marked(value, "view_class") is not None:
                return subject(value, depth + 1)
    return inner


def _of_class(m: Machine, ref: Cls, actions: Value | None) -> Iterator[View]:
    allowed = {str(v.const).lower() for v in sequence(_class_attribute(m, ref, "http_method_names"))}
    table = {verb: verb for verb in _SERVED}
    if actions is not None and isinstance(actions.items, dict):
        table = {verb.lower(): str(v.const) for verb, v in actions.items.items() if isinstance(v, Value)}
    for verb, action in table.items():
        func = m.program.method(ref, action)
        if func is not None and (verb in allowed or not allowed):
            yield View(verb.upper(), func, ref, f"{m.program.qualname(ref)}.{action}")


def _class_attribute(m: Machine, ref: Cls, name: str) -> Value | None:
    for cls in m.program.mro(ref):
        if isinstance(cls, Cls) and name in m.class_attrs(cls):
            return m.class_attrs(cls)[name]
    return None


def _answered(m: Machine, view: Value, func: Func | None) -> list[str]:
    """The methods of a function: those that decorators let through, else those that it asks for."""
    demanded = marked(view, "answered_methods")
    if demanded is not None:
        return [str(v.const).upper() for v in sequence(demanded) if str(v.const).upper() not in ("HEAD", "OPTIONS")]
    if func is None:
        return ["GET"]
    params = m.program.function(func).params
    first = params[0][0] if params else "request"
    asked: set[str] = set()
    reads_body = _scan(m.program.body(func), first, asked)
    if asked:
        return [verb for verb in ("GET", "POST", "PUT", "PATCH", "DELETE") if verb in asked or verb == "GET"]
    return ["POST"] if reads_body else ["GET"]


def _scan(node: object, request: str, asked: set[str]) -> bool:
    """Collect the methods that ``request.method`` is compared with; whether the body of the request is read."""
    if not isinstance(node, tuple):
        return False
    reads = False
    if len(node) > 3 and node[0] == ir.CMP and _is_method(node[2], request):
        asked.update(text for _, other in node[3] for text in _texts(other) if _VERB.fullmatch(text))
    elif len(node) > 3 and node[0] == ir.ATTR and node[3] in _BODY and ir.dotted(node[2]) == request:
        reads = True
    for part in node:
        if isinstance(part, tuple):
            reads |= _scan(part, request, asked)
    return reads


def _is_method(node: object, request: str) -> bool:
    return isinstance(node, tuple) and len(node) > 3 and node[0] == ir.ATTR and ir.dotted(node) == f"{request}.method"


def _texts(node: object) -> Iterator[str]:
    if isinstance(node, tuple):
        if len(node) == 3 and node[0] == ir.CONST and isinstance(node[2], str):
            yield node[2].upper()
        else:
            for part in node:
                yield from _texts(part)


def run_view(m: Machine, handler: Value, arguments: dict[str, Value], st: State, line: int) -> None:
    """Call a view as the framework does."""
    st.heap.setdefault(f"{REQUEST}.user", Value(may=_ANYONE, must=_ANYONE, name="user", null=False))
    m.call(handler, [incoming()], arguments, st, line)
