"""Taking the body out of a function, so that nobody who still holds the function can run it without its contract.

A route decorator that stands *below* ``@contract`` registers the bare function. Were the body still in it, the wrong order of two
lines would switch every guarantee off. So the contract keeps the body to itself, and the bare function refuses to run.
"""

from __future__ import annotations

from types import CodeType, FunctionType
from typing import Any, NoReturn

from counterseal.enforce.core.errors import ContractError

MARK = "__counterseal_disarmed__"
"""Set on a bare function: where it stands. `seal` finds it in a routing table."""


def disarm(function: FunctionType, where: str) -> FunctionType:
    """The function's body as a function of its own; the given one refuses to run from now on."""
    body = FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__)
    body.__kwdefaults__ = function.__kwdefaults__
    body.__annotations__ = function.__annotations__
    body.__qualname__ = function.__qualname__
    body.__module__ = function.__module__
    body.__doc__ = function.__doc__
    body.__dict__.update(function.__dict__)
    setattr(function, MARK, where)
    function.__kwdefaults__ = {"_where": where}
    function.__defaults__ = None
    function.__code__ = _shaped_like(function.__code__)
    return body


def _refuse(*args: Any, _where: str, **kwargs: Any) -> NoReturn:
    # This code runs in the place of another function, with that one's globals: it imports what it needs.
    from counterseal.enforce.contract.disarm import refusal

    raise refusal(_where)


def _shaped_like(code: CodeType) -> CodeType:
    """The refusing code with the free variables of another: Python exchanges codes only where these agree."""
    # A traceback then points to the function that stands there, not to this file.
    return _refuse.__code__.replace(
        co_freevars=code.co_freevars, co_name=code.co_name, co_filename=code.co_filename, co_firstlineno=code.co_firstlineno
    )


def refusal(where: str) -> ContractError:
    """The error of a bare function that was called."""
    return ContractError(
        f"{where}: the bare function was called, not its contract", "put @contract directly above 'def', below route decorators"
    )
