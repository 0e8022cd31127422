"""Tokens that we issue: access tokens, refresh tokens that rotate, tokens for one use."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from counterseal.enforce.core import clock
from counterseal.enforce.core.errors import ConfigurationError
from counterseal.enforce.core.principal import Principal
from counterseal.enforce.identity.account import names
from counterseal.enforce.identity.credentials import refusal
from counterseal.enforce.identity.keys import SECRET_BYTES, checked_algorithms, prepare_secret, prepared_key
from counterseal.enforce.identity.questions import Question, answered
from counterseal.enforce.identity.steps import Steps, operation
from counterseal.enforce.identity.stores.store import Row, Store, text

_MOST_SECONDS = 86_400.0
_OURS = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "roles", "scope"})
_INVALID_GRANT = "invalid-grant"


class AccessTokens:
    """Issues JSON Web Tokens that `BearerTokens` accepts (RFC 7519; the type ``at+jwt`` of RFC 9068).

    Args:
        algorithm: how they are signed.
        key: the HMAC secret, or the private key as PEM text or object of ``cryptography``.
        issuer: who we are (``iss``).
        audience: for whom they are (``aud``).
        lifetime: how long they are good, in seconds; at most a day.
        key_id: the ``kid`` by which verifiers find the key.

    Raises:
        ConfigurationError: the key is weak or no key for this algorithm, or the lifetime is too long.
    """

    def __init__(
        self, *, algorithm: str, key: Any, issuer: str, audience: str, lifetime: float = 900.0, key_id: str | None = None
    ) -> None:
        (self._algorithm,) = checked_algorithms([algorithm])
        if not 0 < lifetime <= _MOST_SECONDS:
            raise ConfigurationError("access tokens live for a day at most", "Use RefreshTokens to stay signed in for longer.")
        if not issuer or not audience:
            raise ConfigurationError("access tokens name their issuer and audience")
        if algorithm in SECRET_BYTES:
            prepare_secret(key, [algorithm])
        else:
            key = prepared_key(key, algorithm)
            if not hasattr(key, "private_bytes"):
                raise ConfigurationError(f"to sign by {algorithm} its private key is needed")
        self._key = key
        self._issuer, self._audience = issuer, audience
        self._lifetime = lifetime
        self._headers = {"typ": "at+jwt"} | ({"kid": key_id} if key_id else {})

    def issue(
        self,
        principal_id: str,
        *,
        roles: Iterable[str] = (),
        permissions: Iterable[str] = (),
        claims: Mapping[str, Any] = MappingProxyType({}),
    ) -> str:
        """A token for a principal. Its time of issue has fractions of a second, so that it is told from one revoked just before.

        Args:
            principal_id: whose (``sub``).
            roles: its roles.
            permissions: its permissions, none of them with a space (``scope``).
            claims: what else it says; JSON values. Anybody who has the token can read them.

        Raises:
            ValueError: a claim is one that is set here.
        """
        import jwt

        if not _OURS.isdisjoint(claims):
            raise ValueError(f"claims that are set here: {', '.join(sorted(_OURS.intersection(claims)))}")
        owner = Principal(id=principal_id, roles=names(roles), permissions=names(permissions))
        if any(" " in permission for permission in owner.permissions):
            raise ValueError("a permission has a space in it, and scope separates by spaces")
        now = clock.now()
        content = {
            "iss": self._issuer,
            "sub": owner.id,
            "aud": self._audience,
            "iat": now,
            "nbf": now,
            "exp": now + self._lifetime,
            "jti": secrets.token_urlsafe(16),
            "roles": sorted(owner.roles),
            "scope": " ".join(sorted(owner.permissions)),
        }
        return jwt.encode(content | dict(claims), self._key, algorithm=self._algorithm, headers=self._headers)


@dataclass(frozen=True, slots=True)
class Rotated:
    """A refresh token that was exchanged."""

    principal_id: str
    token: str
    """The next refresh token."""

    def __repr__(self) -> str:
        return f"Rotated(principal_id={self.principal_id!r})"


class RefreshTokens:
    """Opaque tokens to get new access tokens with. Each is good once.

    Using one again ends the whole chain (RFC 9700 section 4.14): its owner or a thief has a copy. A chain is one row in the
    store, which holds the hash of the token that is good now.

    Methods such as `rotate` block; on an event loop write ``await refresh.rotate.aio(…)``.

    Args:
        store: where chains are kept.
        idle: how long a token is good, in seconds.
        absolute: how long a chain goes on in any case, in seconds.
        revoked: whether a principal is revoked: a `Revocations` that serves other identities too.

    Raises:
        ConfigurationError: the times contradict each other.
    """

    _KIND = "refresh"

    def __init__(
        self,
        store: Store,
        *,
        idle: float = 14 * 86_400.0,
        absolute: float = 90 * 86_400.0,
        revoked: Question | None = None,
    ) -> None:
        if not 0 < idle <= absolute < float("inf"):
            raise ConfigurationError("refresh tokens end: 0 < idle <= absolute, in seconds")
        self._store = store
        self._idle, self._absolute = idle, absolute
        self._revoked = revoked

    @operation
    def issue(self, principal_id: str) -> Steps[str]:
        """The first token of a chain, for a principal that has just signed in.

        Raises:
            Unavailable: the store does not respond.
        """
        chain, secret = secrets.token_urlsafe(16), secrets.token_urlsafe(32)
        now = clock.now()
        content = {"good": _hash(secret), "begun": now}
        owner = Principal(id=principal_id).id
        yield self._store.put(self._KIND, Row(_hash(chain), owner, text(content), now + self._idle))
        return f"{chain}.{secret}"

    @operation
    def rotate(self, token: str) -> Steps[Rotated]:
        """Exchange a token for the next one. Look up the principal's roles anew before you issue an access token.

        Raises:
            Denied: 401, the token is unknown, has expired, or has been used before; in that case its chain is ended.
            Unavailable: the store does not respond.
        """
        chain, _, secret = token.partition(".")
        (row,) = yield self._store.fetch(self._KIND, (_hash(chain),))
        if row is None or not row.alive:
            raise refusal("the refresh token is unknown or has ended", None, _INVALID_GRANT)
        content, now = row.content(), clock.now()
        following = secrets.token_urlsafe(32)
        end = content["begun"] + self._absolute
        new = replace(row, value=text(content | {"good": _hash(following)}), expires_at=min(now + self._idle, end))
        owner = Principal(id=row.owner, scheme="refresh", session=row.key, issued_at=content["begun"])
        if now >= end or (self._revoked is not None and (yield answered(self._revoked, owner))):
            yield self._store.take(self._KIND, row.key)
            raise refusal("the refresh token has ended or is revoked", None, _INVALID_GRANT)
        # Whoever knows the chain but not the good token has one that was used. So has the slower of two at once.
        right = hmac.compare_digest(_hash(secret), content["good"])
        if not right or not (yield self._store.swap(self._KIND, row, new)):
            yield self._store.take(self._KIND, row.key)
            raise refusal("the refresh token was used before: its chain is ended", None, _INVALID_GRANT)
        return Rotated(row.owner, f"{chain}.{following}")

    @operation
    def revoke(self, token: str) -> Steps[None]:
        """End the chain of a token, when its owner signs out.

        Raises:
            Unavailable: the store does not respond.
        """
        yield self._store.take(self._KIND, _hash(token.partition(".")[0]))

    @operation
    def revoke_all(self, principal_id: str) -> Steps[int]:
        """End all chains of a principal; how many there were.

        Raises:
            Unavailable: the store does not respond.
        """
        count: int = yield self._store.clear(self._KIND, principal_id)
        return count


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A token for one use that was used now."""

    subject: str
    data: Mapping[str, Any]


