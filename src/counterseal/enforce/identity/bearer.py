"""Callers who bring a signed token: ``Authorization: Bearer <JWT>`` (RFC 6750, RFC 7519, RFC 8725; ASVS v5.0.0-9.1, 9.2)."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from counterseal.enforce.core import clock
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.errors import ConfigurationError
from counterseal.enforce.core.exchange import Exchange
from counterseal.enforce.core.principal import Principal
from counterseal.enforce.identity.cache import RecentlyUsed
from counterseal.enforce.identity.claims import ClaimName, ClaimRules, Expected, Recognised, Refused, expected
from counterseal.enforce.identity.credentials import authorization, refusal
from counterseal.enforce.identity.jose import MAX_KEY_ID, Malformed, SignedToken, parse_token, strict_object
from counterseal.enforce.identity.jwks import FixedKeys, JwksFile, JwksUrl, KeySource
from counterseal.enforce.identity.keys import KeySet, VerificationKey, checked_algorithms, verification_key
from counterseal.enforce.identity.questions import Question, answered
from counterseal.enforce.identity.steps import Steps, run

_MAX_LEEWAY = 600.0
_DAY = 86_400.0
_INVALID = 'Bearer error="invalid_token"'


class BearerTokens:
    """An identity: JSON Web Tokens in the Authorization header.

    A token counts when its signature is right under a configured key and one of that key's algorithms, it comes from the
    expected issuer, is meant for this audience, has a subject, has not expired, does not live longer than ``max_lifetime``
    and is not revoked. What was verified is remembered by the token's SHA-256; expiry, keys and revocation are checked anew
    for every request.

    Args:
        algorithms: which signature algorithms count: HMAC (``HS256``…) or public-key ones, never both.
        key: the one key: an HMAC secret, or a public key as PEM text, JWK or object of ``cryptography``.
        keys: or several by key id (``kid``); a token has to name one of them.
        jwks_file: or a JWK Set in a file, which is read again when it changes.
        jwks_url: or a JWK Set at an ``https`` address. See `JwksUrl` for its bounds; give one of those to set others.
        issuer: what ``iss`` has to be, or one of several; `unchecked` with a reason to take any.
        audience: what ``aud`` has to name, or one of several; `unchecked` with a reason to take any.
        leeway: how far clocks may differ, in seconds.
        max_lifetime: the longest time between issue and expiry, in seconds; without ``iat`` between now and expiry.
        token_type: what the header's ``typ`` has to be (``at+jwt``, RFC 9068), so that no ID token passes for an access token.
        roles_claim: where the roles are; a tuple is a path.
        permissions_claim: where the permissions are: a list, or a text separated by spaces.
        attributes: further claims that go into `Principal.attributes`.
        revoked: whether a principal is revoked; asked for every request. A `Revocations`, or a function of yours.
        cache: how many verified tokens are remembered; ``False``: none.
        max_bytes: the longest token that is looked at.
        scheme: the name under which its principals are known.

    Raises:
        ConfigurationError: the settings would leave a hole.
    """

    def __init__(
        self,
        *,
        algorithms: Iterable[str],
        issuer: Expected,
        audience: Expected,
        key: Any = None,
        keys: Mapping[str, Any] | None = None,
        jwks_file: str | Path | JwksFile | None = None,
        jwks_url: str | JwksUrl | None = None,
        leeway: float = 10.0,
        max_lifetime: float = _DAY,
        token_type: str | None = None,
        roles_claim: ClaimName = "roles",
        permissions_claim: ClaimName = "scope",
        attributes: Sequence[str] = (),
        revoked: Question | None = None,
        cache: int | bool = 16_384,
        max_bytes: int = 8192,
        scheme: str = "bearer",
    ) -> None:
        if not 0 <= leeway <= _MAX_LEEWAY:
            raise ConfigurationError(f"leeway is {leeway} seconds", f"Clocks differ by seconds: 0 to {_MAX_LEEWAY:.0f}.")
        if not 0 < max_lifetime < float("inf"):
            raise ConfigurationError("max_lifetime is not a number of seconds", "Say how long the issuer's tokens live at most.")
        self._source = _source(checked_algorithms(algorithms), key, keys, jwks_file, jwks_url)
        self._rules = ClaimRules(
            issuer=expected("issuer", issuer),
            audience=expected("audience", audience),
            leeway=leeway,
            max_lifetime=max_lifetime,
            roles=roles_claim,
            permissions=permissions_claim,
            attributes=tuple(attributes),
        )
        self._token_type = _media_type(token_type) if token_type else None
        self._revoked = revoked
        size = 16_384 if cache is True else int(cache)
        self._cache: RecentlyUsed[bytes, tuple[Recognised, KeySet]] | None = RecentlyUsed(size) if size > 0 else None
        self._max_bytes = max_bytes
        self._scheme = scheme

    @property
    def scheme(self) -> str:
        """The name under which its principals are known."""
        return self._scheme

    @property
    def challenge(self) -> str:
        """RFC 6750 section 3."""
        return "Bearer"

    def openapi(self) -> Mapping[str, Any]:
        """The OpenAPI 3.1 security scheme object."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}

    def authenticate(self, exchange: Exchange) -> Principal | Awaitable[Principal | None] | None:
        """Who is calling; ``None`` without a bearer token.

        Raises:
            Denied: 401, the token does not hold.
            Unavailable: the keys or the revocations cannot be had.
        """
        text = authorization(exchange, "bearer")
        if text is None:
            return None
        if not 0 < len(text) <= self._max_bytes or not text.isascii():
            raise refusal("the token is empty, too long or not ASCII", _INVALID)
        token = text.encode()
        digest = sha256(token).digest()
        if self._cache is not None:
            kept = self._cache.get(digest)
            if kept is not None and kept[1] is self._source.ready():
                return self._again(kept[0])
        return run(self._first_time(token, digest))

    def still_valid(self, principal: Principal) -> bool | Awaitable[bool]:
        """Whether the principal's token has neither expired nor been revoked.

        Raises:
            Unavailable: the revocations cannot be had.
        """
        expires = principal.expires_at
        if principal.scheme != self._scheme or expires is None or clock.now() >= expires + self._rules.leeway:
            return False
        if self._revoked is None:
            return True
        answer = answered(self._revoked, principal)
        return not answer if isinstance(answer, bool) else _negated(answer)

    def _again(self, known: Recognised) -> Principal | Awaitable[Principal | None]:
        """A token that was verified before: what time and people can change is checked."""
        if not known.not_before <= clock.now() < known.not_after:
            raise refusal("the token has expired or is not valid yet", _INVALID)
        if self._revoked is None:
            return known.principal
        answer = answered(self._revoked, known.principal)
        if answer is False:
            return known.principal
        if answer is True:
            raise _was_revoked()
        return _unless(answer, known.principal)

    def _first_time(self, token: bytes, digest: bytes) -> Steps[Principal]:
        try:
            parsed = parse_token(token)
        except Malformed as problem:
            raise refusal(f"the token is malformed: {problem}", _INVALID) from None
        if self._token_type is not None and (parsed.type is None or _media_type(parsed.type) != self._token_type):
            raise refusal("the token is of another type", _INVALID)
        keys = self._source.ready()
        if keys is None:
            keys = yield self._source.wait()
        candidates = keys.find(parsed.key_id)
        if not candidates:
            keys = yield self._source.renewed(keys)
            candidates = keys.find(parsed.key_id)
        if not any(_verifies(key, parsed) for key in candidates):
            raise refusal("the key is unknown, the algorithm is not the key's, or the signature is wrong", _INVALID)
        try:
            known = self._rules.recognise(strict_object(parsed.payload), parsed.signed, self._scheme)
        except (Malformed, Refused) as problem:
            raise refusal(f"the token is not accepted: {problem}", _INVALID) from None
        if self._cache is not None:
            self._cache.put(digest, (known, keys))
        principal: Principal = yield self._again(known)
        return principal


