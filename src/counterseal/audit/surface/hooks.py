"""Hooks and middleware: what runs before a handler, and what it lets through."""

from __future__ import annotations

from counterseal.audit.surface.core import Registration
from counterseal.audit.surface.inject import Machine, Request, unwrapped
from counterseal.audit.surface.memo import VOLATILE, Summary, identity_facts, moved
from counterseal.audit.surface.state import State, merge
from counterseal.audit.surface.url_middleware import run_middleware
from counterseal.audit.surface.values import NONE, UNKNOWN, Value, const

_CHECKED = frozenset({"who", "self"})
_ABOUT_CALLER = frozenset({"who", "self", "cred", "opaque", "session"})


def run_hooks(m: Machine, hooks: tuple[Registration, ...], st: State, request: Request) -> State:
    """Run all hooks. A hook that treats every route alike is run once."""
    for hook in hooks:
        shared = tuple([(name, id(value)) for name, value in st.heap.items() if name not in VOLATILE])
        key = ("hook", id(hook), st.facts, shared, m.context.websocket)
        known = m.hook_memo.get(key)
        if known is None:
            st = _first_run(m, hook, key, st, request)
            continue
        m.events.extend(moved(known.events, NONE, NONE, len(m.events)))
        m.log.extend(known.log)
        volatile = {k: v for k, v in st.heap.items() if k in VOLATILE}
        st = State(st.vars, known.facts, {**known.heap, **volatile}, known.dead)
    return st


def _first_run(m: Machine, hook: Registration, key: object, st: State, request: Request) -> State:
    reads, first_event, first_log, pins = m.volatile_reads, len(m.events), len(m.log), (hook, dict(st.heap))
    before, replayed = st, set(m.replayed)
    st = run_hook(m, hook, st.copy(), request)
    if not _says_who(before, st):
        # What every route has in front of it and what decides nothing about the caller stands in a flow of its own.
        m.hook_events.setdefault(id(hook), (hook, m.events[first_event:]))
        del m.events[first_event:]
        m.replayed = replayed
    if m.volatile_reads == reads:
        heap = {k: v for k, v in st.heap.items() if k not in VOLATILE}
        events, log = tuple(m.events[first_event:]), tuple(m.log[first_log:])
        m.hook_memo[key] = Summary(UNKNOWN, NONE, st.facts, heap, st.dead, events, log, pins, {})
    return st


def _says_who(before: State, after: State) -> bool:
    """Whether a hook has established something about the caller, or left something about the caller for others."""
    if after.dead or identity_facts(after.facts) != identity_facts(before.facts):
        return True
    new = (value for name, value in after.heap.items() if before.heap.get(name) is not value)
    return any(not value.may.isdisjoint(_ABOUT_CALLER) for value in new)


def incoming_request() -> Value:
    """The request, as middleware and guards are given it."""
    return Value(kind="inst", ref="starlette.requests.Request", items={}, site="param:request")


def run_hook(m: Machine, hook: Registration, st: State, request: Request) -> State:
    """Run a hook or middleware; the request goes on where the hook lets it through."""
    when = hook.options.get("fixed:when")
    stage = str(when.const) if when is not None else ""
    target = hook.handler
    line = hook.place.line
    if hook.kind == "attach":
        api = m.know.api(hook.name)
        if api is not None and api.facts:
            m.establish(st, frozenset(api.facts), line, f"{hook.name} is attached to the application")
        return st
    if stage == "request":
        return run_middleware(m, hook, st)
    if target is None or stage in ("after", "teardown", "verify", "startup", "shutdown"):
        return st
    if stage == "before" and m.context.websocket != ("fixed:for" in hook.options):
        return st  # sockets have hooks of their own
    if stage == "before" and unwrapped(target).kind == "func":
        inner = unwrapped(target)
        m.enter_function(inner, m.parameters(inner.ref, [], {}, st), st, line, select=lambda v: v.is_const and v.const is None)
        return st
    passed: list[State] = []
    go_on = Value(kind="continuation", extra=passed)
    incoming = incoming_request()
    copy = st.copy()
    if hook.kind == "middleware" and target.kind == "cls":
        _run_middleware_class(m, hook, go_on, incoming, copy)
    elif hook.kind == "middleware" and target.kind == "func":
        made = m.call(target, [go_on], {}, copy, line)
        m.volatile_reads += 1  # the scope differs from route to route
        m.call(made, [_scope(m, copy), UNKNOWN, UNKNOWN], {}, copy, line)
    elif stage == "around" and unwrapped(target).kind == "func":
        m.call(target, [incoming, go_on], {}, copy, line)
    else:
        api = m.know.api(str(target.ref)) if target.kind == "ext" else None
        if api is not None and api.facts:
            m.establish(st, frozenset(api.facts), line, f"{target.ref} is a middleware")
        if api is not None and "user" in api.fixed:
            _load_user(m, target, api.fixed["user"], incoming, st, line)
        return st
    if not passed:
        return st
    result = passed[0]
    for other in passed[1:]:
        result = merge(result, other)
    return State(st.vars, result.facts, result.heap)


