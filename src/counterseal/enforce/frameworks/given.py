"""Which of the framework's arguments goes to which parameter of a body."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any


def placed(
    args: tuple[Any, ...], kwargs: Mapping[str, Any], wanted: Sequence[str], spare: Callable[[Any], bool]
) -> dict[str, Any]:
    """The arguments by name: those that have one, then the others in the body's order.

    Args:
        args: the framework's positional arguments.
        kwargs: the framework's keyword arguments. What the body does not want is left out.
        wanted: the body's parameters.
        spare: whether a positional argument may be left over: a request that the body does not take.

    Raises:
        TypeError: there are more than the body takes.
    """
    given = {name: kwargs[name] for name in wanted if name in kwargs}
    free = [name for name in wanted if name not in given]
    for value in args:
        if free:
            given[free.pop(0)] = value
        elif not spare(value):
            raise TypeError(f"called with more than it takes: {', '.join(wanted) or 'nothing'}")
    return given