class OneTimeTokens:
    """Tokens for one use: a password reset, an invitation, a changed address (ASVS v5.0.0-6.4.4, 6.6.2).

    256 random bits; only the hash is kept. Of several who redeem one at once, one succeeds.

    Methods such as `redeem` block; on an event loop write ``await resets.redeem.aio(…)``.

    Args:
        store: where they are kept.
        purpose: what they are for; a token for one purpose is nothing for another.
        lifetime: how long they are good, in seconds.
        several: whether a subject may have several at once; otherwise a new one ends those before.

    Raises:
        ConfigurationError: the lifetime or purpose is missing.
    """

    def __init__(self, store: Store, purpose: str, *, lifetime: float = 1800.0, several: bool = False) -> None:
        if not purpose or not 0 < lifetime < float("inf"):
            raise ConfigurationError("tokens for one use have a purpose and a lifetime in seconds")
        self._store = store
        self._kind = f"once:{purpose}"
        self._lifetime = lifetime
        self._several = several

    @operation
    def issue(self, subject: str, data: Mapping[str, Any] = MappingProxyType({})) -> Steps[str]:
        """A token to send to its subject.

        Args:
            subject: whose: a principal's id, an address.
            data: what `redeem` gives back; JSON values.

        Raises:
            Unavailable: the store does not respond.
        """
        token = secrets.token_urlsafe(32)
        if not self._several:
            yield self._store.clear(self._kind, subject)
        yield self._store.put(self._kind, Row(_hash(token), subject, text(data), clock.now() + self._lifetime))
        return token

    @operation
    def redeem(self, token: str) -> Steps[Redeemed | None]:
        """Use a token up; ``None`` when it is unknown, was used or has expired.

        Raises:
            Unavailable: the store does not respond.
        """
        row = yield self._store.take(self._kind, _hash(token))
        return Redeemed(row.owner, MappingProxyType(row.content())) if row is not None and row.alive else None

    @operation
    def revoke_all(self, subject: str) -> Steps[int]:
        """End a subject's tokens; how many there were.

        Raises:
            Unavailable: the store does not respond.
        """
        count: int = yield self._store.clear(self._kind, subject)
        return count


def _hash(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
