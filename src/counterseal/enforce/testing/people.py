"""Requests and service functions called by a principal of the test's choice, without credentials."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from counterseal.enforce.contract.acting import acting_as, configured
from counterseal.enforce.core import clock
from counterseal.enforce.core.errors import ContractError
from counterseal.enforce.core.exchange import Exchange
from counterseal.enforce.core.identity import Identity
from counterseal.enforce.core.principal import Principal
from counterseal.enforce.core.security import Security
from counterseal.enforce.sealing.seal import seal_of
from counterseal.enforce.testing.running import require_pytest

SCHEME = "test"


class AsPrincipal(Protocol):
    """The fixture ``as_principal``."""

    def __call__(
        self,
        who: str | Principal,
        *,
        roles: Collection[str] = (),
        permissions: Collection[str] = (),
        app: Any = None,
        **known: Any,
    ) -> AbstractContextManager[Principal]:
        """See `as_principal`."""


class TestIdentity:
    """Recognises one principal in every request, whatever the request carries."""

    __test__ = False
    challenge = None

    def __init__(self, principal: Principal) -> None:
        require_pytest()
        self._principal = principal
        self.active = True

    @property
    def scheme(self) -> str:
        """The principal's own."""
        return self._principal.scheme

    def authenticate(self, exchange: Exchange) -> Principal | None:
        """The principal, while the test says so and it has not expired."""
        return self._principal if self.still_valid(self._principal) else None

    def still_valid(self, principal: Principal) -> bool:
        """Whether the test still says so."""
        expires = self._principal.expires_at
        return self.active and (expires is None or clock.now() < expires)

    def openapi(self) -> Mapping[str, Any]:
        """Nothing that a document should show."""
        return {"type": "http", "scheme": "test"}


@contextmanager
def recognising(security: Security, identities: tuple[Identity, ...]) -> Iterator[None]:
    """For as long as the block runs, these are the identities of an application."""
    before = security.identities, security.by_scheme, security.challenges
    security.identities = identities
    security.by_scheme = {item.scheme: item for item in reversed(identities)}
    security.challenges = ", ".join(item.challenge for item in identities if item.challenge)
    try:
        yield
    finally:
        security.identities, security.by_scheme, security.challenges = before


def settings_of(app: Any) -> Security:
    """The settings of an application.

    Raises:
        ContractError: it has none.
    """
    if isinstance(app, Security):
        return app
    sealed = seal_of(app) if app is not None else None
    found = (sealed.security if sealed is not None else None) or configured()
    if found is None:
        raise ContractError(
            "this test knows no settings", "give it app=..., sealed with seal(app, security), or the Security itself"
        )
    return found


@contextmanager
def as_principal(
    who: str | Principal,
    *,
    roles: Collection[str] = (),
    permissions: Collection[str] = (),
    app: Any = None,
    **known: Any,
) -> Iterator[Principal]:
    """Within the block, every request to the application is made by this principal, and so are calls of service functions.

    Everything else of the contracts stays in force: roles, ownership, limits, input. Credentials in a request are not looked at.

    Args:
        who: its id, or a whole `Principal`.
        roles: its roles.
        permissions: its permissions.
        app: the sealed application, or its `Security`; by default what `configure` was given.
        known: further fields of `Principal`: ``attributes``, ``ambient``, ``on_behalf_of``, ``expires_at``.

    Raises:
        ContractError: nobody knows the application's settings.
        ImportError: pytest does not run in this process.
    """
    require_pytest()
    principal = who if isinstance(who, Principal) else _made(who, roles, permissions, known)
    security = settings_of(app)
    identity = TestIdentity(principal)
    with recognising(security, (identity, *security.identities)), acting_as(principal, security):
        try:
            yield principal
        finally:
            # A socket or a stream that outlives the block ends with it.
            identity.active = False


def _made(who: str, roles: Collection[str], permissions: Collection[str], known: Mapping[str, Any]) -> Principal:
    if isinstance(roles, str) or isinstance(permissions, str):
        raise ContractError("roles and permissions are collections of names", 'write roles={"admin"}')
    fields: dict[str, Any] = {"scheme": SCHEME, **known}
    return Principal(id=who, roles=frozenset(roles), permissions=frozenset(permissions), **fields)


def bound_to(application: Callable[[], Any]) -> AsPrincipal:
    """`as_principal` for the application of a test."""

    def bound(
        who: str | Principal,
        *,
        roles: Collection[str] = (),
        permissions: Collection[str] = (),
        app: Any = None,
        **known: Any,
    ) -> AbstractContextManager[Principal]:
        chosen = app if app is not None else application()
        return as_principal(who, roles=roles, permissions=permissions, app=chosen, **known)

    return bound
