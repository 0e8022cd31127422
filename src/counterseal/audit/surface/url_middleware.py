"""Middleware that settings name: what it demands before a view runs."""

from __future__ import annotations

from counterseal.audit.facts.python import ir
from counterseal.audit.surface.core import Registration
from counterseal.audit.surface.inject import Machine
from counterseal.audit.surface.listed import sequence
from counterseal.audit.surface.program import Cls
from counterseal.audit.surface.settings import named, setting_values
from counterseal.audit.surface.state import State, merge
from counterseal.audit.surface.values import UNKNOWN, Value, const

_LISTS = ("MIDDLEWARE", "MIDDLEWARE_CLASSES")
_BEFORE = "process_request", "process_view"
_WITHDRAWAL = "MiddlewareNotUsed"
REQUEST = "django.http.HttpRequest"


def incoming() -> Value:
    """The request as views and middleware see it."""
    return Value(kind="inst", ref=REQUEST, items={}, name="request", site="param:request")


def middleware_of(m: Machine, made: Registration) -> tuple[Registration, ...]:
    """The middleware that is in use whatever the settings of a deployment say, in order."""
    return tuple(hook for hook in listed(m, made) if not withdraws(m, hook))


def withdraws(m: Machine, hook: Registration) -> bool:
    """Whether a middleware takes itself out where the settings do not ask for it.

    One that some deployments have and others do not promises nothing about a caller, and takes nothing away.
    """
    target = hook.handler or UNKNOWN
    init = m.program.method(target.ref, "__init__") if target.kind == "cls" else None
    return init is not None and any(_withdraws(node) for node in m.program.body(init))


def _withdraws(node: object) -> bool:
    if not isinstance(node, (tuple, list)):
        return False
    if isinstance(node, tuple) and node and node[0] == ir.RAISE and node[2] is not None:
        raised = node[2][2] if node[2][0] == ir.CALL else node[2]
        return (ir.dotted(raised) or "").rpartition(".")[2] == _WITHDRAWAL
    return any(_withdraws(part) for part in node)


def listed(m: Machine, made: Registration) -> tuple[Registration, ...]:
    """The middleware of the first settings module that lists any, in order."""
    for module, value in (found for name in _LISTS for found in setting_values(m, name)):
        out = []
        for item in sequence(value):
            target = named(m, module, item.const) if isinstance(item.const, str) else UNKNOWN
            options = {"fixed:when": const("request")}
            out.append(Registration("middleware", made.owner, made.place, handler=target, options=options, name=str(item.const)))
        return tuple(out)
    return ()


def run_middleware(m: Machine, hook: Registration, st: State) -> State:
    """The state of a request that a middleware has let through."""
    target, line = hook.handler or UNKNOWN, hook.place.line
    if target.kind not in ("cls", "func"):
        return st
    passed: list[State] = []
    go_on = Value(kind="continuation", extra=passed)
    copy = st.copy()
    if target.kind == "func":
        m.call(m.call(target, [go_on], {}, copy, line), [incoming()], {}, copy, line)
        return _through(st, passed)
    if m.called_by_library(target.ref) or m.program.method(target.ref, "__call__") is None:
        return _by_steps(m, target.ref, st, line)
    holder = Value(kind="obj", ref=target.ref, items={"get_response": go_on})
    st = _by_steps(m, target.ref, st, line)
    call = m.program.method(target.ref, "__call__")
    m.call(Value(kind="func", ref=call, items=holder, extra=()), [incoming()], {}, copy := st.copy(), line)
    return _through(st, passed)


def _by_steps(m: Machine, ref: Cls, st: State, line: int) -> State:
    """``process_request`` and ``process_view``: whatever they return but ``None`` ends the request."""
    holder = Value(kind="obj", ref=ref, items={})
    for name in _BEFORE:
        method = m.program.method(ref, name)
        if method is None:
            continue
        view = [m.view_in_turn or UNKNOWN, UNKNOWN, UNKNOWN] if name == "process_view" else []
        if view:
            m.volatile_reads += 1  # the view differs from route to route
        bound = Value(kind="func", ref=method, items=holder, extra=())
        variables = m.parameters(method, [holder, incoming(), *view], {}, st)
        m.enter_function(bound, variables, st, line, select=lambda v: v.is_const and v.const is None)
    return st


def _through(st: State, passed: list[State]) -> State:
    if not passed:
        return st
    result = passed[0]
    for other in passed[1:]:
        result = merge(result, other)
    return State(st.vars, result.facts, result.heap)
