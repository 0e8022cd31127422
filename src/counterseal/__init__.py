"""Counterseal: seals the back end that AI wrote before it ships.

The names below are what applications use at run time. Each is imported when it is first used, so that importing this package
costs nothing and needs no dependency.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from counterseal.enforce.api import contract as contract
    from counterseal.enforce.clauses.audit_log import audit_log as audit_log
    from counterseal.enforce.clauses.auth import auth as auth
    from counterseal.enforce.clauses.csrf import csrf as csrf
    from counterseal.enforce.clauses.invariant import invariant as invariant
    from counterseal.enforce.clauses.owns import owns as owns
    from counterseal.enforce.clauses.public import public as public
    from counterseal.enforce.clauses.rate_limit import rate_limit as rate_limit
    from counterseal.enforce.clauses.retry import retry as retry
    from counterseal.enforce.clauses.returns import returns as returns
    from counterseal.enforce.clauses.rule import rule as rule
    from counterseal.enforce.clauses.scoped import scoped as scoped
    from counterseal.enforce.clauses.validates import validates as validates
    from counterseal.enforce.contract.acting import acting_as as acting_as
    from counterseal.enforce.contract.acting import carry as carry
    from counterseal.enforce.contract.acting import configure as configure
    from counterseal.enforce.core.call import Call as Call
    from counterseal.enforce.core.denial import Denied as Denied
    from counterseal.enforce.core.errors import ConfigurationError as ConfigurationError
    from counterseal.enforce.core.errors import ContractError as ContractError
    from counterseal.enforce.core.principal import Principal as Principal
    from counterseal.enforce.core.security import Security as Security
    from counterseal.enforce.ledger import open_ledger as open_ledger
    from counterseal.enforce.limits import open_limits as open_limits
    from counterseal.enforce.sealing.problems import SealError as SealError
    from counterseal.enforce.sealing.seal import seal as seal
    from counterseal.enforce.telemetry import OpenTelemetry as OpenTelemetry
    from counterseal.enforce.templates import admin_only as admin_only
    from counterseal.enforce.templates import batch as batch
    from counterseal.enforce.templates import crud as crud
    from counterseal.enforce.templates import public_api as public_api

__version__ = "0.1.0"

_WHERE = {
    "Call": "enforce.core.call",
    "ConfigurationError": "enforce.core.errors",
    "ContractError": "enforce.core.errors",
    "Denied": "enforce.core.denial",
    "OpenTelemetry": "enforce.telemetry",
    "Principal": "enforce.core.principal",
    "SealError": "enforce.sealing.problems",
    "Security": "enforce.core.security",
    "admin_only": "enforce.templates",
    "batch": "enforce.templates",
    "crud": "enforce.templates",
    "public_api": "enforce.templates",
    "acting_as": "enforce.contract.acting",
    "audit_log": "enforce.clauses.audit_log",
    "auth": "enforce.clauses.auth",
    "carry": "enforce.contract.acting",
    "configure": "enforce.contract.acting",
    "contract": "enforce.api",
    "csrf": "enforce.clauses.csrf",
    "invariant": "enforce.clauses.invariant",
    "open_ledger": "enforce.ledger",
    "open_limits": "enforce.limits",
    "owns": "enforce.clauses.owns",
    "public": "enforce.clauses.public",
    "rate_limit": "enforce.clauses.rate_limit",
    "retry": "enforce.clauses.retry",
    "returns": "enforce.clauses.returns",
    "rule": "enforce.clauses.rule",
    "scoped": "enforce.clauses.scoped",
    "seal": "enforce.sealing.seal",
    "validates": "enforce.clauses.validates",
}
__all__ = sorted(_WHERE)  # noqa: PLE0605  a list of texts all the same


def __getattr__(name: str) -> Any:
    where = _WHERE.get(name)
    if where is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{where}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_WHERE})
