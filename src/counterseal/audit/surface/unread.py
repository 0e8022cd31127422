"""Code that answers requests and that no reader has taken: handlers, tables and servers of frameworks that are not known.

Only the shape tells: a decorator with a path, a table of paths and functions, a class with a method for each HTTP method, a
callable with the signature of a gateway, a server that listens. None of it becomes a route, because who may call it is not
known; that it is there is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from counterseal.audit.facts.python import ir
from counterseal.audit.findings import Place
from counterseal.audit.surface.inject import Machine, origin_of, unwrapped
from counterseal.audit.surface.model import Unread
from counterseal.audit.surface.program import Cls, External, Func, ModuleInfo

_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "any"})
_ROUTING = re.compile(
    r"^(add_)?(get|post|put|patch|delete|head|options|any|all|ws|view|api|on|path|url)$"
    r"|route|url_rule|endpoint|handle|resource|page|expose|webhook|websocket|mount",
    re.IGNORECASE,
)
_TASK = frozenset({"task", "shared_task", "periodic_task", "actor", "job"})
_QUEUES = frozenset({"celery", "dramatiq", "rq", "huey", "taskiq", "arq", "procrastinate", "django_rq", "flask_rq2"})
_HANDLER_BASE = re.compile(r"(Handler|View|Endpoint|Controller)$")
_BY_METHOD = re.compile(r"^do_[A-Z]+$|^on_(get|post|put|patch|delete)$")
_GATEWAYS = {
    ("scope", "receive", "send"): "an ASGI callable",
    ("environ", "start_response"): "a WSGI callable",
    ("event", "context"): "a function handler",
}
_LISTENS = frozenset({"serve", "serve_forever", "start_server", "start_unix_server", "run_server", "listen", "listenTCP"})
_HOSTS = frozenset(
    {"bjoern", "cheroot", "daphne", "eventlet", "gevent", "granian", "gunicorn", "hypercorn", "meinheld", "prometheus_client"}
    | {"uvicorn", "waitress", "werkzeug", "wsgiref"}
)
"""Servers that run an application of somebody else's: what they answer is that application's."""


def unread(m: Machine) -> Iterator[Unread]:
    """Everything in the program that has the shape of a handler, a table of handlers or a server, and that is no route."""
    taken = _taken(m)
    for module, info in m.program.modules.items():
        yield from _decorated(m, module, info, taken)
        yield from _classes(m, module, info, taken)
        yield from _gateways(m, module, info, taken)
        yield from _tables(m, module, info, taken)


def _taken(m: Machine) -> set[Func | Cls]:
    """Functions and classes that were registered somewhere."""
    out: set[Func | Cls] = set()
    for r in m.registrations:
        for value in (r.handler, r.child):
            if value is not None:
                out |= {ref for ref in (origin_of(value), unwrapped(value).ref) if isinstance(ref, Func | Cls)}
    return out


def _decorated(m: Machine, module: str, info: ModuleInfo, taken: set[Func | Cls]) -> Iterator[Unread]:
    items: list[tuple[Func | Cls, ir.Function | ir.Class]] = [
        *((Func(module, i), f) for i, f in enumerate(info.facts.functions) if f.decorators),
        *((Cls(module, i), c) for i, c in enumerate(info.facts.classes) if c.decorators),
    ]
    for ref, item in items:
        for decorator in item.decorators:
            name = ir.dotted(decorator[2] if decorator[0] == ir.CALL else decorator)
            if name is None or ref in taken:
                continue
            full = _meaning(m, module, name)
            last = name.rpartition(".")[2]
            place = Place(info.facts.path, decorator[1])
            if last in _TASK and (queue := _queue(info, full)):
                yield Unread(queue, f"@{name} on {item.name}", place)
            elif _ROUTING.search(last) and not _known(m, full) and (path := _path(decorator)) is not None:
                yield Unread(_library(full), f'@{name}("{path}") on {item.name}', place)


def _queue(info: ModuleInfo, full: str) -> str:
    """The library of tasks that a decorator comes from. What a file imports counts as written: projects name folders so too."""
    heads = [_library(full), *(target.partition(".")[0] for _, target, _, _ in info.facts.imports)]
    return next((head for head in heads if head in _QUEUES), "")


def _classes(m: Machine, module: str, info: ModuleInfo, taken: set[Func | Cls]) -> Iterator[Unread]:
    for index, item in enumerate(info.facts.classes):
        ref = Cls(module, index)
        if not item.methods or ref in taken:
            continue
        bases = list(m.program.external_bases(ref)) if item.bases else []
        if any(m.know.view(base) is not None for base in bases):
            continue
        names = [name for name, _ in item.methods]
        telling = next((name for name in names if _BY_METHOD.search(name)), None)
        base = next((b for b in bases if b.endswith("Servicer")), None)
        if base is None and any(name in _VERBS for name in names):
            base = next((b for b in bases if _HANDLER_BASE.search(b) and not _known(m, b)), None)
        if telling is not None or base is not None:
            what = f"with the method {telling}" if telling is not None else f"based on {base}"
            library = _library(base or (bases[0] if bases else ""))
            yield Unread(library, f"class {item.name} {what}", _at(info, item.line))


def _gateways(m: Machine, module: str, info: ModuleInfo, taken: set[Func | Cls]) -> Iterator[Unread]:
    for index, item in enumerate(info.facts.functions):
        own = item.params[1:] if item.class_index >= 0 else item.params
        what = _GATEWAYS.get(tuple(name for name, *_ in own))
        ref = Func(module, index)
        if what is None or item.parent >= 0 or ref in m.executed or ref in taken:
            continue
        if item.class_index >= 0 and (item.name != "__call__" or _wraps_another(m, Cls(module, item.class_index))):
            continue
        if what == "a function handler" and "handler" not in item.name:
            continue
        yield Unread("", f"{item.qualname} is {what}", _at(info, item.line))


def _wraps_another(m: Machine, ref: Cls) -> bool:
    """Whether a class is made with the application that it stands before."""
    made = m.program.method(ref, "__init__")
    return made is not None and any("app" in name for name, *_ in m.program.function(made).params)


def _tables(m: Machine, module: str, info: ModuleInfo, taken: set[Func | Cls]) -> Iterator[Unread]:
    """Paths that stand beside functions or classes of the program, and servers that listen."""
    bodies = [info.body] if any(map(_worth_reading, info.facts.calls)) else []
    bodies += [m.program.body(Func(module, i)) for i, f in enumerate(info.facts.functions) if any(map(_worth_reading, f.calls))]
    for node in _nodes(bodies):
        if node[0] == ir.CALL:
            yield from _call(m, module, info, node, taken)
        elif node[0] == ir.SEQ and node[2] == "tuple" and (found := _pair(m, module, node[3], taken)):
            yield Unread("", f"{found} in a table", _at(info, node[1]))


def _worth_reading(call: str) -> bool:
    last = call.rpartition(".")[2]
    return last in _LISTENS or last.lower().endswith(("server", "app", "application")) or bool(_ROUTING.search(last))


def _call(m: Machine, module: str, info: ModuleInfo, node: ir.Node, taken: set[Func | Cls]) -> Iterator[Unread]:
    name = ir.dotted(node[2]) or (f"?.{node[2][3]}" if node[2][0] == ir.ATTR else "")
    last = name.rpartition(".")[2]
    full = _meaning(m, module, name)
    if last in _LISTENS:
        imported = {target.partition(".")[0] for _, target, _, _ in info.facts.imports}
        if not (_known(m, full) or imported & _HOSTS) and ((full and last != "listen") or _listens(node, last)):
            yield Unread(_library(full), f"{name.removeprefix('?.')}() listens", _at(info, node[1]))
    elif last in _VERBS and not full:
        return  # ``cache.get("/x", fallback)``: so is a dictionary asked
    elif _ROUTING.search(last) and not _known(m, full) and (found := _pair(m, module, node[3], taken)):
        yield Unread(_library(full), f"{name.removeprefix('?.')}() with {found}", _at(info, node[1]))


def _listens(node: ir.Node, last: str) -> bool:
    """Whether a call on something that is not known says that it listens."""
    return last == "serve_forever" or any(key in ("port", "host", "address") for key, _ in node[4])


def _pair(m: Machine, module: str, elements: Iterable[ir.Node], taken: set[Func | Cls]) -> str:
    """``"/path" and name`` where a path stands beside a function or class of the program that is no handler yet."""
    path = handler = ""
    for element in elements:
        if element[0] == ir.CONST and isinstance(element[2], str) and element[2].startswith(("/", "^/")):
            path = path or element[2]
        elif element[0] in (ir.NAME, ir.ATTR) and not handler and (name := ir.dotted(element)):
            found = m.program.resolve(module, name)
            if isinstance(found, Func | Cls) and found not in taken:
                handler = name
    return f'"{path}" and {handler}' if path and handler else ""


def _path(decorator: ir.Node) -> str | None:
    """The path that a decorator is given."""
    if decorator[0] != ir.CALL:
        return None
    given = [*decorator[3][:1], *(value for key, value in decorator[4] if key in ("path", "rule", "url", "uri", "route"))]
    return next((n[2] for n in given if n[0] == ir.CONST and isinstance(n[2], str) and n[2].startswith(("/", "^/"))), None)


def _nodes(parts: Iterable[object]) -> Iterator[ir.Node]:
    """Every call and every sequence below nested tuples."""
    stack = list(parts)
    while stack:
        part = stack.pop()
        if isinstance(part, tuple):
            if part and part[0] in (ir.CALL, ir.SEQ):
                yield part
            stack.extend(part)


def _meaning(m: Machine, module: str, name: str) -> str:
    """The full name of what a library defines, or ``""``."""
    if name.startswith("?"):
        return ""
    found = m.program.resolve(module, name)
    head, _, rest = name.partition(".")
    local = m.program.modules[module].local_imports.get(head)
    full = found.name if isinstance(found, External) else ""
    if found is None and local is not None:
        full = f"{local}.{rest}" if rest else local
    return m.know.canonical(full) if full and not _own(m, full) else ""


def _own(m: Machine, full: str) -> bool:
    """Whether a name that was not found belongs to the program all the same: which folder it starts from is not known."""
    head = _library(full)
    return any(head in package.split(".") for package in m.program.packages)


def _library(full: str) -> str:
    return full.partition(".")[0]


def _known(m: Machine, full: str) -> bool:
    """Whether a library file says what it does."""
    return bool(full) and (m.know.api(full) is not None or bool(m.know.framework(full)))


def _at(info: ModuleInfo, line: int) -> Place:
    return Place(info.facts.path, line)
