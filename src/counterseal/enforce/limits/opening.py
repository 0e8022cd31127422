"""Opening a limiter by its address."""

from __future__ import annotations

from pathlib import Path

from counterseal.enforce.core.errors import ConfigurationError
from counterseal.enforce.limits.breaker import ClosableLimiter, GuardedLimiter
from counterseal.enforce.limits.memory import MemoryLimiter
from counterseal.enforce.limits.names import REDIS_SCHEMES

_STORES = "memory://, sqlite:///limits.db, redis://host:6379/0, rediss://, valkey://, valkeys://, unix:///run/redis.sock"
_LONGEST_TIMEOUT = 60.0


def open_limits(
    url: str = "memory://",
    *,
    timeout: float = 0.25,
    prefix: str = "counterseal",
    on_outage: str = "deny",
    max_keys: int = 100_000,
) -> ClosableLimiter:
    """Where hits are counted.

    Every limit is a moving window: no stretch of time as long as the window holds more hits than the rate allows, wherever it
    starts. Several rates (``5/second; 100/hour``) must all hold, and a refused hit counts against none of them.

    Args:
        url: ``memory://``: this process's memory. ``sqlite:///limits.db`` (relative) or ``sqlite:////var/lib/app/limits.db``: a
            file that the worker processes of one machine share. ``redis://``, ``rediss://``, ``valkey://``, ``valkeys://``,
            ``unix://``: a server that all machines share; it is not contacted before the first hit.
        timeout: seconds that a hit may wait for its store. Three failures in a row, and the store is asked once a second only.
        prefix: tells applications apart that share a store.
        on_outage: what a hit gets while the store does not answer. ``deny``: `Unavailable`, which contracts turn into 503.
            ``local``: a count in this process's memory, of the same rate, so that N processes together may let N times as much
            through.
        max_keys: callers told apart at a time, over all limits; those beyond share one count per limit (see `MemoryLimiter`). In
            memory a caller takes about 0.5 kB, more when his limit counts many hits (up to 10 kB at 256 and above). It does not
            bound what Redis keeps: that is ``maxmemory`` with ``noeviction``.

    Raises:
        ConfigurationError: the address or an option cannot work.
    """
    if not 0 < timeout <= _LONGEST_TIMEOUT:
        raise ConfigurationError(f"timeout is more than 0 and at most {_LONGEST_TIMEOUT:g} seconds")
    if max_keys < 1:
        raise ConfigurationError("max_keys is at least 1")
    if on_outage not in {"deny", "local"}:
        raise ConfigurationError(f'on_outage is "deny" or "local", not {on_outage!r}')
    if url == "memory://":
        return MemoryLimiter(max_keys)
    local = MemoryLimiter(max_keys) if on_outage == "local" else None
    scheme, separator, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        from counterseal.enforce.limits.sqlite import SqliteLimiter

        return GuardedLimiter(SqliteLimiter(Path(rest[1:]), timeout, prefix, max_keys), local)
    if scheme in REDIS_SCHEMES and separator:
        from counterseal.enforce.limits.redis import RedisLimiter

        return GuardedLimiter(RedisLimiter(url, timeout, prefix), local)
    # Not the address itself: it may hold a password.
    raise ConfigurationError(f"no store for limits has an address that starts with {scheme[:20]!r}", f"there are {_STORES}")
