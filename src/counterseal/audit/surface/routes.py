"""From what was registered while the program was executed to the route table, with the flow of every route."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from counterseal.audit.facts.python import ir
from counterseal.audit.findings import Place
from counterseal.audit.libraries.model import ViewClass
from counterseal.audit.result import NotChecked, RouteKind
from counterseal.audit.surface.contracts import answer
from counterseal.audit.surface.core import Context, Frame
from counterseal.audit.surface.flow import Event, Flow
from counterseal.audit.surface.hooks import incoming_request, run_hooks
from counterseal.audit.surface.inject import Machine, Request, origin_of, unwrapped
from counterseal.audit.surface.layers import run_layered
from counterseal.audit.surface.listed import sequence, unfollowed
from counterseal.audit.surface.model import Route
from counterseal.audit.surface.program import Cls, Func
from counterseal.audit.surface.router import Mounted, Router, join_paths, text_of
from counterseal.audit.surface.state import State
from counterseal.audit.surface.url_views import run_view
from counterseal.audit.surface.values import NULL, UNKNOWN, Value, const, replace
from counterseal.audit.surface.vocabulary import GUARD_NAME
from counterseal.guarantees import Evidence

_PARAM = re.compile(r"\{([A-Za-z_]\w*)(?::(\w+))?\}|<(?:([A-Za-z_]\w*)(?:\([^)]*\))?:)?([A-Za-z_]\w*)>")
_CONVERTERS = {
    "int": "int",
    "str": "str",
    "decimal": "float",
    "date": "date",
    "datetime": "date",
    "float": "float",
    "uuid": "uuid",
    "path": "path",
    "string": "str",
    "any": "enum",
}


@dataclass(slots=True)
class Assembly:
    """The result of putting the route table together."""

    routes: list[Route] = field(default_factory=list)
    prefixes: dict[str, list[str]] = field(default_factory=dict)
    """Below which paths each application is reached, by its site."""
    not_checked: list[NotChecked] = field(default_factory=list)


def assemble(machine: Machine) -> Assembly:
    """The route table of the program, each route with its flow."""
    out = Assembly()
    router = Router(machine)
    seen: set[tuple[str, str, str]] = set()
    for root in router.roots():
        for mounted in router.walk(root, out.prefixes):
            for route in _expanded(machine, mounted, out):
                key = (route.method, route.path, route.app)
                if key not in seen:
                    seen.add(key)
                    out.routes.append(route)
    for made in machine.registrations:
        table = made.options.get("routes")
        if made.kind == "made" and table is not None and not isinstance(table.items, list) and not table.is_const:
            why = "the table is put together in a way that could not be followed"
            out.not_checked.append(NotChecked("routes of the application", why, made.place.file, made.place.line))
        out.not_checked += [
            NotChecked(what, "this could not be followed", made.place.file, made.place.line) for what in unfollowed(machine, made)
        ]
    return out


def _expanded(machine: Machine, mounted: Mounted, out: Assembly) -> list[Route]:
    routes: list[Route] = []
    place = mounted.registration.place
    try:
        routes.extend(expand(machine, mounted, out))
    except Exception as error:  # noqa: BLE001 (what goes wrong with one registration must not hide the others)
        out.not_checked.append(NotChecked("route", machine.failed(error), place.file, place.line))
    return routes


def expand(m: Machine, mounted: Mounted, out: Assembly) -> Iterator[Route]:
    """The routes of one registration: one per path and method."""
    r = mounted.registration
    paths = sequence(r.options.get("paths")) or ((r.path,) if r.path is not None else (const(""),))
    for path_value in paths:
        path = text_of(path_value)
        if not isinstance(path_value.const, str) and path_value.kind != "text":
            out.not_checked.append(NotChecked("route", "its path is not a constant", r.place.file, r.place.line))
            path = "{unknown}"
        full = join_paths(mounted.prefix, path) or "/"
        if "fixed:layers" in r.options:
            full = re.sub("//+", "/", f"/{full}").rstrip("/") or "/"
        subject = unwrapped(r.handler) if r.handler is not None else UNKNOWN
        view = view_class(m, subject)
        if view is not None and isinstance(subject.ref, Cls):
            yield from _view_routes(m, mounted, full, subject, view, r.methods)
            continue
        for method in r.methods or ("GET",):
            yield make_route(m, mounted, method, full, r.handler or UNKNOWN, r.options.get("holder"))


def _view_routes(
    m: Machine, mounted: Mounted, path: str, subject: Value, view: ViewClass, methods: tuple[str, ...] | None
) -> Iterator[Route]:
    ref: Cls = subject.ref
    attrs = m.class_attrs(ref)
    given = methods if "methods" in mounted.registration.options else None
    for name, method in [*view.methods.items(), *_fallback(m, ref, view, given)]:
        func = m.program.method(ref, name)
        if func is None or (
            given and method not in given and method != "WEBSOCKET" and mounted.registration.name.endswith("add_url_rule")
        ):
            continue
        owner = next(
            (c for c in m.program.mro(ref) if isinstance(c, Cls) and any(n == name for n, _ in m.program.cls(c).methods)), ref
        )
        value = m.class_attrs(owner).get(name) or Value(kind="func", ref=func)
        if not value.site:
            value = replace(value, site=str(func))
        holder = Value(kind="obj", ref=ref, items={view.request: incoming_request()} if view.request else {})
        for decorator in sequence(attrs.get(view.decorators)) if view.decorators else ():
            value = _decorated(m, decorator, value, func)
        value = _rewrapped(mounted.registration.handler, value)
        yield make_route(m, mounted, method, path, value, holder)


def _rewrapped(handler: Value | None, value: Value) -> Value:
    """A method of a view with the guards around the view (``login_required(View.as_view("x"))``)."""
    if handler is None or handler.kind != "wrapped":
        return value
    inner, *rest = handler.extra
    return replace(handler, ref=value.ref, site=value.site, extra=(_rewrapped(inner, value), *rest))


def _fallback(m: Machine, ref: Cls, view: ViewClass, given: tuple[str, ...] | None) -> list[tuple[str, str]]:
    """What answers in a view without a method per HTTP method."""
    if not view.fallback or view.methods:
        return []
    declared = sequence(next((a["methods"] for a in _attributes(m, ref) if "methods" in a), None))
    names = given or tuple(str(v.const).upper() for v in declared if v.is_const) or ("GET",)
    return [(view.fallback, name) for name in names]


def _attributes(m: Machine, ref: Cls) -> Iterator[dict[str, Value]]:
    return (m.class_attrs(c) for c in m.program.mro(ref) if isinstance(c, Cls))


def _decorated(m: Machine, decorator: Value, value: Value, func: Func) -> Value:
    m.frames.append(Frame(func.module, None, f"{func.module}.<module>"))
    result = m.call(decorator, [value], {}, State({}), 0)
    m.frames.pop()
    if result.kind in ("func", "wrapped"):
        return replace(result, site=value.site or str(func))
    if GUARD_NAME.search(decorator.name):
        facts, why = frozenset({"opaque-guard"}), f"{decorator.name} stands before it; what it checks is not known"
        return Value(
            kind="wrapped",
            ref=func,
            extra=(value, facts, _handler_place(m, func, Place("", 0)), why),
            site=value.site or str(func),
        )
    return value


def view_class(m: Machine, subject: Value) -> ViewClass | None:
    """How a class-based view dispatches; ``None`` for functions."""
    if subject.kind != "cls":
        return None
    for name in m.program.external_bases(subject.ref):
        view = m.know.view(name)
        if view is not None:
            return view
    return None


def make_route(m: Machine, mounted: Mounted, method: str, path: str, handler: Value, holder: Value | None) -> Route:
    """Analyse one route: hooks and middleware, dependencies, then the handler."""
    r = mounted.registration
    origin = origin_of(handler)
    func = origin if isinstance(origin, Func) else None
    place = _handler_place(m, func, r.place)
    framework = m.know.framework(mounted.app.ref if isinstance(mounted.app.ref, str) else "") or m.know.framework(r.name)
    request = Request(path_params(path), method)
    flow = run_route(m, mounted, method, path, handler, holder, func, request, framework)
    name = m.program.qualname(func) if func is not None else handler.name or "?"
    response = answer(handler) or r.options.get("response_model")
    model = None
    if response is not None and not (response.is_const and response.const is None):
        inner = response.extra if response.kind == "seq" and isinstance(response.extra, Value) else response
        model = m.program.qualname(inner.ref) if isinstance(inner.ref, Cls) else str(inner.ref or inner.name or "declared")
    if model is None and func is not None and (framework == "fastapi" or "fixed:layers" in r.options):
        model = _returned_model(m, func, r.options)
    kind = RouteKind.WEBSOCKET if r.kind == "websocket" or method == "WEBSOCKET" else RouteKind.HTTP
    tags = frozenset({"development"}) if mounted.development else frozenset[str]()
    inputs = tuple(request.inputs.values())
    return Route(method, path, kind, framework, mounted.app.site, name, place, inputs, flow, model, tags=tags)


def _returned_model(m: Machine, func: Func, options: Mapping[str, Value]) -> str | None:
    """The return annotation, where the framework takes it as the output schema."""
    returns = m.program.function(func).returns
    if returns is None:
        return None
    declared = m.in_module(func.module, lambda: m.annotation(returns, State({})))
    inner = declared.extra if declared.kind == "seq" and isinstance(declared.extra, Value) else declared
    if not isinstance(inner.ref, Cls) or ("fixed:layers" in options and m.class_kind(inner.ref) == "table"):
        return None  # a record is written out with everything that it holds
    return m.program.qualname(inner.ref)


def _handler_place(m: Machine, func: Func | None, fallback: Place) -> Place:
    if func is None:
        return fallback
    item = m.program.function(func)
    return Place(m.program.path(func.module), item.first_line, item.line)


def run_route(
    m: Machine,
    mounted: Mounted,
    method: str,
    path: str,
    handler: Value,
    holder: Value | None,
    func: Func | None,
    request: Request,
    framework: str,
) -> Flow:
    """The flow of one route."""
    saved = m.events, m.frames, m.log, m.steps, m.context, m.gave_up
    events: list[Event] = []
    log: list[tuple[str, Evidence]] = []
    gave_up: set[str] = set()
    m.events, m.log, m.steps, m.gave_up, m.replayed = events, log, 0, gave_up, set()
    websocket = method == "WEBSOCKET" or mounted.registration.kind == "websocket"
    m.context = Context(websocket, func, mounted.registration.place)
    module = (
        func.module if func is not None else m.program.by_path.get(mounted.registration.place.file, next(iter(m.program.modules)))
    )
    m.frames = [Frame(module, None, f"{module}.<request>")]
    failed = False
    try:
        _run_request(m, mounted, path, handler, holder, func, request, framework)
    except Exception as error:  # noqa: BLE001 (what goes wrong with one route must not hide the others)
        failed = True
        gave_up.add(m.failed(error))
    name = m.program.qualname(func) if func else "?"
    if func is None and not events and unwrapped(handler).kind not in ("func", "lambda", "cls", "ext"):
        failed = True
        gave_up.add("its handler could not be determined")
    flow = Flow(name, mounted.registration.place, events, tuple(log), tuple(sorted(gave_up)), failed)
    m.events, m.frames, m.log, m.steps, m.context, m.gave_up = saved
    return flow


def _run_request(
    m: Machine,
    mounted: Mounted,
    path: str,
    handler: Value,
    holder: Value | None,
    func: Func | None,
    request: Request,
    framework: str,
) -> None:
    st = request_state(request.method, path, func)
    if framework == "flask":
        name_endpoint(st, mounted, handler)
    line = mounted.registration.place.line
    if "fixed:layers" in mounted.registration.options:
        run_layered(m, mounted, path, handler, holder, st, request)
        return
    st = run_hooks(m, mounted.hooks, st, request)
    for dependency in mounted.dependencies:
        if dependency.kind == "depends" and not st.dead:
            m.dependency(dependency, UNKNOWN, request, st, line)
    if st.dead:
        return
    if framework == "django":
        run_view(m, handler, path_arguments(path), st, line)
    elif framework == "fastapi" and holder is None:
        m.inject(handler, request, st, line)
    else:
        arguments = {**filled_by_decorators(m, func, holder, framework), **path_arguments(path)}
        m.call(handler, [*([holder] if holder else []), *positional(m, func, holder, framework)], arguments, st, line)


def request_state(method: str, path: str, func: Func | None) -> State:
    """The state at the start of a request: what the framework says about the request is known."""
    verb = volatile("GET" if method == "WEBSOCKET" else method)
    st = State({})
    st.heap["flask.request.method"] = verb
    st.heap["starlette.requests.Request.method"] = verb
    st.heap["django.http.HttpRequest.method"] = verb
    if "{" not in path and "<" not in path:
        st.heap["flask.request.path"] = volatile(path)
        st.heap["starlette.requests.Request.url.path"] = volatile(path)
        st.heap["starlette.requests.Request.path"] = volatile(path)
    return st


def volatile(text: str) -> Value:
    """A constant that differs from route to route."""
    return replace(const(text), extra="volatile")


def name_endpoint(st: State, mounted: Mounted, handler: Value) -> None:
    """What Flask calls the route: exclude lists of hooks go by it."""
    given = mounted.registration.options.get("endpoint")
    name = str(given.const) if given is not None and isinstance(given.const, str) else handler.name
    blueprint = mounted.blueprint
    st.heap["flask.request.endpoint"] = volatile(f"{blueprint}.{name}" if blueprint else name)
    st.heap["flask.request.blueprint"] = volatile(blueprint) if blueprint else NULL


def positional(m: Machine, func: Func | None, holder: Value | None, framework: str) -> list[Value]:
    """Arguments that a framework passes by position: Starlette's request or WebSocket."""
    if framework not in ("starlette", "aiohttp") or func is None:
        return []
    params = m.program.function(func).params
    own = params[1:] if holder is not None else params
    if not own:
        return []
    socket = m.context.websocket
    return [
        Value(
            kind="inst",
            ref="starlette.websockets.WebSocket" if socket else "starlette.requests.Request",
            items={},
            name=own[0][0],
            site="param:request",
        )
    ]


def filled_by_decorators(m: Machine, func: Func | None, holder: Value | None, framework: str) -> dict[str, Value]:
    """Parameters of a Flask view that its path does not bind: a decorator such as ``use_kwargs`` reads them."""
    if framework != "flask" or func is None or not m.program.function(func).decorators:
        return {}
    params = m.program.function(func).params[1 if holder is not None else 0 :]
    return {
        name: Value(may=frozenset({f"in:body:{name}"}), must=frozenset({f"in:body:{name}"}), name=name)
        for name, _annotation, default, kind in params
        if kind in (ir.POSITIONAL, ir.KEYWORD_ONLY) and default is None
    }


def path_params(path: str) -> dict[str, str]:
    """Path parameters with the scalar types that their converters guarantee."""
    out = {}
    for brace, brace_type, converter, name in _PARAM.findall(path):
        out[brace or name] = _CONVERTERS.get(brace_type or converter, "")
    return out


def path_arguments(path: str) -> dict[str, Value]:
    """Path parameters as arguments."""
    return {
        name: Value(may=frozenset({f"in:path:{name}"}), must=frozenset({f"in:path:{name}"}), type=type_, name=name)
        for name, type_ in path_params(path).items()
    }
