"""What an application knows about a principal now, as opposed to when a credential was issued."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.errors import ConfigurationError, ContractError, Unavailable
from counterseal.enforce.identity.steps import Steps, waits

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Account:
    """A principal's roles and permissions as they are now."""

    roles: Iterable[str] = ()
    permissions: Iterable[str] = ()
    attributes: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)

    def __post_init__(self) -> None:
        object.__setattr__(self, "roles", names(self.roles))
        object.__setattr__(self, "permissions", names(self.permissions))


def names(given: Iterable[str]) -> frozenset[str]:
    """Roles or permissions as a set.

    Raises:
        TypeError: it is one text, which would be taken for its letters, or holds something else than texts.
    """
    found = frozenset[Any](() if isinstance(given, str) else given)
    if isinstance(given, str) or not all(isinstance(name, str) for name in found):
        raise TypeError("roles and permissions are sets of texts, not one text")
    return found


Load = Callable[[str], Account | Awaitable[Account | None] | None]
"""Finds a principal's account by id; ``None``: there is none, or it is locked, and nobody gets in with it."""


def current_account(load: Load, principal_id: str) -> Steps[Account | None]:
    """Ask the application.

    Raises:
        Unavailable: it failed.
        ConfigurationError: it answered something else.
    """
    try:
        answer = load(principal_id)
        if waits(answer):
            answer = yield answer
    except (Denied, Unavailable, ContractError):
        raise
    except Exception as problem:
        raise Unavailable(f"the account could not be loaded ({type(problem).__name__})") from problem
    if answer is not None and not isinstance(answer, Account):
        raise ConfigurationError(f"load returned {type(answer).__name__}", "It has to return an Account or None.")
    return answer
