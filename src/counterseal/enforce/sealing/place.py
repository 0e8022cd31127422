"""Where an endpoint stands, and which contract is on it."""

from __future__ import annotations

import functools
import linecache
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from counterseal.enforce.contract.disarm import MARK as DISARMED
from counterseal.enforce.contract.guard import MARK, Guard

_DEF = re.compile(r"\s*(async\s+def|def|class)\b")
_FAR = 60
"""How many lines of decorators may stand between the first one and ``def``."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of an endpoint."""

    name: str
    """The function's qualified name."""
    where: str
    """``app/main.py:31``, the line of ``def``; empty when it cannot be told."""
    head: str
    """``async def update_profile``."""
    guard: Guard | None
    """The contract on it."""
    disarmed: bool = False
    """Whether it is the bare function of a contract, which refuses to run."""
    covered: bool = False
    """Whether something stands around the contract, and is called in its place."""


def find(endpoint: Any) -> Found:
    """Look for the contract on an endpoint: a function, a bound method, a `functools.partial` of either."""
    if endpoint is None:
        return Found("", "", "", None)
    plain = endpoint
    while isinstance(plain, functools.partial):
        plain = plain.func
    plain = getattr(plain, "__func__", plain)
    guard = getattr(plain, MARK, None)
    name = getattr(plain, "__qualname__", type(plain).__qualname__)
    if isinstance(guard, Guard):
        where, head = _place(guard.body)
        # functools.wraps copies the mark of a contract to a decorator that stands above it.
        return Found(guard.plan.target.name, where, head, guard, covered=guard.function is not plain)
    disarmed = getattr(plain, DISARMED, None)
    if isinstance(disarmed, str):
        # The code is not the function's own any more; the mark says in which line that stands.
        line = int(disarmed.rpartition(":")[2])
        where, head = _found(plain.__code__.co_filename, line, name)
        return Found(name, where, head, None, disarmed=True)
    where, head = _place(plain)
    return Found(name, where, head, None)


def _place(function: Any) -> tuple[str, str]:
    code = getattr(function, "__code__", None)
    name = getattr(function, "__name__", type(function).__name__)
    if code is None:
        return "", f"def {name}"
    return _found(code.co_filename, code.co_firstlineno, name)


def _found(file: str, first: int, name: str) -> tuple[str, str]:
    for line in range(first, first + _FAR):
        text = linecache.getline(file, line)
        match = _DEF.match(text)
        if match is not None:
            return f"{_shown(file)}:{line}", f"{' '.join(match[1].split())} {name.rpartition('.')[2]}"
    return f"{_shown(file)}:{first}", f"def {name.rpartition('.')[2]}"


def _shown(file: str) -> str:
    path = Path(file)
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
