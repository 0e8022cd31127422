"""Keys that verify signatures: checked when they are configured, and bound to their algorithms (RFC 8725 sections 3.1, 3.5)."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from counterseal.enforce.core.errors import ConfigurationError

SECRET_BYTES: Mapping[str, int] = MappingProxyType({"HS256": 32, "HS384": 48, "HS512": 64})
"""The HMAC algorithms, with the shortest secret for each: as long as the hash (RFC 7518 section 3.2)."""
ASYMMETRIC = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
RSA_BITS = 2048
"""The shortest RSA key (RFC 7518 section 3.3)."""

_FEW_CHARACTERS = 8
_RANDOM_PART = 16
_SHORTEST_DER = 44  # an Ed25519 public key
_PLACEHOLDERS = (  # compiled when it is needed: that takes longer than everything else here
    r"changeme|changethis|replaceme|replacethis|placeholder|djangoinsecure|supersecret|topsecret|secret|password|example|"
    r"default|development|production|insecure|signing|testing|token|your|jwt|dev|test|key|my|\d+bit|abcdefghijklmnopqrstuvwxyz|"
    r"0123456789|1234567890|12345678"
)

Verifier = Callable[[bytes, bytes], bool]
"""Whether a signature (second) is right for what it covers (first)."""


@dataclass(frozen=True, slots=True, repr=False)
class VerificationKey:
    """A key and the algorithms that it serves; no other algorithm can be tried on it."""

    verifiers: Mapping[str, Verifier]


class KeySet:
    """Keys by their id. Never changed: a rotation makes a new set, by whose identity cached decisions are recognised."""

    __slots__ = ("_by_id", "_only")

    def __init__(self, keys: Iterable[tuple[str | None, VerificationKey]], *, ignore_ids: bool = False) -> None:
        by_id: dict[str | None, tuple[VerificationKey, ...]] = {}
        for key_id, key in keys:
            by_id[key_id] = (*by_id.get(key_id, ()), key)
        self._by_id = by_id
        everything = tuple(key for several in by_id.values() for key in several)
        self._only = everything if ignore_ids or len(everything) == 1 else ()
        if ignore_ids:
            self._by_id = {}

    def find(self, key_id: str | None) -> Sequence[VerificationKey]:
        """The keys of this id; without an id, the only key there is. Empty: there is none."""
        if key_id is None or not self._by_id:
            return self._only
        return self._by_id.get(key_id, ())


def checked_algorithms(algorithms: Iterable[str]) -> tuple[str, ...]:
    """The algorithms, if they are safe together.

    Raises:
        ConfigurationError: none are given, one is unknown or ``none``, or HMAC stands beside public-key algorithms: a public
            key could then be taken for an HMAC secret (RFC 8725 section 2.1).
    """
    if isinstance(algorithms, str):
        raise ConfigurationError("algorithms is one text", f'Write algorithms=["{algorithms}"].')
    names = tuple(dict.fromkeys(algorithms))
    if not names:
        raise ConfigurationError("no algorithm is allowed", 'Say which ones the issuer uses, as in algorithms=["RS256"].')
    if any(str(name).lower() == "none" for name in names):
        raise ConfigurationError('the algorithm "none" accepts forged tokens', "Remove it.")
    unknown = [name for name in names if name not in SECRET_BYTES and name not in ASYMMETRIC]
    if unknown:
        known = ", ".join([*SECRET_BYTES, *sorted(ASYMMETRIC)])
        raise ConfigurationError(f"unknown algorithm {unknown[0]!r}", f"Known are {known}.")
    if len({name in SECRET_BYTES for name in names}) > 1:
        raise ConfigurationError(
            "HMAC and public-key algorithms are allowed together, so that a public key can be taken for a secret",
            "Use one BearerTokens for each kind.",
        )
    return names


def verification_key(material: Any, algorithms: Sequence[str]) -> VerificationKey:
    """A key that verifies signatures of those of the algorithms that fit it.

    Args:
        material: an HMAC secret, a public key as PEM text or as an object of ``cryptography``, or a JWK as a mapping.
        algorithms: what `checked_algorithms` returned.

    Raises:
        ConfigurationError: it is too weak, of the wrong kind, a placeholder, or fits none of the algorithms.
    """
    if isinstance(material, Mapping):
        material, algorithms = _from_jwk(dict(material), algorithms)
    prepared = prepare_secret if algorithms[0] in SECRET_BYTES else _prepare_public
    return VerificationKey(MappingProxyType(prepared(material, algorithms)))


def prepare_secret(secret: Any, algorithms: Sequence[str]) -> dict[str, Verifier]:
    """Check an HMAC secret and bind it to its algorithms.

    Raises:
        ConfigurationError: it is too short, a placeholder, or no secret at all.
    """
    check_secret(secret, max(SECRET_BYTES[name] for name in algorithms))
    from jwt.exceptions import InvalidKeyError

    verifiers = {}
    for name in algorithms:
        algorithm = library_algorithm(name)
        try:
            key = algorithm.prepare_key(secret)
        except (InvalidKeyError, ValueError, TypeError):
            raise _public_as_secret() from None
        verifiers[name] = _verifier(algorithm, key)
    return verifiers


def check_secret(secret: Any, shortest: int) -> None:
    """Refuse secrets that can be guessed, and public keys.

    Raises:
        ConfigurationError: it is one of these.
    """
    if not isinstance(secret, str | bytes):
        raise ConfigurationError(f"an HMAC secret is text or bytes, not {type(secret).__name__}")
    raw = secret.encode() if isinstance(secret, str) else secret
    if len(raw) < shortest:
        raise ConfigurationError(
            f"the HMAC secret has {len(raw)} bytes, and {shortest} are needed (RFC 7518 section 3.2)", _HOW_TO_MAKE_ONE
        )
    if _is_der(raw) or _is_der(_unwrapped(raw)):
        raise _public_as_secret()
    text = re.sub(r"[^a-z0-9]", "", raw.decode("latin-1").lower())
    if len(set(raw)) < _FEW_CHARACTERS or (raw.isascii() and len(re.sub(_PLACEHOLDERS, "", text)) < _RANDOM_PART):
        raise ConfigurationError("the HMAC secret is a placeholder that can be guessed", _HOW_TO_MAKE_ONE)


_HOW_TO_MAKE_ONE = 'Make one with `python -c "import secrets; print(secrets.token_urlsafe(64))"`; keep it out of the code.'


def _public_as_secret() -> ConfigurationError:
    return ConfigurationError(
        "what is given as HMAC secret is a public key, a certificate or a JWK: whoever has it could forge tokens",
        'Name the public-key algorithm that the issuer uses, as in algorithms=["RS256"].',
    )


def _is_der(raw: bytes) -> bool:
    """Whether the bytes are one ASN.1 sequence from end to end, as binary keys and certificates are."""
    if len(raw) < _SHORTEST_DER or raw[0] != 0x30:
        return False
    size = raw[1]
    if size < 0x80:
        return len(raw) == size + 2
    count = size & 0x7F
    return count <= 4 and len(raw) == int.from_bytes(raw[2 : 2 + count]) + 2 + count


def _unwrapped(raw: bytes) -> bytes:
    """What a text is in base64: a PEM body without its first and last line."""
    try:
        return b64decode(b"".join(raw.split()), validate=True)
    except (Base64Error, ValueError):
        return b""


def _prepare_public(material: Any, algorithms: Sequence[str]) -> dict[str, Verifier]:
    verifiers = {}
    for name in algorithms:
        key = prepared_key(material, name)
        if key is None:
            continue
        if hasattr(key, "private_bytes"):
            raise ConfigurationError(
                "a private key is given to verify tokens", "Whoever only verifies needs the public key; keep the other away."
            )
        verifiers[name] = _verifier(library_algorithm(name), key)
    if not verifiers:
        raise ConfigurationError(
            f"the key fits none of the algorithms {', '.join(algorithms)}",
            "Give the public key as PEM text (not a certificate), or as a JWK.",
        )
    return verifiers


def prepared_key(material: Any, name: str) -> Any:
    """A public or private key for an algorithm, as the library wants it; ``None`` when it is not one for this algorithm.

    Raises:
        ConfigurationError: it is an RSA key that is too short.
    """
    algorithm = library_algorithm(name)
    from cryptography.exceptions import UnsupportedAlgorithm
    from jwt.exceptions import PyJWTError

    try:
        key = algorithm.prepare_key(material)
    except (PyJWTError, UnsupportedAlgorithm, ValueError, TypeError):
        return None
    if name[0] in "RP" and key.key_size < RSA_BITS:
        raise ConfigurationError(f"the RSA key has {key.key_size} bits, and {RSA_BITS} are needed (RFC 7518 section 3.3)")
    return key


def _from_jwk(jwk: dict[str, Any], algorithms: Sequence[str]) -> tuple[Any, Sequence[str]]:
    """A JWK's key (RFC 7517), and the algorithms that both it and the configuration allow."""
    from jwt.exceptions import PyJWTError

    allowed = [name for name in algorithms if _suits(jwk, name)]
    if not allowed:
        raise ConfigurationError(f"a JWK of type {jwk.get('kty')!r} fits none of the algorithms {', '.join(algorithms)}")
    try:
        return library_algorithm(allowed[0]).from_jwk(jwk), allowed
    except (PyJWTError, ValueError, TypeError, KeyError) as problem:
        raise ConfigurationError(f"the JWK cannot be used ({type(problem).__name__})") from None


