"""Functions that look like guards and were found not to guard."""

from __future__ import annotations

import re

from counterseal.audit.findings import Place
from counterseal.audit.surface.inject import Machine
from counterseal.audit.surface.model import FakeGuard

_NAME = re.compile(r"^(verify|validate|check|require|ensure|authenticate|authorize|get_current|is_)_?.*(token|jwt|auth|user|login|admin|key|session|permission|role|signature)|(login|token|auth|admin|role)_required$", re.I)


def fake_guards(m: Machine) -> tuple[FakeGuard, ...]:
    """Guard-like functions that decode without verifying."""
    out = []
    for ref in m.program.functions():
        item = m.program.function(ref)
        if not _NAME.search(item.name):
            continue
        for name, place, why in m.weak_checks:
            if name == m.program.qualname(ref):
                out.append(FakeGuard(item.name, Place(place.file, item.line, item.end_line), why))
                break
    return tuple(out)
