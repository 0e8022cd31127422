"""Facts of all files -> the surface."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TypeVar

from counterseal.audit.facts.python import ir
from counterseal.audit.findings import Place
from counterseal.audit.libraries import load_libraries
from counterseal.audit.libraries.knowledge import REGISTERING, TELLING, Knowledge
from counterseal.audit.result import NotChecked
from counterseal.audit.surface.attached import applications, unattached
from counterseal.audit.surface.factories import run_factories, run_standalone
from counterseal.audit.surface.flow import Flow
from counterseal.audit.surface.generated import generated_routes, openapi_routes
from counterseal.audit.surface.guards import fake_guards, late_guards
from counterseal.audit.surface.inject import Machine
from counterseal.audit.surface.matrix import undecided, with_cells
from counterseal.audit.surface.model import Literal, Route, Setting, Surface
from counterseal.audit.surface.modelled import modelled_modules
from counterseal.audit.surface.models import data_models
from counterseal.audit.surface.program import Program
from counterseal.audit.surface.routes import assemble
from counterseal.audit.surface.unread import unread
from counterseal.audit.surface.url_routes import add_sites
from counterseal.audit.surface.vocabulary import SECRET_NAME
from counterseal.policy import Policy

T = TypeVar("T")
_SETTING = re.compile(SECRET_NAME.pattern + "|DEBUG|SESSION|CORS|CSRF|JWT|ALGORITHM|ALLOW|COOKIE|MAX_CONTENT", re.IGNORECASE)


def build(
    facts: Mapping[str, ir.Facts], documents: Mapping[str, bytes], tests: frozenset[str], policy: Policy, strict: bool = False
) -> Surface:
    """Link the facts of a program and execute it abstractly.

    ``facts`` by path (without test code); ``documents``: OpenAPI documents and dependency manifests by path; ``tests``: paths of
    test files. A part whose analysis fails stands in ``not_checked``; with ``strict`` the exception goes through instead.
    """
    facts = {path: facts[path] for path in sorted(facts)}
    know = Knowledge(load_libraries())
    program = Program(facts, modelled_modules(know, facts))
    machine = Machine(program, know, strict)
    for module, _ in program.own_modules():
        if relevant_module(machine, module):
            machine.variables(module)
    run_factories(machine)
    models = data_models(machine, policy)
    machine.table_columns = {name: tuple(made.fields) for name, made in models.items() if made.kind == "table"}
    assembly = assemble(machine)
    add_sites(machine, assembly)
    specified, problems = openapi_routes(machine, assembly.routes, documents)
    routes = [*assembly.routes, *specified, *generated_routes(machine, assembly.routes, assembly.prefixes)]
    part = partial(_part, machine)
    surface = Surface(
        routes=tuple(routes),
        models=models,
        fake_guards=part("guards that do not guard", lambda: fake_guards(machine)),
        applications=part("applications", lambda: applications(machine)),
        flows=part("functions that no route calls", lambda: other_flows(machine)),
        settings=part("settings", lambda: settings(machine)),
        literals=tuple(literals(facts)),
        unattached=part("what is attached to applications", lambda: unattached(machine)),
        late_guards=part("the order of decorators", lambda: late_guards(machine)),
        unread=part("handlers of unknown frameworks", lambda: unread(machine)),
        frameworks=frameworks(machine, facts),
    )
    surface.routes = tuple(_with_cells(machine, route, surface, policy) for route in routes)
    surface.not_checked = (*assembly.not_checked, *problems, *_gave_up(surface), *machine.failures)
    return surface


def _part(machine: Machine, what: str, find: Callable[[], Iterable[T]]) -> tuple[T, ...]:
    """One part of the surface: as much of it as could be found."""
    out: list[T] = []
    try:
        out.extend(find())
    except Exception as error:  # noqa: BLE001 (what goes wrong with one part must not hide the others)
        machine.failures.append(NotChecked(what, machine.failed(error)))
    return tuple(out)


def _with_cells(machine: Machine, route: Route, surface: Surface, policy: Policy) -> Route:
    try:
        return with_cells(route, surface, policy)
    except Exception as error:  # noqa: BLE001 (what goes wrong with one route must not hide the others)
        why = machine.failed(error)
    machine.failures.append(NotChecked(route.name, why, route.place.file, route.place.line))
    return replace(route, cells=undecided(route, why))


def relevant_module(machine: Machine, module: str) -> bool:
    """Whether a module's own statements do something that the surface is made of.

    Other modules run when somebody needs a name of theirs.
    """
    info = machine.program.modules[module]
    if any(name.isupper() and _SETTING.search(name) for name in info.names):
        return True
    return any(machine.program.telling(module, call, machine.know, REGISTERING | TELLING) for call in info.facts.calls)


def other_flows(machine: Machine) -> Iterator[Flow]:
    """Flows of modules, and of functions that no route reached but that call something a library describes."""
    for module, events in sorted(machine.module_events.items()):
        if events and module not in machine.program.modelled:
            yield Flow(f"{module}.<module>", Place(machine.program.path(module), 1), events)
    for hook, events in machine.hook_events.values():
        if events:
            yield Flow(events[0].function, hook.place, events)
    for ref, events in machine.factory_events.items():
        item = machine.program.function(ref)
        if events:
            yield Flow(machine.program.qualname(ref), Place(machine.program.path(ref.module), item.line, item.end_line), events)
    for ref in list(machine.program.functions()):
        item = machine.program.function(ref)
        if ref in machine.executed or not any(
            machine.program.telling(ref.module, call, machine.know, TELLING) for call in item.calls
        ):
            continue
        flow = run_standalone(machine, ref)
        if flow.events:
            yield flow


def settings(machine: Machine) -> Iterator[Setting]:
    """Configuration: settings classes, ``app.config``, constants in capitals."""
    for ref in machine.program.classes():
        item = machine.program.cls(ref)
        kind = machine.class_kind(ref)
        if kind == "settings" or item.name.lower().endswith(("config", "settings")):
            path = machine.program.path(ref.module)
            lines = _lines(item.body)
            for name, value in machine.class_attrs(ref).items():
                if name in lines and value.kind not in ("func", "cls"):
                    yield Setting(name, value, Place(path, lines[name]), f"{ref.module}.{item.qualname}")
    for module, names in machine.module_vars.items():
        if module in machine.program.modelled:
            continue
        lines = _lines(machine.program.modules[module].body)
        for name, value in names.items():
            if name.isupper() and name in lines:
                yield Setting(name, value, Place(machine.program.path(module), lines[name]), module)
    for events in [*machine.module_events.values(), *machine.factory_events.values()]:
        for event in events:
            target = getattr(event, "target", None)
            if target is not None and target.kind == "config":
                yield Setting(event.name, event.value, event.place, "app.config")  # type: ignore[attr-defined]


def _lines(body: tuple[ir.Node, ...]) -> dict[str, int]:
    out: dict[str, int] = {}
    for s in body:
        if s[0] == ir.ASSIGN:
            out.update({t[2]: s[1] for t in s[2] if t[0] == ir.NAME})
        elif s[0] == ir.ANN and s[2][0] == ir.NAME:
            out[s[2][2]] = s[1]
        elif s[0] in (ir.IF, ir.TRY):
            for part in s[2:]:
                if isinstance(part, tuple) and part and isinstance(part[0], tuple):
                    out.update({k: v for k, v in _lines(part).items() if k not in out})
    return out


def literals(facts: Mapping[str, ir.Facts]) -> Iterator[Literal]:
    """String literals that are bound to a name."""
    for path, f in facts.items():
        for line, name, value in f.strings:
            yield Literal(name, value, Place(path, line))


def frameworks(machine: Machine, facts: Mapping[str, ir.Facts]) -> tuple[str, ...]:
    """Web frameworks that the program imports."""
    found = {machine.know.framework(target) for f in facts.values() for _, target, _, _ in f.imports}
    return tuple(sorted(found - {""}))


def _gave_up(surface: Surface) -> Iterator[NotChecked]:
    for route in surface.routes:
        for why in route.flow.gave_up:
            yield NotChecked(route.name, f"the analysis stopped early: {why}", route.place.file, route.place.line)
