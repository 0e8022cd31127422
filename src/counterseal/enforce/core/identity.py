"""What an identity has to offer. The kept ones are in `counterseal.enforce.identity`."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any, Protocol, runtime_checkable

from counterseal.enforce.core.exchange import Exchange
from counterseal.enforce.core.principal import Principal


@runtime_checkable
class Identity(Protocol):
    """A way to recognise callers. The only source of principals for requests."""

    @property
    def scheme(self) -> str:
        """The name under which its principals are known."""

    @property
    def challenge(self) -> str | None:
        """The value of ``WWW-Authenticate`` (RFC 9110 section 11.6.1) that asks for such credentials; ``None``: there is none."""

    def authenticate(self, exchange: Exchange) -> Principal | Awaitable[Principal | None] | None:
        """Who is calling; ``None`` when the request carries no credentials of this kind.

        Raises:
            Denied: 401, there are such credentials and they do not hold. No other identity is asked then.
            Unavailable: what the answer rests on does not respond.
        """

    def still_valid(self, principal: Principal) -> bool | Awaitable[bool]:
        """Whether a principal of this identity would be recognised now too: not expired, not revoked.

        Asked while a socket or a stream lives. Cheap: it runs for each message.
        """

    def openapi(self) -> Mapping[str, Any]:
        """The OpenAPI 3.1 security scheme object."""
