"""One way to write what has to work for code that blocks and for code on an event loop.

The logic is a generator that yields whatever a store or a function answered, a value or an awaitable, and is sent the value.
As long as only values come, it runs straight through, without an event loop; the first awaitable makes the rest a coroutine.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from counterseal.enforce.core.errors import ConfigurationError

S = TypeVar("S")
P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

Steps = Generator[Any, Any, R]


def on_loop() -> bool:
    """Whether an asyncio event loop runs in this thread, so that blocking would stop everybody."""
    events = sys.modules.get("asyncio.events")  # asyncio takes a while to import: without it there is no loop
    return events is not None and events._get_running_loop() is not None


def waits(answer: object) -> bool:
    """Whether an answer has to be awaited."""
    return hasattr(answer, "__await__")


def run(steps: Steps[R]) -> R | Awaitable[R]:
    """The result of the steps, or an awaitable for it when one of them has to be awaited."""
    try:
        answer = next(steps)
        while not waits(answer):
            answer = steps.send(answer)
    except StopIteration as stop:
        result: R = stop.value
        return result
    return _finish(steps, answer)


async def _finish(steps: Steps[R], pending: Awaitable[Any]) -> R:
    while True:
        try:
            answer = await pending
        except Exception as problem:  # noqa: BLE001  the steps are told, as if they had made the call themselves
            resume: Callable[[], Any] = functools.partial(steps.throw, problem)
        else:
            resume = functools.partial(steps.send, answer)
        try:
            asked = resume()
            while not waits(asked):
                asked = steps.send(asked)
        except StopIteration as stop:
            result: R = stop.value
            return result
        pending = asked


def off_loop(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | Awaitable[T]:
    """Call what blocks: at once, or in a thread when an event loop runs here."""
    if not on_loop():
        return function(*args, **kwargs)
    import asyncio

    return asyncio.to_thread(function, *args, **kwargs)


class Operation(Generic[P, R]):
    """Something to do, for both kinds of caller: ``thing(...)`` blocks, ``await thing.aio(...)`` is for event loops."""

    __slots__ = ("_start",)

    def __init__(self, start: Callable[P, Steps[R]]) -> None:
        self._start = start

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Do it and return the result.

        Raises:
            ConfigurationError: it would block an event loop, or the store is asynchronous.
        """
        steps = self._start(*args, **kwargs)
        try:
            answer = next(steps)
            while not waits(answer):
                answer = steps.send(answer)
        except StopIteration as stop:
            result: R = stop.value
            return result
        if isinstance(answer, Coroutine):
            answer.close()  # it has not begun: nothing was done
        name = getattr(self._start, "__name__", "it")
        raise ConfigurationError(f"{name}() has to be awaited here", f"Write `await ….{name}.aio(…)`.")

    async def aio(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Do it without blocking the event loop."""
        answer: Any = run(self._start(*args, **kwargs))
        result: R = await answer if waits(answer) else answer
        return result


class operation(Generic[S, P, R]):  # noqa: N801  used as a decorator
    """Make a method written in steps an `Operation`."""

    def __init__(self, steps: Callable[Concatenate[S, P], Steps[R]]) -> None:
        self._steps = steps
        self.__doc__ = steps.__doc__

    def __get__(self, instance: S, owner: type[S]) -> Operation[P, R]:
        method: Any = self._steps
        return Operation(method.__get__(instance, owner))
