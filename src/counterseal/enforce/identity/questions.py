"""Asking a yes-or-no question about a principal, in a way that never takes trouble for an answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.errors import ConfigurationError, ContractError, Unavailable
from counterseal.enforce.core.principal import Principal
from counterseal.enforce.identity.steps import waits

Question = Callable[[Principal], bool | Awaitable[bool]]
"""Whether something holds for a principal: that it is revoked, that it is still good."""


def answered(question: Question, principal: Principal) -> bool | Awaitable[bool]:
    """Ask.

    Raises:
        Unavailable: the question raised something.
        ConfigurationError: the answer is neither ``True`` nor ``False``: a forgotten ``return`` must not pass for "no".
    """
    try:
        answer = question(principal)
    except (Denied, Unavailable, ContractError):
        raise
    except Exception as problem:
        raise _unanswered(problem) from problem
    if answer is False or answer is True:
        return answer
    return _later(answer) if waits(answer) else _truth(answer)


async def _later(pending: Any) -> bool:
    try:
        answer = await pending
    except (Denied, Unavailable, ContractError):
        raise
    except Exception as problem:
        raise _unanswered(problem) from problem
    return _truth(answer)


def _truth(answer: Any) -> bool:
    if answer is True or answer is False:
        return answer
    raise ConfigurationError(f"the check of a principal answered {type(answer).__name__}", "It has to return True or False.")


def _unanswered(problem: Exception) -> Unavailable:
    return Unavailable(f"the check of a principal failed ({type(problem).__name__})")
