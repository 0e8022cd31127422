"""Passwords: hashed with Argon2id, verified in the same time for people who do not exist (ASVS v5.0.0-6.2, 11.4.2)."""

from __future__ import annotations

import base64
import secrets
import threading
from dataclasses import dataclass
from typing import Any

from counterseal.enforce.core.errors import ConfigurationError, Unavailable
from counterseal.enforce.identity.steps import Steps, off_loop, operation

_SALT_BYTES = 16
_HASH_BYTES = 32
# What OWASP's cheat sheet asks for at least: 19 MiB with two passes, or the same work otherwise spread.
_LEAST_WORK = 19_456 * 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a password is right, and what to keep from now on."""

    ok: bool
    new_hash: str | None = None
    """A hash with the present parameters, to keep instead of the old one; ``None``: that one is good."""

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        return f"Verdict(ok={self.ok})"


class Passwords:
    """Hashes and verifies passwords. Needs argon2-cffi (``counterseal[crypto]``).

    `hash` and `verify` block for tens of milliseconds; on an event loop write ``await passwords.verify.aio(…)``, which takes
    a thread.

    Args:
        time_cost: passes over the memory.
        memory_cost: memory for one hash, in KiB.
        parallelism: lanes.
        max_length: the longest password, in characters. Without a bound, long ones cost whatever the caller likes.
        concurrent: how many are worked on at once in this process; with ``memory_cost`` it bounds the memory.
        patience: how long to wait for a turn, in seconds.

    Raises:
        ConfigurationError: the work is too little, or argon2-cffi is not installed.
    """

    def __init__(
        self,
        *,
        time_cost: int = 3,
        memory_cost: int = 65_536,
        parallelism: int = 4,
        max_length: int = 1024,
        concurrent: int = 8,
        patience: float = 5.0,
    ) -> None:
        if time_cost * memory_cost < _LEAST_WORK or concurrent < 1 or max_length < 1:
            raise ConfigurationError(
                "the password hash is too cheap, or allows nothing", "Keep time_cost * memory_cost at 38912 or above."
            )
        try:
            from argon2 import PasswordHasher
        except ImportError:
            raise ConfigurationError("passwords need argon2-cffi", "Install `counterseal[crypto]`.") from None
        self._hasher: Any = PasswordHasher(time_cost, memory_cost, parallelism, hash_len=_HASH_BYTES, salt_len=_SALT_BYTES)
        self._max_length = max_length
        self._turns = threading.BoundedSemaphore(concurrent)
        self._patience = patience
        # A hash of nothing: verifying against it takes as long as against a real one, and never succeeds.
        salt, digest = (_plain_base64(secrets.token_bytes(size)) for size in (_SALT_BYTES, _HASH_BYTES))
        self._nobody = f"$argon2id$v=19$m={memory_cost},t={time_cost},p={parallelism}${salt}${digest}"

    @operation
    def hash(self, password: str) -> Steps[str]:
        """A hash to keep.

        Raises:
            ValueError: the password is empty or too long.
            Unavailable: too many others are being hashed.
        """
        if not 0 < len(password) <= self._max_length:
            raise ValueError(f"a password has 1 to {self._max_length} characters")
        made: str = yield off_loop(self._hash, password)
        return made

    @operation
    def verify(self, password: str, stored: str | None) -> Steps[Verdict]:
        """Whether a password is right. For people who do not exist, or have none, pass ``None``: it takes as long.

        A hash that was made with other parameters takes another time until it has been replaced by ``new_hash``.

        Args:
            password: what the caller sent.
            stored: the hash that is kept, or ``None``.

        Raises:
            ConfigurationError: what is stored is not an Argon2 hash.
            Unavailable: too many others are being verified.
        """
        verdict: Verdict = yield off_loop(self._verify, password, stored)
        return verdict

    def _hash(self, password: str) -> str:
        self._take_turn()
        try:
            made: str = self._hasher.hash(_bytes(password))
        finally:
            self._turns.release()
        return made

    def _verify(self, password: str, stored: str | None) -> Verdict:
        possible = bool(stored) and 0 < len(password) <= self._max_length
        attempt = _bytes(password if len(password) <= self._max_length else "")
        self._take_turn()
        try:
            ok = self._matches(stored if stored and possible else self._nobody, attempt)
        finally:
            self._turns.release()
        if not (ok and possible):
            return Verdict(ok=False)
        outdated = self._hasher.check_needs_rehash(stored)
        return Verdict(ok=True, new_hash=self._hash(password) if outdated else None)

    def _matches(self, stored: str, attempt: bytes) -> bool:
        from argon2.exceptions import InvalidHashError, VerificationError

        try:
            return self._hasher.verify(stored, attempt) is True
        except InvalidHashError:
            raise ConfigurationError("what is stored as password hash is not an Argon2 hash") from None
        except VerificationError:
            return False

    def _take_turn(self) -> None:
        if not self._turns.acquire(timeout=self._patience):
            raise Unavailable("too many passwords are being hashed at once")


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")


def _plain_base64(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")
