"""How many values a random code can have."""

from __future__ import annotations

import math

from counterseal.audit.surface.flow import Call, Flow
from counterseal.audit.surface.values import Value

_ALPHABETS = {
    "digits": 10,
    "hexdigits": 16,
    "octdigits": 8,
    "ascii_lowercase": 26,
    "ascii_uppercase": 26,
    "ascii_letters": 52,
    "printable": 100,
}
"""Sizes of the constants of module ``string``; ``hexdigits`` has both cases of the letters, which stand for the same value."""


def bits(flow: Flow, call: Call) -> float | None:
    """The randomness of a code made by one call of a generator, repeated as the program does, in bits; ``None``: not known."""
    once = _once(call)
    return None if once is None else once * _repeats(flow, call)


def _once(call: Call) -> float | None:
    name = call.name.rpartition(".")[2]
    first, second = _number(call.arg(0, "a")), _number(call.arg(1, "b"))
    if name == "randint" and first is not None and second is not None:
        return _log2(second - first + 1)
    if name == "randrange":
        low, high = (0.0, first) if second is None else (first, second)
        return _log2(high - low) if low is not None and high is not None else None
    if name == "randbelow" and first is not None:
        return _log2(first)
    if name in ("getrandbits", "randbits") and first is not None:
        return first
    if name in ("token_hex", "token_bytes", "token_urlsafe", "randbytes") and first is not None:
        return 8 * first
    if name in ("choice", "choices", "sample") and call.args:
        size = alphabet(call.args[0])
        count = 1.0 if name == "choice" else _number(call.arg(99, "k") or call.arg(1, "k")) or 1.0
        each = _log2(size) if size else None
        return None if each is None else each * count
    return None


def alphabet(value: Value) -> int | None:
    """How many different elements a sequence has."""
    if isinstance(value.const, str | bytes):
        return len(set(value.const))
    if isinstance(value.items, list):
        if value.kind == "text":
            sizes = [len(set(item)) if isinstance(item, str) else alphabet(item) for item in value.items]
            return None if any(size is None for size in sizes) else sum(size or 0 for size in sizes)
        return len(value.items) or None
    if value.kind == "ext" and isinstance(value.ref, str) and value.ref.startswith("string."):
        return _ALPHABETS.get(value.ref.rpartition(".")[2])
    return None


def _repeats(flow: Flow, call: Call) -> float:
    """How often a comprehension on the same line repeats it: ``"".join(choice(digits) for _ in range(4))``."""
    for other in flow.calls():
        if other.name == "builtins.range" and other.place == call.place and len(other.args) == 1:
            count = _number(other.args[0])
            if count is not None and other.seq < call.seq:
                return count
    return 1.0


def _number(value: Value | None) -> float | None:
    if value is None or isinstance(value.const, bool) or not isinstance(value.const, int | float):
        return None
    return float(value.const)


def _log2(number: float) -> float | None:
    return math.log2(number) if number >= 1 else None
