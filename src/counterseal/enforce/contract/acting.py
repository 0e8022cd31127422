"""Who acts, outside a request: in scripts, workers, scheduled jobs and tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any

from counterseal.enforce.core.call import Call, current
from counterseal.enforce.core.errors import ContractError
from counterseal.enforce.core.principal import Principal
from counterseal.enforce.core.security import Security

_default: Security | None = None


def configure(security: Security) -> None:
    """The settings of this process, for applications that are not sealed and for service functions outside requests."""
    global _default  # noqa: PLW0603  one process, one setting
    _default = security


def configured() -> Security | None:
    """What `configure` was given; ``None``: nothing."""
    return _default


@contextmanager
def acting_as(principal: Principal | None, security: Security | None = None) -> Iterator[None]:
    """Within the block, functions under contract are called by this principal.

    The only way to call them outside a request. The principal comes from the program, never from data. Inside a call, the
    block belongs to it: the same request, the same unit of work.

    Args:
        principal: who acts; ``None``: nobody known, for public functions.
        security: the settings; by default the enclosing call's, or those of `configure`.

    Raises:
        ContractError: there are no settings, or the principal is none.
    """
    around = current.get()
    settings = security or (around.security if around is not None else _default)
    if settings is None:
        raise ContractError("acting_as() has no settings", "call configure(security) first, or give them to acting_as()")
    if principal is not None and not isinstance(principal, Principal):
        raise ContractError("acting_as() takes a Principal")
    outer = around if around is not None and around.security is settings else None
    # Inside a request it stays that request: an adapter that finds requests by itself must not take this for the edge again.
    call = Call("acting_as", settings, None if around is None else around.exchange, {}, outer)
    call.principal = principal
    token = current.set(call)
    try:
        yield
    finally:
        current.reset(token)


def principal() -> Principal | None:
    """Who is calling, inside a function under contract or a block of `acting_as`; ``None``: nobody known."""
    call = current.get()
    return None if call is None else call.principal


def carry(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with the present caller, for threads and executors that do not take the context along."""
    context = copy_context()

    def carried(*args: Any, **kwargs: Any) -> Any:
        # A context runs in one thread at a time; each call gets its own copy.
        return context.copy().run(function, *args, **kwargs)

    return carried
