"""Modules of libraries that are run like the program's own code."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from counterseal.audit.facts.python import ir
from counterseal.audit.facts.python.extract import extract
from counterseal.audit.libraries.knowledge import Knowledge


def modelled_modules(know: Knowledge, facts: Mapping[str, ir.Facts]) -> dict[str, ir.Facts]:
    """The facts of the modelled modules of those libraries that the program imports, and of what these rest on."""
    imported = {target.partition(".")[0] for f in facts.values() for _, target, _, _ in f.imports}
    used = {name.partition(".")[0] for name in know.modules} & imported
    frameworks = {know.frameworks.get(name) for name in used}
    return {
        name: _facts(name, source)
        for name, source in know.modules.items()
        if know.frameworks.get(name.partition(".")[0]) in frameworks
    }


@cache
def _facts(name: str, source: str) -> ir.Facts:
    """A module's facts; its path says whose it is and names no file."""
    return ir.load(extract(f"<{name}>", source.encode()))
