"""Opening a limiter by its address."""

from __future__ import annotations

from counterseal.enforce.core.errors import ConfigurationError
from counterseal.enforce.core.limiter import Limiter
from counterseal.enforce.limits.memory import MemoryLimiter

_STORES = "memory://"


def open_limits(url: str = "memory://", *, max_keys: int = 100_000) -> Limiter:
    """Where hits are counted.

    Every limit is a moving window: no stretch of time as long as the window holds more hits than the rate allows, wherever it
    starts. Several rates (``5/second; 100/hour``) must all hold, and a refused hit counts against none of them.

    Args:
        url: ``memory://``: this process's memory.
        max_keys: callers told apart at a time, over all limits; those beyond share one count per limit (see `MemoryLimiter`). In
            memory a caller takes about 0.5 kB, more when his limit counts many hits (up to 10 kB at 256 and above).

    Raises:
        ConfigurationError: the address or an option cannot work.
    """
    if max_keys < 1:
        raise ConfigurationError("max_keys is at least 1")
    if url == "memory://":
        return MemoryLimiter(max_keys)
    raise ConfigurationError("no store for limits has such an address", f"there are {_STORES}")
