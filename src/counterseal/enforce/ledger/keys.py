"""The keys that checkpoints are signed with.

HMAC-SHA256 (RFC 2104, FIPS 180-4) needs nothing beyond the standard library, but who can verify can also forge. Ed25519
(RFC 8032) needs ``cryptography``; a verifier elsewhere then holds the public key only.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path
from typing import Any, Protocol

from counterseal.enforce.core.errors import ConfigurationError

KEY_VARIABLE = "COUNTERSEAL_LEDGER_KEY"
KEY_FILE_VARIABLE = "COUNTERSEAL_LEDGER_KEY_FILE"
ALGORITHMS = frozenset({"hmac-sha256", "ed25519"})
MIN_SECRET = 32
"""Bytes of an HMAC key: the output length of its hash (RFC 2104 section 3)."""
_MIN_VARIETY = 8
_MAX_KEY_FILE = 16_384
_HINT = "Make one with: openssl rand -hex 32, or openssl genpkey -algorithm ed25519"


class Verifier(Protocol):
    """What a signature is checked with."""

    algorithm: str
    id: str
    """Names the key in checkpoints without giving anything of it away."""

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether this key made the signature."""


class Signer(Verifier, Protocol):
    """What checkpoints are signed with."""

    def sign(self, message: bytes) -> bytes:
        """The signature of a message."""


class HmacKey:
    """A shared secret."""

    algorithm = "hmac-sha256"

    def __init__(self, secret: bytes) -> None:
        """Raises ConfigurationError: the secret is too short, or made of too few different characters to be random."""
        if len(secret) < MIN_SECRET:
            raise ConfigurationError(f"the ledger's key has {len(secret)} bytes, and {MIN_SECRET} are the least", _HINT)
        if len(set(secret)) < _MIN_VARIETY:
            raise ConfigurationError("the ledger's key is not random", _HINT)
        self._secret = secret
        self.id = hmac.digest(secret, b"counterseal ledger key id", "sha256").hex()[:16]

    def sign(self, message: bytes) -> bytes:
        """The message's authentication code."""
        return hmac.digest(self._secret, message, "sha256")

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether this secret made the code."""
        return hmac.compare_digest(self.sign(message), signature)


class Ed25519Verifier:
    """A public key."""

    algorithm = "ed25519"

    def __init__(self, public: Any) -> None:
        """Args: ``public``: an ``Ed25519PublicKey`` of ``cryptography``."""
        self._public = public
        self.id = hashlib.sha256(b"counterseal ledger key id" + public.public_bytes_raw()).hexdigest()[:16]

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether the private key of this one made the signature."""
        from cryptography.exceptions import InvalidSignature

        try:
            self._public.verify(signature, message)
        except InvalidSignature:
            return False
        return True


class Ed25519Key(Ed25519Verifier):
    """A private key."""

    def __init__(self, private: Any) -> None:
        """Args: ``private``: an ``Ed25519PrivateKey`` of ``cryptography``."""
        super().__init__(private.public_key())
        self._private = private

    def sign(self, message: bytes) -> bytes:
        """The message's signature."""
        signature: bytes = self._private.sign(message)
        return signature


def parse_key(text: bytes) -> HmacKey | Ed25519Key:
    """A key to sign with: an Ed25519 private key as PEM (PKCS #8, unencrypted), or any other text as a shared secret.

    Raises:
        ConfigurationError: it is too weak, of another kind, or ``cryptography`` is needed and absent.
    """
    text = text.strip()
    if not text.startswith(b"-----BEGIN"):
        return HmacKey(text)
    serialization, ed25519 = _cryptography()
    try:
        private = serialization.load_pem_private_key(text, password=None)
    except (ValueError, TypeError) as error:
        raise ConfigurationError("the ledger's key is no private key that can be read", _HINT) from error
    if not isinstance(private, ed25519.Ed25519PrivateKey):
        raise ConfigurationError("the ledger's key is of another kind than Ed25519", _HINT)
    return Ed25519Key(private)


def parse_public_key(text: bytes) -> Ed25519Verifier:
    """A key that can only verify: an Ed25519 public key as PEM.

    Raises:
        ConfigurationError: it is something else, or ``cryptography`` is absent.
    """
    serialization, ed25519 = _cryptography()
    try:
        public = serialization.load_pem_public_key(text.strip())
    except ValueError as error:
        raise ConfigurationError("this is no public key that can be read", "Make one with: openssl pkey -pubout") from error
    if not isinstance(public, ed25519.Ed25519PublicKey):
        raise ConfigurationError("the public key is of another kind than Ed25519", _HINT)
    return Ed25519Verifier(public)


def _cryptography() -> tuple[Any, Any]:
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ModuleNotFoundError as error:
        raise ConfigurationError("an Ed25519 key needs cryptography", "Run: pip install 'counterseal[crypto]'") from error
    return serialization, ed25519


def read_key(path: str | Path) -> HmacKey | Ed25519Key:
    """The key in a file. Raises ConfigurationError as `parse_key` does, or when the file cannot be read."""
    return parse_key(_read(Path(path)))


def read_public_key(path: str | Path) -> Ed25519Verifier:
    """The public key in a file. Raises ConfigurationError as `parse_public_key` does, or when the file cannot be read."""
    return parse_public_key(_read(Path(path)))


def key_from_environment() -> HmacKey | Ed25519Key | None:
    """The key in ``COUNTERSEAL_LEDGER_KEY``, or in the file that ``COUNTERSEAL_LEDGER_KEY_FILE`` names; ``None``: neither is set.

    Raises:
        ConfigurationError: it cannot be used. An empty variable is a mistake too, not a ledger without a key.
    """
    text, path = os.environ.get(KEY_VARIABLE), os.environ.get(KEY_FILE_VARIABLE)
    if text is not None:
        return parse_key(text.encode())
    return None if path is None else read_key(path)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read(_MAX_KEY_FILE + 1)
    except OSError as error:
        raise ConfigurationError(f"cannot read the key file {path}: {error.strerror}", "Check the path") from error
    if len(content) > _MAX_KEY_FILE:
        raise ConfigurationError(f"{path} is too large for a key file", "Check the path")
    return content
