"""Credentials that have to be refused, made from the application's own identities.

The right ones are needed too, or a refusal would prove nothing, and nobody has the issuer's private key in a test. So an identity
is tried as a twin: all its rules, but a key or a store of the test's own.
"""

from __future__ import annotations

import copy
import functools
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from counterseal.enforce.core.clock import now
from counterseal.enforce.core.identity import Identity
from counterseal.enforce.core.principal import Principal
from counterseal.enforce.identity.api_keys import ApiKeys, _checksum
from counterseal.enforce.identity.bearer import BearerTokens
from counterseal.enforce.identity.custom import Custom
from counterseal.enforce.identity.jwks import FixedKeys
from counterseal.enforce.identity.keys import SECRET_BYTES, KeySet, verification_key
from counterseal.enforce.identity.sessions import Sessions
from counterseal.enforce.identity.stores.memory import MemoryStore
from counterseal.enforce.testing.unknown import Unknown

Headers = Mapping[str, str]
_LIFETIME = 300.0


@dataclass(frozen=True, slots=True)
class Trial:
    """One kind of wrong credentials."""

    identity: Identity
    """The twin, or the identity itself."""
    good: Headers
    """What it accepts."""
    bad: Headers
    """What it has to refuse."""
    wait: float = 0.0
    """Seconds that pass in between."""
    foreign: Headers | None = None
    """What the application's own identity has to refuse: right, but for another key or store."""


Make = Callable[[Principal], Trial]


def trials(identity: Identity, given: Mapping[str, Any] | None) -> dict[str, Make]:
    """The kinds of wrong credentials of an identity, by name.

    Args:
        identity: one of the application's.
        given: credentials that the developers made: ``good`` and the kinds that have to be refused, each as headers or a
            function that makes them.
    """
    if given is not None:
        return {kind: functools.partial(_given, identity, given, kind) for kind in given if kind != "good"}
    if isinstance(identity, BearerTokens):
        return {
            "tampered": functools.partial(_bearer_tampered, identity),
            "expired": functools.partial(_bearer_expired, identity),
            **({} if identity._rules.audience is None else {"wrong audience": functools.partial(_bearer_audience, identity)}),
            **({} if identity._rules.issuer is None else {"wrong issuer": functools.partial(_bearer_issuer, identity)}),
        }
    if isinstance(identity, Sessions):
        return {
            "unknown": functools.partial(_session_unknown, identity),
            "expired": functools.partial(_session_expired, identity),
        }
    if isinstance(identity, ApiKeys):
        return {"tampered": functools.partial(_key_tampered, identity), "expired": functools.partial(_key_expired, identity)}
    return {"tampered": functools.partial(_no_idea, identity), "expired": functools.partial(_no_idea, identity)}


def is_ambient(identity: Identity) -> bool:
    """Whether browsers send its credentials unasked. Of an identity that does not say: yes."""
    if isinstance(identity, (BearerTokens, ApiKeys)):
        return False
    return identity._ambient if isinstance(identity, Custom) else bool(getattr(identity, "ambient", True))


def _no_idea(identity: Identity, principal: Principal) -> Trial:
    hint = f"credentials={{{identity.scheme!r}: {{'good': headers, 'tampered': headers, 'expired': headers}}}}"
    raise Unknown(f"nobody knows what credentials of the identity {identity.scheme!r} look like: give {hint}")


def _given(identity: Identity, given: Mapping[str, Any], kind: str, principal: Principal) -> Trial:
    if "good" not in given:
        raise Unknown(f"credentials={{{identity.scheme!r}: ...}} has no 'good' ones, so that a refusal proves nothing")
    good, bad = (item() if callable(item) else item for item in (given["good"], given[kind]))
    return Trial(identity, _lower(good), _lower(bad))


def _lower(headers: Headers) -> Headers:
    return {name.lower(): value for name, value in headers.items()}


# Bearer tokens


def _bearer_tampered(identity: BearerTokens, principal: Principal) -> Trial:
    twin, sign = _bearer(identity)
    good = sign(_claims(identity, principal))
    head, _, signature = good.split(".")
    other = sign({**_claims(identity, principal), "sub": f"{principal.id}-other"}).split(".")[1]
    return Trial(twin, _authorization(good), _authorization(f"{head}.{other}.{signature}"), foreign=_authorization(good))


def _bearer_expired(identity: BearerTokens, principal: Principal) -> Trial:
    twin, sign = _bearer(identity)
    token = _authorization(sign(_claims(identity, principal)))
    # What was verified is remembered, in the twin as in the application: the same token, later.
    return Trial(twin, token, token, wait=_LIFETIME + identity._rules.leeway + 1)


def _bearer_audience(identity: BearerTokens, principal: Principal) -> Trial:
    twin, sign = _bearer(identity)
    claims = _claims(identity, principal)
    return Trial(twin, _authorization(sign(claims)), _authorization(sign({**claims, "aud": "https://other.invalid"})))


