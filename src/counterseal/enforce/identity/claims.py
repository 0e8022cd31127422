"""What a verified token says, checked claim by claim (RFC 7519 section 4.1, RFC 8725 sections 3.8 to 3.12).

PyJWT's own checks are not used: they read another clock than `counterseal.enforce.core.clock`, and take a token without
expiry or with a repeated member.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from counterseal.enforce.core import clock
from counterseal.enforce.core.errors import ConfigurationError
from counterseal.enforce.core.principal import Principal

_LATEST = 2**53
"""Times beyond this are no times: they do not survive being a float."""

ClaimName = str | tuple[str, ...]
"""A claim, or the path to one inside others: ``("realm_access", "roles")``."""


class Refused(ValueError):  # noqa: N818  the name says what happened
    """A claim does not hold. The message names the claim and nothing of its content."""


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A claim that is deliberately not checked, and why. Made by `unchecked`."""

    reason: str


def unchecked(reason: str) -> Unchecked:
    """Say that a claim is not checked: ``issuer=unchecked("one key per issuer, each used by nobody else")``.

    Raises:
        ConfigurationError: no reason is given.
    """
    if not reason.strip():
        raise ConfigurationError("a check is switched off without a reason", "Say why no other issuer or audience can occur.")
    return Unchecked(reason)


Expected = str | Sequence[str] | Unchecked


def expected(name: str, value: Expected) -> frozenset[str] | None:
    """The values of a claim that are right; ``None``: all of them, deliberately.

    Raises:
        ConfigurationError: nothing is expected, and no reason is given.
    """
    if isinstance(value, Unchecked):
        return None
    values = frozenset[Any]((value,) if isinstance(value, str) else value or ())
    if not values or not all(isinstance(one, str) and one for one in values):
        raise ConfigurationError(
            f"no {name} is expected, so that tokens made for other services are accepted",
            f'Give {name}="…", or {name}=unchecked("why").',
        )
    return values


@dataclass(frozen=True, slots=True)
class Recognised:
    """A principal, and how long the token that it stands in is good: leeway included."""

    principal: Principal
    not_before: float
    not_after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRules:
    """What a token has to say to be accepted."""

    issuer: frozenset[str] | None
    audience: frozenset[str] | None
    leeway: float
    max_lifetime: float
    roles: ClaimName
    permissions: ClaimName
    attributes: tuple[str, ...]

    def recognise(self, claims: Mapping[str, Any], signed: bytes, scheme: str) -> Recognised:
        """The principal that verified claims name.

        Raises:
            Refused: a claim is missing, malformed, or not right now.
        """
        now = clock.now()
        expires, issued = _time(claims, "exp"), _time(claims, "iat")
        starts = max(_time(claims, "nbf") or 0.0, issued or 0.0) - self.leeway
        if expires is None:
            raise Refused("exp is missing")
        if now >= expires + self.leeway:
            raise Refused("it has expired")
        if now < starts:
            raise Refused("it is not valid yet")
        if expires - (now if issued is None else issued) > self.max_lifetime:
            raise Refused("it is valid for longer than max_lifetime")
        self._check_parties(claims)
        principal = Principal(
            id=_subject(claims),
            roles=_names(claims, self.roles),
            permissions=_names(claims, self.permissions, separated=True),
            scheme=scheme,
            session=_token_id(claims, signed),
            issued_at=issued,
            expires_at=expires,
            attributes=MappingProxyType({name: _frozen(claims[name]) for name in self.attributes if name in claims}),
        )
        return Recognised(principal, starts, expires + self.leeway)

    def _check_parties(self, claims: Mapping[str, Any]) -> None:
        issuer, audience = claims.get("iss"), claims.get("aud")
        if self.issuer is not None and not (isinstance(issuer, str) and issuer in self.issuer):
            raise Refused("iss is not the expected issuer")
        if self.audience is not None:
            several = [audience] if isinstance(audience, str) else audience
            if not isinstance(several, list) or not all(isinstance(one, str) for one in several):
                raise Refused("aud is missing or not a list of texts")
            if self.audience.isdisjoint(several):
                raise Refused("aud names other services")


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    """A time in seconds since the epoch (NumericDate, RFC 7519 section 2)."""
    value = claims.get(name)
    if value is None and name not in claims:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LATEST:
        raise Refused(f"{name} is not a time")
    return float(value)


def _subject(claims: Mapping[str, Any]) -> str:
    value = claims.get("sub")
    # What is not printable would let a caller write lines of his own into logs.
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise Refused("sub is missing or not a printable text")
    return value


def _token_id(claims: Mapping[str, Any], signed: bytes) -> str:
    """The token's id, or else a hash of what is signed.

    Not of the whole token: an ECDSA signature has a second form, by which a revoked token could be had under another hash.
    """
    value = claims.get("jti")
    if value is None:
        return f"sha256:{sha256(signed).hexdigest()}"
    if not isinstance(value, str) or not value or not value.isprintable():
        raise Refused("jti is not a printable text")
    return value


def _names(claims: Mapping[str, Any], path: ClaimName, *, separated: bool = False) -> frozenset[str]:
    """Roles or permissions: a list of texts, or one text; ``separated`` by spaces as in ``scope`` (RFC 8693 section 4.2)."""
    found: Any = claims
    for part in (path,) if isinstance(path, str) else path:
        if not isinstance(found, Mapping) or part not in found:
            return frozenset()
        found = found[part]
    if isinstance(found, str):
        return frozenset(found.split() if separated else [found])
    if not isinstance(found, list) or not all(isinstance(name, str) and name for name in found):
        raise Refused("roles or permissions are not texts")
    return frozenset(found)


def _frozen(value: Any) -> Any:
    """A value that no handler can change: principals are kept and used again for the next request."""
    if isinstance(value, dict):
        return MappingProxyType({name: _frozen(item) for name, item in value.items()})
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    return value
