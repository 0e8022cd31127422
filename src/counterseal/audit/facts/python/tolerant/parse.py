"""Source to syntax tree: the interpreter's own parser first; what it refuses goes to recovery."""

from __future__ import annotations

from counterseal.audit.facts.python.tolerant.model import Parsed
from counterseal.audit.facts.python.tolerant.strict import parse_strictly


def parse(source: bytes, filename: str = "<source>") -> Parsed:
    """Parse a Python file of any version, whole or damaged. Never raises for bad input.

    What the running interpreter does not accept (newer or older syntax, output cut off in the middle, merge conflicts, fences
    around the code) is read as far as possible; the rest is in ``lost``.
    """
    tree = parse_strictly(source, filename)
    if tree is not None:
        return Parsed(tree, ())
    from counterseal.audit.facts.python.tolerant.recover import recover  # seldom needed, and slow to import

    return recover(source)
