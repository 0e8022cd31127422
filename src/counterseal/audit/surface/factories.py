"""Functions that build applications or register routes, and that have to be executed for their own sake."""

from __future__ import annotations

from collections.abc import Iterable

from counterseal.audit.facts.python import ir
from counterseal.audit.findings import Place
from counterseal.audit.result import NotChecked
from counterseal.audit.surface.core import Context, Frame
from counterseal.audit.surface.flow import Flow
from counterseal.audit.surface.inject import Machine
from counterseal.audit.surface.program import Cls, Definition, Func
from counterseal.audit.surface.state import State
from counterseal.audit.surface.values import Value

_ROOTS = frozenset(
    {
        "register_blueprint",
        "include_router",
        "add_url_rule",
        "add_api_route",
        "add_resource",
        "APIRouter",
        "Blueprint",
        "add_middleware",
        "add_namespace",
        "add_route",
        "add_routes",
        "add_subapp",
        "add_get",
        "add_post",
        "add_view",
        "mount",
        "api_route",
        "add_websocket_route",
        "add_api_websocket_route",
        "connexion",
        "add_api",
    }
)
"""Calls that register, wherever they stand. What makes an application is known from the library files."""
_MOST_ROUNDS = 8


def run_factories(machine: Machine) -> None:
    """Execute what builds applications and registers routes: modules that call it, else the outermost functions."""
    makers = machine.know.makers
    for wanted in (makers, makers | _ROOTS):
        direct = [ref for ref in machine.program.functions() if _registers(machine, ref, wanted)]
        calls, modules = _callers(machine, direct)
        for module in modules:
            machine.variables(module)
        called = {inner for ref, inside in calls.items() for inner in inside if inner != ref}
        for ref in sorted(calls, key=lambda ref: (ref in called, ref.module, ref.index)):
            if ref not in machine.executed and (ref in direct or any(inner not in machine.executed for inner in calls[ref])):
                machine.factory_events[ref] = run_standalone(machine, ref).events


def _registers(machine: Machine, ref: Func, wanted: frozenset[str]) -> bool:
    item = machine.program.function(ref)
    if any(call.rpartition(".")[2] in wanted for call in item.calls):
        return True
    return wanted is not machine.know.makers and item.class_index < 0 and _defines_routes(machine, ref)


def _defines_routes(machine: Machine, ref: Func) -> bool:
    for f in machine.program.modules[ref.module].facts.functions:
        if f.parent == ref.index:
            names = [ir.dotted(d[2] if d[0] == ir.CALL else d) or "" for d in f.decorators]
            if any(name.rpartition(".")[2] in machine.know.registering for name in names):
                return True
    return False


def _callers(machine: Machine, direct: Iterable[Func]) -> tuple[dict[Func, set[Func]], list[str]]:
    """Functions from which ``direct`` is reached, each with those that it calls, and the modules that call one of them."""
    program = machine.program
    calls: dict[Func, set[Func]] = {ref: set() for ref in direct}
    fresh = set(calls)
    modules: list[str] = []
    for _ in range(_MOST_ROUNDS):
        names = _names(machine, fresh)
        found: set[Func] = set()
        for name, info in program.modules.items():
            if any(_called(machine, name, call, names) for call in info.facts.calls) and name not in modules:
                modules.append(name)
            for index, item in enumerate(info.facts.functions):
                if not any(call.rpartition(".")[2] in names for call in item.calls):
                    continue
                inside = {f for call in item.calls for f in _called(machine, name, call, names, item.class_index)}
                if inside:
                    ref = Func(name, index)
                    if ref not in calls:
                        found.add(ref)
                    calls.setdefault(ref, set()).update(inside)
        fresh = found
        if not fresh:
            break
    return calls, modules


def _names(machine: Machine, refs: Iterable[Func]) -> dict[str, list[Func]]:
    """Functions by the names under which they are called: their own, and their class's."""
    names: dict[str, list[Func]] = {}
    for ref in refs:
        item = machine.program.function(ref)
        names.setdefault(item.name, []).append(ref)
        if item.class_index >= 0:
            names.setdefault(machine.program.cls(Cls(ref.module, item.class_index)).name, []).append(ref)
    return names


def _called(machine: Machine, module: str, call: str, names: dict[str, list[Func]], class_index: int = -1) -> list[Func]:
    """Those of ``names`` that a call as written in ``module`` reaches."""
    candidates = names.get(call.rpartition(".")[2])
    if not candidates:
        return []
    head, _, rest = call.partition(".")
    program = machine.program
    if head == "self":
        return [f for f in candidates if f.module == module and program.function(f).class_index == class_index >= 0]
    found: Definition | None = program.resolve(module, call)
    local = program.modules[module].local_imports.get(head)
    if found is None and local is not None:
        target = program.absolute(program.modules[module], local)
        found = program.dotted(f"{target}.{rest}" if rest else target)
    if isinstance(found, Cls):
        return [f for f in candidates if f.module == found.module and program.function(f).class_index == found.index]
    return [found] if isinstance(found, Func) and found in candidates else []


def run_standalone(machine: Machine, ref: Func) -> Flow:
    """Execute a function on its own, with nothing known about its arguments but their annotations."""
    item = machine.program.function(ref)
    flow = Flow(machine.program.qualname(ref), Place(machine.program.path(ref.module), item.line, item.end_line))
    gave_up: set[str] = set()
    saved = machine.events, machine.frames, machine.log, machine.steps, machine.context, machine.gave_up
    machine.events, machine.log, machine.steps, machine.context, machine.replayed = flow.events, [], 0, Context(root=ref), set()
    machine.frames, machine.gave_up = [Frame(ref.module, None, f"{ref.module}.<module>")], gave_up
    st = State({})
    try:
        own = _holder(machine, ref, st)
        machine.enter_function(machine.function_value(ref, None), machine.parameters(ref, own, {}, st), st, item.line)
    except Exception as error:  # noqa: BLE001 (what goes wrong with one function must not hide the others)
        flow.failed = True
        gave_up.add(machine.failed(error))
    machine.failures += [NotChecked(flow.function, why, flow.place.file, item.line) for why in sorted(gave_up)]
    flow.gave_up = tuple(sorted(gave_up))
    machine.events, machine.frames, machine.log, machine.steps, machine.context, machine.gave_up = saved
    return flow


def _holder(machine: Machine, ref: Func, st: State) -> list[Value]:
    """The object that a method belongs to."""
    item = machine.program.function(ref)
    if item.class_index < 0:
        return []
    return [Value(kind="obj", ref=Cls(ref.module, item.class_index), items={})]
