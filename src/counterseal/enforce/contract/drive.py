"""Running a procedure: on an event loop, or in plain code."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from counterseal.enforce.contract.procedure import Procedure
from counterseal.enforce.core.denial import Denied


async def drive_async(procedure: Procedure) -> Any:
    """Await what the procedure yields, until it has its value."""
    try:
        pending = procedure.send(None)
        while True:
            try:
                value = await pending
            except BaseException as error:  # noqa: BLE001  cancellation too: the procedure decides what it means
                pending = procedure.throw(error)
            else:
                pending = procedure.send(value)
    except StopIteration as stop:
        return stop.value


def drive(procedure: Procedure, wait: Callable[[Awaitable[Any]], Any] | None) -> Any:
    """The same in plain code, where only a framework with a loop of its own can wait for something.

    Raises:
        Denied: 500, something has to be awaited and nobody can.
    """
    try:
        pending = procedure.send(None)
        while True:
            try:
                value = _waited(pending, wait)
            except BaseException as error:  # noqa: BLE001
                pending = procedure.throw(error)
            else:
                pending = procedure.send(value)
    except StopIteration as stop:
        return stop.value


def _waited(pending: Awaitable[Any], wait: Callable[[Awaitable[Any]], Any] | None) -> Any:
    if wait is not None:
        return wait(pending)
    close = getattr(pending, "close", None)
    if close is not None:
        close()
    raise Denied(500, "clause-failed", "a plain function has a clause that must be awaited: make the function async")
