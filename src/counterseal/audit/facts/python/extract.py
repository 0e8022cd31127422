"""One Python file in, one serialised record of facts out. Runs in worker processes."""

from __future__ import annotations

from counterseal.audit.facts.python import ir
from counterseal.audit.facts.python.lower import Lowering
from counterseal.audit.facts.python.tolerant import parse


def extract(path: str, source: bytes) -> bytes:
    """Facts of one file, as `ir.load` reads them. What could not be read is in ``lost``; nothing is raised for bad input."""
    parsed = parse(source, path)
    c = Lowering()
    body, deep = c.module(parsed.tree.body)
    lost = (*((r.line, r.end_line, r.why) for r in parsed.lost), *((a, b, "nested too deeply to be read") for a, b in deep))
    return ir.dump(
        (
            path,
            source.count(b"\n") + 1,
            tuple(c.imports),
            tuple(c.functions),
            tuple(c.classes),
            ir.dump(body),
            tuple(c.calls),
            tuple(c.strings),
            tuple(c.rebound),
            lost,
        )
    )
