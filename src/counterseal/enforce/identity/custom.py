"""Bring your own: a function of yours says who is calling."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from counterseal.enforce.core import clock
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.errors import ConfigurationError, ContractError, Unavailable
from counterseal.enforce.core.exchange import Exchange
from counterseal.enforce.core.principal import Principal
from counterseal.enforce.identity.credentials import refusal
from counterseal.enforce.identity.questions import answered
from counterseal.enforce.identity.steps import Steps, run, waits

_OPENAPI: Mapping[str, Any] = MappingProxyType({"type": "apiKey", "in": "header", "name": "Authorization"})


class Custom:
    """An identity: whatever a function of yours recognises.

    The function returns a `Principal`, or ``None`` when the request carries no credentials of its kind. For credentials
    that do not hold it raises `Denied`. Whatever else it raises or returns lets nobody in.

    Args:
        function: takes the `Exchange`, or the framework's own request with ``native=True``; plain or ``async``. A plain one
            runs on the event loop in an asynchronous application: it must not block there.
        scheme: the name under which its principals are known.
        challenge: the value of ``WWW-Authenticate``, if there is one.
        native: whether the function takes the framework's own request.
        ambient: whether browsers send the credential unasked (a cookie, a client certificate, Basic), so that requests are
            checked for having been made by another site. Taken for granted unless you say ``ambient=False``: for a header
            that only scripts can set.
        recheck: whether a principal is still good, asked while a socket or stream lives; without it only its expiry counts.
        openapi: the OpenAPI security scheme object.
    """

    def __init__(
        self,
        function: Callable[[Any], Principal | Awaitable[Principal | None] | None],
        *,
        scheme: str = "custom",
        challenge: str | None = None,
        native: bool = False,
        ambient: bool = True,
        recheck: Callable[[Principal], bool | Awaitable[bool]] | None = None,
        openapi: Mapping[str, Any] = _OPENAPI,
    ) -> None:
        if not callable(function):
            raise ConfigurationError("Custom needs a function that returns a Principal or None")
        self._function = function
        self._scheme = scheme
        self._challenge = challenge
        self._native = native
        self._ambient = ambient
        self._recheck = recheck
        self._openapi = openapi

    @property
    def scheme(self) -> str:
        """The name under which its principals are known."""
        return self._scheme

    @property
    def challenge(self) -> str | None:
        """The value of ``WWW-Authenticate``, if there is one."""
        return self._challenge

    def openapi(self) -> Mapping[str, Any]:
        """The OpenAPI 3.1 security scheme object."""
        return self._openapi

    def authenticate(self, exchange: Exchange) -> Principal | Awaitable[Principal | None] | None:
        """What the function says.

        Raises:
            Denied: the function refuses.
            Unavailable: the function failed.
            ConfigurationError: the function returned something else than a principal.
        """
        return run(self._ask(exchange))

    def still_valid(self, principal: Principal) -> bool | Awaitable[bool]:
        """Whether the principal has not expired, and ``recheck`` still knows it.

        Raises:
            Unavailable: ``recheck`` failed.
        """
        expires = principal.expires_at
        if principal.scheme != self._scheme or (expires is not None and clock.now() >= expires):
            return False
        return True if self._recheck is None else answered(self._recheck, principal)

    def _ask(self, exchange: Exchange) -> Steps[Principal | None]:
        try:
            answer = self._function(exchange.native if self._native else exchange)
            if waits(answer):
                answer = yield answer
        except (Denied, Unavailable, ContractError):
            raise
        except Exception as problem:
            raise Unavailable(f"the identity {self._scheme!r} failed ({type(problem).__name__})") from problem
        if answer is None:
            return None
        if not isinstance(answer, Principal):
            raise ConfigurationError(
                f"the identity {self._scheme!r} returned {type(answer).__name__}", "It has to return a Principal or None."
            )
        if answer.expires_at is not None and clock.now() >= answer.expires_at:
            raise refusal("the principal has expired", self._challenge)
        if answer.scheme == self._scheme and answer.ambient is self._ambient:
            return answer
        return replace(answer, scheme=self._scheme, ambient=self._ambient)
