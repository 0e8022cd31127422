"""Reads a file that the interpreter's parser refuses."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable

from counterseal.audit.facts.python.tolerant.decode import decode
from counterseal.audit.facts.python.tolerant.grammar import parse_concretely
from counterseal.audit.facts.python.tolerant.model import LostRange, Parsed
from counterseal.audit.facts.python.tolerant.repair import repair
from counterseal.audit.facts.python.tolerant.salvage import salvage
from counterseal.audit.facts.python.tolerant.strict import parse_strictly


def recover(source: bytes) -> Parsed:
    """The tree of what can be read of a file, and what cannot."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        decoded = decode(source)
        if decoded.text.encode("utf-8", "replace") != source:
            tree = parse_strictly(decoded.text)
            if tree is not None:
                return Parsed(tree, decoded.lost)
        repaired = repair(decoded.text)
        lost = [*decoded.lost, *repaired.lost]
        tree = (parse_strictly(repaired.text) if repaired.lost else None) or parse_concretely(repaired.text)
        if tree is not None:
            return Parsed(tree, _merged(lost))
        try:
            body, unread = salvage(repaired.text)
        except RecursionError:
            body, unread = [], [LostRange(1, repaired.text.count("\n") + 1, "nested too deeply")]
    return Parsed(ast.Module(body=body, type_ignores=[]), _merged([*lost, *unread]))


def _merged(ranges: Iterable[LostRange]) -> tuple[LostRange, ...]:
    """In order, and neighbours with the same reason as one."""
    merged: list[LostRange] = []
    for each in sorted(ranges, key=lambda item: (item.line, item.end_line, item.why)):
        last = merged[-1] if merged else None
        if last is not None and last.why == each.why and each.line <= last.end_line + 1:
            merged[-1] = LostRange(last.line, max(last.end_line, each.end_line), last.why)
        else:
            merged.append(each)
    return tuple(merged)