def _run_middleware_class(m: Machine, hook: Registration, go_on: Value, incoming: Value, st: State) -> None:
    target, line = hook.handler or UNKNOWN, hook.place.line
    holder = Value(kind="obj", ref=target.ref, items={"app": go_on})
    made = m.program.method(target.ref, "__init__")
    if made is not None:
        names = [name for name, *_ in m.program.function(made).params]
        given = {k: v for k, v in hook.options.items() if k in names}
        m.call(Value(kind="func", ref=made, items=holder, extra=(), name="__init__"), [go_on], given, st, line)
        holder.items["app"] = go_on
    dispatch = m.program.method(target.ref, "dispatch")
    if dispatch is not None:
        m.call(Value(kind="func", ref=dispatch, items=holder, extra=()), [incoming, go_on], {}, st, line)
        return
    if _run_by_base(m, target, holder, go_on, incoming, st, line):
        return
    call = m.program.method(target.ref, "__call__")
    if call is not None:
        m.volatile_reads += 1  # the scope differs from route to route
        m.call(Value(kind="func", ref=call, items=holder, extra=()), [_scope(m, st), UNKNOWN, UNKNOWN], {}, st, line)


def _run_by_base(m: Machine, target: Value, holder: Value, go_on: Value, incoming: Value, st: State, line: int) -> bool:
    """A middleware whose base class calls one of its methods and goes on by itself."""
    runs = next(
        (api.fixed["runs"] for b in m.program.external_bases(target.ref) if (api := m.know.api(b)) and "runs" in api.fixed), ""
    )
    method = m.program.method(target.ref, runs) if runs else None
    if method is None:
        return False
    bound = Value(kind="func", ref=method, items=holder, extra=())
    if len(m.program.function(method).params) > _OF_ONE_REQUEST:
        m.volatile_reads += 1  # the scope differs from route to route
        m.call(bound, [_scope(m, st), UNKNOWN, UNKNOWN, go_on], {}, st, line)
        return True
    found = m.call(bound, [incoming], {}, st, line)
    if not st.dead:
        for name in ("user", "auth"):
            st.heap[f"{incoming.ref}.{name}"] = found.item(name) or Value(may=found.may, null=True, name=name)
        m.call(go_on, [], {}, st, line)
    return True


_OF_ONE_REQUEST = 2
"""Parameters of a method that is given the request only."""


def _load_user(m: Machine, scheme: Value, option: str, incoming: Value, st: State, line: int) -> None:
    """A ready-made scheme hands what it has checked to a function that finds the caller, and refuses when there is none."""
    given = scheme.extra.item(option) if isinstance(scheme.extra, Value) else None
    checked = Value(may=_CHECKED, must=_CHECKED, name="claims")
    found = m.call(given, [checked, incoming], {}, st, line) if given is not None else checked
    if not st.dead:
        user = found.nonnull() if found.may & _CHECKED else checked
        st.heap[f"{incoming.ref}.user"], st.heap[f"{incoming.ref}.auth"] = user, checked


def _scope(m: Machine, st: State) -> Value:
    """What an ASGI server says about the request."""
    sent = frozenset({"in:header"})
    items = {"type": const("websocket" if m.context.websocket else "http"), "headers": Value(may=sent, must=sent, name="headers")}
    for key, known in (("path", "starlette.requests.Request.url.path"), ("method", "starlette.requests.Request.method")):
        if known in st.heap:
            items[key] = st.heap[known]
    return Value(kind="dict", items=items, extra="open", name="scope")
