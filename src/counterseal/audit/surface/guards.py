"""Functions that look like guards and were found not to guard."""

from __future__ import annotations

import re

from counterseal.audit.facts.python import ir
from counterseal.audit.findings import Place
from counterseal.audit.surface.core import Context, Frame
from counterseal.audit.surface.inject import Machine
from counterseal.audit.surface.model import FakeGuard, LateGuard
from counterseal.audit.surface.state import State, merge_facts
from counterseal.audit.surface.values import Value

_NAME = re.compile(
    r"verify|valid|check|auth|token|jwt|login|session|permission|signature|(login|admin|role|user)_required|current_user",
    re.IGNORECASE,
)
_GUARDS = frozenset({"auth", "claimed", "role", "limit", "csrf"})


def fake_guards(m: Machine) -> tuple[FakeGuard, ...]:
    """Guard-like functions that decode without verifying."""
    out = []
    for ref in m.program.functions():
        item = m.program.function(ref)
        if not _NAME.search(item.name):
            continue
        for name, place, why in m.weak_checks:
            if f"{name}.".startswith(f"{m.program.qualname(ref)}."):  # it may stand in the function that a decorator returns
                out.append(FakeGuard(item.name, Place(place.file, item.line, item.end_line), why))
                break
    return tuple(out)


def late_guards(m: Machine) -> tuple[LateGuard, ...]:
    """Guards that were applied after the function had been registered as a handler."""
    out = []
    for ref, place, name, node in m.late_decorators:
        facts = guarded_facts(m, ref.module, node)
        if facts & _GUARDS:
            out.append(LateGuard(m.program.qualname(ref), name, place, facts))
    return tuple(out)


def guarded_facts(m: Machine, module: str, decorator: ir.Node) -> frozenset[str]:
    """The facts that hold when a decorator lets a request through to the function that it wraps."""
    passed: list[State] = []
    probe = Value(kind="continuation", extra=passed)
    saved = m.events, m.frames, m.log, m.context
    m.events, m.log, m.frames, m.context = [], [], [Frame(module, None, f"{module}.<module>")], Context()
    st = State({})
    wrapped = m.call(m.evaluate(decorator, st), [probe], {}, st, decorator[1])
    if wrapped.kind in ("func", "wrapped", "lambda"):
        m.call(wrapped, [], {}, State({}), decorator[1])
    m.events, m.frames, m.log, m.context = saved
    if not passed:
        return frozenset()
    facts = passed[0].facts
    for other in passed[1:]:
        facts = merge_facts(facts, other.facts)
    return facts