_TYPES: Mapping[str, str] = MappingProxyType({"H": "oct", "R": "RSA", "P": "RSA", "ES": "EC", "ED": "OKP"})
_CURVES: Mapping[str, str] = MappingProxyType({"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"})


def _suits(jwk: Mapping[str, Any], algorithm: str) -> bool:
    wanted = _TYPES.get(algorithm[0]) or _TYPES[algorithm[:2].upper()]
    curve = _CURVES.get(algorithm)
    uses = jwk.get("key_ops", ["verify"])
    return (
        jwk.get("kty") == wanted
        and jwk.get("use", "sig") == "sig"
        and isinstance(uses, list)
        and "verify" in uses
        and jwk.get("alg", algorithm) == algorithm
        and (curve is None or jwk.get("crv") == curve)
    )


def library_algorithm(name: str) -> Any:
    """PyJWT's implementation of an algorithm.

    Raises:
        ConfigurationError: the libraries are not installed.
    """
    try:
        from jwt.algorithms import get_default_algorithms
    except ImportError:
        raise ConfigurationError("tokens need PyJWT", "Install `counterseal[contracts]`.") from None
    found = get_default_algorithms().get(name)
    if found is None:
        raise ConfigurationError(f"{name} needs cryptography", "Install `counterseal[crypto]`.")
    return found


def _verifier(algorithm: Any, key: Any) -> Verifier:
    def verify(signed: bytes, signature: bytes) -> bool:
        return algorithm.verify(signed, key, signature) is True

    return verify
