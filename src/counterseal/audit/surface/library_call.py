"""One call of a library function: its arguments by meaning, and what its options say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from counterseal.audit.libraries.model import Api
from counterseal.audit.surface.state import State
from counterseal.audit.surface.values import Labels, Value, const

_EVERY = ("GET", "POST", "PUT", "PATCH", "DELETE")
"""What a route for every method stands for."""
VALIDATORS = frozenset({"model_validate", "parse_obj", "from_orm", "model_validate_json"})
"""Class methods of schemas that give a checked copy of their argument."""
_LABELS_OF_KIND: Mapping[str, tuple[str, ...]] = {
    "random-weak": ("random:weak",),
    "uuid-weak": ("random:weak",),
    "random-strong": ("random:strong",),
    "hash-fast": ("hash:fast",),
    "password-hash": ("hash:password",),
}
"""What the result of a call carries, by the kind of the call."""


@dataclass(slots=True, eq=False)
class LibraryCall:
    """One call of a library function, on its way through a handler."""

    api: Api
    full: str
    receiver: Value | None
    args: list[Value]
    kwargs: dict[str, Value]
    roles: dict[str, Value]
    """Arguments by the meaning that the library file gives them."""
    st: State
    line: int
    end: int


def pick_roles(api: Api, args: list[Value], kwargs: Mapping[str, Value]) -> dict[str, Value]:
    """Arguments by the meaning that the library file gives them."""
    out: dict[str, Value] = {}
    for meaning, where in api.roles.items():
        for key in where if isinstance(where, tuple) else (where,):
            if isinstance(key, int):
                if key < len(args):
                    out[meaning] = args[key]
                    break
            elif key in kwargs:
                out[meaning] = kwargs[key]
                break
    return out


def methods_of(api: Api, roles: Mapping[str, Value]) -> tuple[str, ...] | None:
    """HTTP methods of a registration; ``None`` when they are not constants."""
    given = roles.get("methods")
    if given is not None and isinstance(given.items, list):
        names = [v.const for v in given.items if isinstance(v, Value) and isinstance(v.const, str)]
        return tuple(n.upper() for n in names) if len(names) == len(given.items) else None
    if given is not None and isinstance(given.const, str):
        return _EVERY if given.const == "*" else (given.const.upper(),)
    fixed = api.fixed.get("methods")
    return tuple(fixed.split()) if fixed else None


def unverified(roles: Mapping[str, Value]) -> bool:
    """Whether the options of a token decoder switch the verification of the signature off."""
    verify = roles.get("verify")
    if verify is not None and verify.is_const and verify.const is False:
        return True
    options = roles.get("options")
    flag = options.item("verify_signature") if options is not None else None
    if flag is not None and flag.is_const and flag.const is False:
        return True
    algorithms = roles.get("algorithms")
    names: list[Any] = []
    if algorithms is not None:
        names = (
            [v.const for v in algorithms.items if isinstance(v, Value)]
            if isinstance(algorithms.items, list)
            else [algorithms.const]
        )
    return bool(names) and all(isinstance(n, str) and n.lower() == "none" for n in names)


def fixed_values(api: Api) -> dict[str, Value]:
    """The fixed details of a call as values."""
    return {f"fixed:{k}": const(v) for k, v in api.fixed.items()}


def is_true(v: Value | None) -> bool:
    """Whether a value is a constant that counts as true."""
    return v is not None and v.is_const and bool(v.const)


@cache
def given_labels(gives: tuple[str, ...], kind: str) -> Labels:
    """The labels that a call gives to its result."""
    return frozenset((*gives, *_LABELS_OF_KIND.get(kind, ())))
