"""Text that is put together from a template: ``%`` and ``str.format``."""

from __future__ import annotations

import re
from collections.abc import Mapping

from counterseal.audit.surface.values import UNKNOWN, Value, const

PERCENT = re.compile(r"%(?:\((\w+)\))?[-+ #0]*\d*(?:\.\d+)?[sdrifxXgeau]")
"""Placeholders of ``%`` formatting."""
BRACES = re.compile(r"\{(\w*)(?:[.\[!:][^{}]*)?\}")
"""Placeholders of ``str.format``."""


def filled(template: Value, pattern: re.Pattern[str], values: list[Value], named: Mapping[str, Value]) -> list[Value]:
    """The parts of a template with its placeholders replaced by the values that are formatted into it."""
    pieces = template.items if template.kind == "text" else [template.const]
    out: list[Value] = []
    position = 0
    for piece in pieces:
        if isinstance(piece, Value):
            out.append(piece)
            continue
        last = 0
        for m in pattern.finditer(piece):
            out.append(const(piece[last : m.start()]))
            label = m.group(1)
            if label and not label.isdigit():
                out.append(named.get(label, UNKNOWN))
            else:
                index = int(label) if label else position
                position += 1
                out.append(values[index] if index < len(values) else UNKNOWN)
            last = m.end()
        out.append(const(piece[last:]))
    return out
