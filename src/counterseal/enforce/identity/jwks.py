"""Where keys come from: fixed ones, a JWK Set (RFC 7517 section 5) in a file, a JWK Set at an address."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Protocol

from counterseal.enforce.core import clock
from counterseal.enforce.core.errors import ConfigurationError, Unavailable
from counterseal.enforce.identity.fetch import FetchFailed, checked_url, fetch
from counterseal.enforce.identity.flight import Flight
from counterseal.enforce.identity.jose import MAX_KEY_ID, Malformed, strict_object
from counterseal.enforce.identity.keys import SECRET_BYTES, KeySet, VerificationKey, verification_key

MAX_BYTES = 262_144
"""The largest JWK Set that is read, in bytes."""
_MAX_KEYS = 128
_log = logging.getLogger("counterseal.identity")


class KeySource(Protocol):
    """Keys that may change while the application runs."""

    def ready(self) -> KeySet | None:
        """The keys, if they are at hand. Never blocks for long."""

    def wait(self) -> KeySet | Awaitable[KeySet]:
        """The keys, when they have to be got first.

        Raises:
            Unavailable: they cannot be had.
        """

    def renewed(self, known: KeySet) -> KeySet | Awaitable[KeySet]:
        """Perhaps newer keys, for a token whose key is not among the known ones."""


class FixedKeys:
    """Keys that stay."""

    def __init__(self, keys: KeySet) -> None:
        self._keys = keys

    def ready(self) -> KeySet:
        """The keys."""
        return self._keys

    def wait(self) -> KeySet:
        """The keys."""
        return self._keys

    def renewed(self, known: KeySet) -> KeySet:
        """The same keys."""
        return known


class JwksFile:
    """A JWK Set in a file. It is read again when it changes.

    A key that is removed from the file stops being accepted within ``check_every`` seconds, or within ``max_stale`` seconds
    when the new file cannot be read or used: a file that is being written must not shut everybody out at once.

    Args:
        path: the file.
        check_every: how often, at most, it is looked at, in seconds.
        max_stale: how long its last good content serves when it has become unreadable, in seconds.
    """

    def __init__(self, path: str | Path, *, check_every: float = 1.0, max_stale: float = 60.0) -> None:
        self._path = Path(path)
        self._check_every = check_every
        self._max_stale = max_stale
        self._algorithms: tuple[str, ...] = ()
        self._lock = threading.Lock()
        self._keys: KeySet | None = None
        self._state: tuple[int, ...] = ()
        self._checked = self._good = 0.0

    def configure(self, algorithms: Sequence[str]) -> None:
        """Read the file for the first time.

        Raises:
            ConfigurationError: it cannot be read, or holds no key for these algorithms.
        """
        self._algorithms = tuple(algorithms)
        try:
            self._state, self._keys = self._state_now(), self._read()
        except (OSError, Malformed) as problem:
            raise ConfigurationError(f"the JWK Set {self._path} cannot be used ({_words(problem)})") from None
        self._checked = self._good = clock.now()

    def ready(self) -> KeySet | None:
        """The keys that the file holds, or held when it could last be used."""
        if self._due() and self._lock.acquire(blocking=False):
            try:  # one thread looks, the others go on with what is known
                self._look()
            finally:
                self._lock.release()
        return self._keys if 0 <= clock.now() - self._good < self._max_stale + self._check_every else None

    def wait(self) -> KeySet:
        """The same, after waiting for whoever is looking now.

        Raises:
            Unavailable: the file has been unusable for too long.
        """
        with self._lock:
            if self._due():
                self._look()
        keys = self.ready()
        if keys is None:
            raise Unavailable("the file of token keys cannot be used")
        return keys

    def renewed(self, known: KeySet) -> KeySet:
        """The same: the file is looked at often enough."""
        return known

    def _due(self) -> bool:
        return not 0 <= clock.now() - self._checked < self._check_every

    def _look(self) -> None:
        self._checked = now = clock.now()
        try:
            state = self._state_now()
            if state != self._state:
                self._keys = self._read()
                self._state = state
            self._good = now
        except (OSError, Malformed) as problem:
            _log.warning("the JWK Set %s cannot be used (%s)", self._path, _words(problem))

    def _state_now(self) -> tuple[int, ...]:
        status = self._path.stat()
        return status.st_mtime_ns, status.st_size, status.st_ino, status.st_dev

    def _read(self) -> KeySet:
        with self._path.open("rb") as file:
            return key_set(file.read(MAX_BYTES + 1), self._algorithms)


class JwksUrl:
    """A JWK Set at an address.

    Fetched when the first token comes, then in the background, while requests go on with the keys at hand. A key that is
    removed from the set stops being accepted within ``max_stale`` seconds: older keys are never used. When the key server
    is down for longer than that, callers get 503.

    Args:
        url: an ``https`` address; ``http`` on this machine only. Redirects are not followed.
        refresh: how old keys are when new ones are fetched, in seconds.
        max_stale: how old keys may be when they are used, in seconds.
        min_interval: how often, at most, a token with an unknown key makes us ask again, in seconds. A caller who invents
            key ids costs one request in that time.
        timeout: how long a fetch may take altogether, in seconds.

    Raises:
        ConfigurationError: the address or the bounds are wrong.
    """

    def __init__(
        self, url: str, *, refresh: float = 300.0, max_stale: float = 900.0, min_interval: float = 30.0, timeout: float = 3.0
    ) -> None:
        if not 0 < refresh <= max_stale:
            raise ConfigurationError("JWKS keys are refreshed before they are too old: 0 < refresh <= max_stale")
        self._url = checked_url(url)
        self._refresh, self._max_stale, self._min_interval = refresh, max_stale, min_interval
        self._timeout = timeout
        self._retry = min(1.0, refresh)
        self._algorithms: tuple[str, ...] = ()
        self._known: tuple[KeySet, float, bytes] | None = None
        self._attempted = float("-inf")
        self._flight: Flight[KeySet] = Flight(self._fetch, patience=2 * timeout)

    def configure(self, algorithms: Sequence[str]) -> None:
        """Say which algorithms count. Nothing is fetched yet: start-up does not depend on the key server.

        Raises:
            ConfigurationError: HMAC secrets do not belong on a key server.
        """
        if algorithms[0] in SECRET_BYTES:
            raise ConfigurationError("jwks_url with an HMAC algorithm would publish the secret", "Use a public-key algorithm.")
        self._algorithms = tuple(algorithms)

    def ready(self) -> KeySet | None:
        """The keys at hand, if they are young enough."""
        if self._known is None:
            return None
        keys, fetched, _ = self._known
        age = clock.now() - fetched
        if 0 <= age < self._refresh:
            return keys
        if not 0 <= age < self._max_stale:
            return None
        if self._due(self._retry):
            self._flight.start()
        return keys

    def wait(self) -> KeySet | Awaitable[KeySet]:
        """Keys that are fetched now; whoever comes meanwhile waits for the same fetch.

        Raises:
            Unavailable: the key server does not give them.
        """
        if not self._flight.under_way() and not self._due(self._retry):
            raise Unavailable("the key server does not answer")
        return self._flight.join()

    def renewed(self, known: KeySet) -> KeySet | Awaitable[KeySet]:
        """Keys that are fetched now, unless they were a moment ago.

        Raises:
            Unavailable: the key server does not give them.
        """
        current = self.ready()
        if current is not None and current is not known:
            return current
        if not self._flight.under_way() and not self._due(self._min_interval):
            return known
        return self._flight.join()

    def _due(self, interval: float) -> bool:
        return not 0 <= clock.now() - self._attempted < interval

    def _fetch(self) -> KeySet:
        self._attempted = started = clock.now()
        try:
            body = fetch(self._url, timeout=self._timeout, limit=MAX_BYTES)
            # The same set stays the same object: tokens that were verified with it need not be verified again.
            keys = self._known[0] if self._known and self._known[2] == body else key_set(body, self._algorithms)
        except (FetchFailed, Malformed) as problem:
            _log.warning("the key server gives no usable keys (%s)", _words(problem))
            raise Unavailable(f"the key server gives no usable keys ({_words(problem)})") from None
        self._known = (keys, started, body)
        return keys


def key_set(data: bytes, algorithms: Sequence[str]) -> KeySet:
    """The keys of a JWK Set that serve these algorithms; others in it are passed over (RFC 7517 section 5).

    Raises:
        Malformed: it is none, it is too large, or no key is left.
    """
    if len(data) > MAX_BYTES:
        raise Malformed("it is too large")
    entries = strict_object(data).get("keys")
    if not isinstance(entries, list) or len(entries) > _MAX_KEYS:
        raise Malformed("it has no list of keys, or too many")
    found: list[tuple[str | None, VerificationKey]] = []
    for entry in entries:
        key_id = entry.get("kid") if isinstance(entry, dict) else 0
        if key_id is not None and not (isinstance(key_id, str) and len(key_id) <= MAX_KEY_ID):
            continue
        try:
            found.append((key_id, verification_key(entry, algorithms)))
        except ConfigurationError as problem:
            _log.info("a key of a JWK Set is not used: %s", problem.message)
    if not found:
        raise Malformed("it holds no key for the allowed algorithms")
    return KeySet(found)


def _words(problem: Exception) -> str:
    """What went wrong, without paths and addresses that an operating system or a server put into it."""
    if isinstance(problem, OSError):
        return os.strerror(problem.errno) if problem.errno else type(problem).__name__
    return str(problem)
