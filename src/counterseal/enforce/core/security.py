"""How one application recognises callers, counts, records and answers: what every contract in it shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from counterseal.enforce.core.errors import ConfigurationError
from counterseal.enforce.core.identity import Identity
from counterseal.enforce.core.limiter import Limiter
from counterseal.enforce.core.record import Trail
from counterseal.enforce.core.redaction import Redactor

if TYPE_CHECKING:
    from counterseal.enforce.core.call import Call
    from counterseal.enforce.core.denial import Denied
    from counterseal.policy import Policy

UnitOfWork = Callable[[], Any]
"""Makes a context manager, plain or async, that yields a session, commits at a normal end and rolls back at any other."""
Observer = Callable[["Call", str, "Denied | None"], None]
"""Told of every decision: the call, its outcome, and the denial if there was one."""
AtBody = Callable[[Callable[..., Any], "Call"], None]
"""Given a body and the call for which it is about to run. What it raises keeps the body from running."""


class Environment(StrEnum):
    """How much an answer says."""

    PRODUCTION = "production"
    DEVELOPMENT = "development"
    """Denials say which clause refused, and why."""


class Security:
    """The settings of one application. Give it to ``seal(app, security)``.

    Args:
        identities: how callers are recognised, asked in this order.
        ledger: where records go; contracts with `audit_log` deny without one.
        limits: where hits are counted; contracts with `rate_limit` deny without one.
        roles: the application's roles, lowest first: each may do what the ones before it may. Empty: the policy's order,
            else roles stand side by side.
        policy: the organisation's security model.
        trusted_proxies: networks whose X-Forwarded-For is believed.
        environment: ``production`` unless said otherwise.
        sign_in: path to which a browser without identity is sent, as in ``/sign-in``; ``None``: it gets 401.
        unit_of_work: makes the transaction in which object, body, output check and record stand.
        record_in_transaction: whether records go into the unit of work's own transaction, whose database has the ledger's tables.
        origins: web origins, beside the application's own, whose pages may call with a cookie.
        max_body: largest body in bytes.
        observers: told of every decision.

    Raises:
        ConfigurationError: a setting leaves a hole or cannot work.
    """

    def __init__(
        self,
        *,
        identities: Sequence[Identity] = (),
        ledger: Trail | None = None,
        limits: Limiter | None = None,
        roles: Sequence[str] = (),
        policy: Policy | None = None,
        trusted_proxies: Sequence[str] = (),
        environment: Environment | str = Environment.PRODUCTION,
        sign_in: str | None = None,
        unit_of_work: UnitOfWork | None = None,
        record_in_transaction: bool = False,
        origins: Sequence[str] = (),
        max_body: int = 1 << 20,
        observers: Sequence[Observer] = (),
    ) -> None:
        self.identities = tuple(identities)
        self.ledger = ledger
        self.limits = limits
        self.policy = policy
        self.trusted_proxies = _networks((*trusted_proxies, *(map(str, policy.trusted_proxies) if policy else ())))
        self.environment = Environment(environment)
        self.sign_in = _local_path(sign_in)
        self.unit_of_work = unit_of_work
        self.ambient_unit: bool | None = None
        """Whether models find the unit of work by themselves, so that every body stands in one; ``None``: not asked yet."""
        self.record_in_transaction = record_in_transaction
        self.origins = frozenset((*origins, *(policy.origins if policy else ())))
        self.max_body = max_body
        self.observers = tuple(observers)
        self.at_body: AtBody | None = None
        """Called when every requirement holds and a body is about to run. For tests; it can only refuse."""
        order = tuple(roles) or (tuple(role.name for role in policy.roles) if policy else ())
        self._satisfying = _hierarchy(order)
        self.by_scheme: Mapping[str, Identity] = _by_scheme(self.identities)
        self.challenges = ", ".join(item.challenge for item in self.identities if item.challenge)
        """The value of ``WWW-Authenticate`` in a 401."""
        if record_in_transaction and (unit_of_work is None or ledger is None):
            raise ConfigurationError("record_in_transaction needs a ledger and a unit_of_work")

    @cached_property
    def redactor(self) -> Redactor:
        """What keeps values of sensitive names off the record: the policy's names, else its defaults."""
        return Redactor(self.policy.sensitive if self.policy is not None else None)

    @property
    def explains(self) -> bool:
        """Whether answers say why."""
        return self.environment is Environment.DEVELOPMENT

    def satisfying(self, role: str) -> frozenset[str]:
        """The roles that may do what this role may: itself and, where roles have an order, every higher one."""
        return self._satisfying.get(role) or frozenset((role,))

    @property
    def roles(self) -> tuple[str, ...]:
        """The declared roles, lowest first; empty when they have no order."""
        return tuple(self._satisfying)


def _hierarchy(order: Sequence[str]) -> dict[str, frozenset[str]]:
    if len(set(order)) != len(order):
        raise ConfigurationError("a role is named twice in the order of roles")
    return {role: frozenset(order[rank:]) for rank, role in enumerate(order)}


def _by_scheme(identities: Sequence[Identity]) -> dict[str, Identity]:
    found: dict[str, Identity] = {}
    for identity in identities:
        if identity.scheme in found:
            raise ConfigurationError(f"two identities are called {identity.scheme!r}", "give one of them another scheme name")
        found[identity.scheme] = identity
    return found


def _networks(texts: Sequence[str]) -> tuple[Any, ...]:
    try:
        networks = tuple(ip_network(text, strict=False) for text in texts)
    except ValueError as error:
        raise ConfigurationError(f"trusted_proxies: {error}") from None
    if any(network.prefixlen == 0 for network in networks):
        raise ConfigurationError("trusted_proxies trusts everybody", "name the proxies' own networks")
    return networks


def _local_path(path: str | None) -> str | None:
    if path is not None and (not path.startswith("/") or path.startswith(("//", "/\\"))):
        raise ConfigurationError(f"sign_in is a path of this application, not {path!r}", "it starts with one slash")
    return path