def _bearer_issuer(identity: BearerTokens, principal: Principal) -> Trial:
    twin, sign = _bearer(identity)
    claims = _claims(identity, principal)
    return Trial(twin, _authorization(sign(claims)), _authorization(sign({**claims, "iss": "https://other.invalid"})))


def _authorization(token: str) -> Headers:
    return {"authorization": f"Bearer {token}"}


def _claims(identity: BearerTokens, principal: Principal) -> dict[str, Any]:
    rules, at = identity._rules, now()
    lifetime = min(_LIFETIME, rules.max_lifetime)
    claims: dict[str, Any] = {"sub": principal.id, "iat": int(at), "exp": int(at + lifetime), "jti": secrets.token_hex(8)}
    claims["iss"] = min(rules.issuer) if rules.issuer else "https://counterseal.invalid"
    if rules.audience:
        claims["aud"] = min(rules.audience)
    _put(claims, rules.roles, sorted(principal.roles))
    _put(claims, rules.permissions, " ".join(sorted(principal.permissions)))
    return claims


def _put(claims: dict[str, Any], path: str | tuple[str, ...], value: Any) -> None:
    *outer, last = (path,) if isinstance(path, str) else path
    for name in outer:
        claims = claims.setdefault(name, {})
    claims[last] = value


def _bearer(identity: BearerTokens) -> tuple[BearerTokens, Callable[[Mapping[str, Any]], str]]:
    """A twin with a key of its own, and what signs with that key."""
    import jwt

    algorithm = _algorithm(identity)
    private, public = _key(algorithm)
    twin = copy.copy(identity)
    twin._source = FixedKeys(KeySet([(None, verification_key(public, (algorithm,)))], ignore_ids=True))
    twin._cache = None if identity._cache is None else type(identity._cache)(8)
    headers = {"typ": identity._token_type or "JWT"}

    def sign(claims: Mapping[str, Any]) -> str:
        return jwt.encode(dict(claims), private, algorithm=algorithm, headers=headers)

    return twin, sign


def _algorithm(identity: BearerTokens) -> str:
    """An algorithm that the identity allows."""
    source: Any = identity._source
    named = getattr(source, "_algorithms", ())
    if named:
        return str(named[0])
    keys = source.ready()
    known = [name for key in (*keys._only, *(one for many in keys._by_id.values() for one in many)) for name in key.verifiers]
    if not known:
        raise Unknown("the identity has no key, and says no algorithm")
    return str(known[0])


@functools.cache
def _key(algorithm: str) -> tuple[Any, Any]:
    """A private key and its public one. Making one takes a while."""
    if algorithm in SECRET_BYTES:
        secret = secrets.token_bytes(64)
        return secret, secret
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    private: Any
    if algorithm == "EdDSA":
        private = ed25519.Ed25519PrivateKey.generate()
    elif algorithm.startswith("ES"):
        curves = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
        private = ec.generate_private_key(curves[algorithm])
    else:
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return private, private.public_key()


# Sessions


def _session(identity: Sessions, principal: Principal) -> tuple[Sessions, Headers]:
    """A twin with a store of its own, and the cookie of a session in it."""
    twin = copy.copy(identity)
    twin._store = MemoryStore()
    begun = twin.sign_in(None, principal.id, roles=principal.roles, permissions=principal.permissions)
    return twin, _cookie(identity, begun.token)


def _cookie(identity: Sessions, token: str) -> Headers:
    return {"cookie": f"{identity._cookie.name}={token}"}


def _session_unknown(identity: Sessions, principal: Principal) -> Trial:
    twin, good = _session(identity, principal)
    return Trial(twin, good, _cookie(identity, secrets.token_urlsafe(32)), foreign=good)


def _session_expired(identity: Sessions, principal: Principal) -> Trial:
    twin, good = _session(identity, principal)
    return Trial(twin, good, good, wait=identity._idle + 1)


# API keys


def _api_key(identity: ApiKeys, principal: Principal) -> tuple[ApiKeys, str]:
    """A twin with a store of its own, and a key in it."""
    twin = copy.copy(identity)
    twin._store, twin._finds = MemoryStore(), False
    issued = twin.issue(principal.id, roles=principal.roles, permissions=principal.permissions, lifetime=_LIFETIME)
    return twin, issued.key


def _key_header(identity: ApiKeys, key: str) -> Headers:
    name = identity._header.lower()
    return {name: f"ApiKey {key}" if name == "authorization" else key}


def _key_tampered(identity: ApiKeys, principal: Principal) -> Trial:
    twin, key = _api_key(identity, principal)
    body = key[:-6]
    changed = body[:-1] + ("a" if body[-1] != "a" else "b")
    good = _key_header(identity, key)
    return Trial(twin, good, _key_header(identity, changed + _checksum(changed)), foreign=good)


def _key_expired(identity: ApiKeys, principal: Principal) -> Trial:
    twin, key = _api_key(identity, principal)
    good = _key_header(identity, key)
    return Trial(twin, good, good, wait=_LIFETIME + 1)