def _source(
    algorithms: tuple[str, ...],
    key: Any,
    keys: Mapping[str, Any] | None,
    jwks_file: str | Path | JwksFile | None,
    jwks_url: str | JwksUrl | None,
) -> KeySource:
    given = [value for value in (key, keys, jwks_file, jwks_url) if value is not None]
    if len(given) != 1:
        raise ConfigurationError(
            f"tokens are verified with one source of keys, and {len(given)} are given",
            "Give one of key, keys, jwks_file and jwks_url.",
        )
    if key is not None:
        return FixedKeys(KeySet([(None, verification_key(key, algorithms))], ignore_ids=True))
    if keys is not None:
        return FixedKeys(_by_id(keys, algorithms))
    source: JwksFile | JwksUrl
    if jwks_file is not None:
        source = jwks_file if isinstance(jwks_file, JwksFile) else JwksFile(jwks_file)
    else:
        source = jwks_url if isinstance(jwks_url, JwksUrl) else JwksUrl(str(jwks_url))
    source.configure(algorithms)
    return source


def _by_id(keys: Mapping[Any, Any], algorithms: tuple[str, ...]) -> KeySet:
    if not keys:
        raise ConfigurationError("keys is empty: no token could be verified", "Give the issuer's keys by their ids.")
    if not all(isinstance(key_id, str) and 0 < len(key_id) <= MAX_KEY_ID for key_id in keys):
        raise ConfigurationError(f"a key id is not a text of 1 to {MAX_KEY_ID} characters")
    return KeySet((key_id, verification_key(key, algorithms)) for key_id, key in keys.items())


def _verifies(key: VerificationKey, token: SignedToken) -> bool:
    verify = key.verifiers.get(token.algorithm)
    return verify is not None and verify(token.signed, token.signature)


def _media_type(name: str) -> str:
    """``typ`` without the prefix that may be left out (RFC 7515 section 4.1.9)."""
    return name.lower().removeprefix("application/")


async def _unless(revoked: Awaitable[bool], principal: Principal) -> Principal:
    if await revoked:
        raise _was_revoked()
    return principal


async def _negated(answer: Awaitable[bool]) -> bool:
    return not await answer


def _was_revoked() -> Denied:
    return refusal("the token is revoked", _INVALID)
