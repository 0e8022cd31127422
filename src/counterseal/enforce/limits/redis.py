"""Limits counted in Redis or Valkey, which the machines of an application share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, urlsplit
from weakref import WeakKeyDictionary

from counterseal.enforce.core.errors import ConfigurationError, Unavailable
from counterseal.enforce.core.limiter import Verdict
from counterseal.enforce.limits.keys import Namespace
from counterseal.enforce.limits.names import REDIS_SCHEMES, Register, check_cost
from counterseal.enforce.limits.rates import Rate, canonical
from counterseal.enforce.limits.script import SCRIPT

# The driver lets an address override what is set here, such as timeouts and how answers are decoded.
_OPTIONS = frozenset({"db", "username", "password", "ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile"})
_SYNC_CONNECTIONS = 64  # per process: as many threads ask at the same instant
_PROTOCOL = 2  # all that is needed, and no greeting to wait for
_ASYNC_CONNECTIONS = 16  # per event loop: one answers thousands of hits a second, others wait for it no longer than the timeout

Script = Callable[[Sequence[str], Sequence[Any]], Any]


class RedisLimiter:
    """Counts in Redis (5 or later) or Valkey: exact for all processes of all machines, by the clock of the store.

    Connections and addresses are those of the library limits. The window is a script of our own because limits' needs two round
    trips for a verdict, checks several rates one after the other, compares the clocks of different machines, and keeps one
    entry per hit.

    Args:
        url: its address, one of `REDIS_SCHEMES`.
        timeout: seconds for a hit, connecting included. Without an event loop each step (connect, sign in, ask) has half of it.
        prefix: tells applications apart that share the store.

    Raises:
        ConfigurationError: the address cannot be read, or the driver is not installed.
    """

    def __init__(self, url: str, timeout: float, prefix: str) -> None:
        scheme, _, rest = url.partition("://")
        self._url = f"{REDIS_SCHEMES[scheme]}://{rest}"
        self._common: dict[str, Any] = {"protocol": _PROTOCOL}
        if REDIS_SCHEMES[scheme] == "rediss":
            self._common["ssl_check_hostname"] = True  # the driver's default before 6.0 was not to
        self.timeout = timeout
        self.prefix = prefix
        self.place = _place(url)
        self._register = Register()
        self._lock = Lock()
        self._by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[Script, Any]] = WeakKeyDictionary()
        try:
            unknown = sorted(set(parse_qs(urlsplit(url).query, keep_blank_values=True)) - _OPTIONS)
            if unknown:
                raise ConfigurationError(f"the address of the limits' store has options that it must not set: {unknown}")
            import redis

            self.errors: tuple[type[Exception], ...] = (redis.RedisError, OSError)
            self.script, self._client = self._connect()
        except ImportError as error:
            raise ConfigurationError("limits in Redis need the package redis", 'install "counterseal[redis]"') from error
        except ValueError:
            # Not the driver's own words: they may repeat the password.
            raise ConfigurationError(f"the address of the limits' store at {self.place} cannot be read") from None

    def meter(self, name: str, rate: str) -> RedisMeter:
        """See `Limiter.meter`."""
        return RedisMeter(self, name, self._register.read(name, rate))

    def script_here(self) -> Script:
        """The script for the running event loop: its connections belong to no other."""
        loop = asyncio.get_running_loop()
        found = self._by_loop.get(loop)
        if found is None:
            with self._lock:  # other loops in other threads
                found = self._by_loop[loop] = self._connect_async()
        return found[0]

    def close(self) -> None:
        """See `ClosableLimiter.close`. A later hit connects again."""
        self._client.close()
        self._client.connection_pool.disconnect()

    async def aclose(self) -> None:
        """See `ClosableLimiter.aclose`."""
        self.close()
        with self._lock:
            found = self._by_loop.pop(asyncio.get_running_loop(), None)
        if found is not None:
            await found[1].aclose(close_connection_pool=True)

    def unavailable(self, error: Exception) -> Unavailable:
        """What callers are told. Without the driver's words, which may hold the address with its password."""
        return Unavailable(f"the limits' store at {self.place} does not answer ({type(error).__name__})")

    def _connect(self) -> tuple[Script, Any]:
        from limits.storage import RedisStorage
        from redis import BlockingConnectionPool
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        pool = BlockingConnectionPool.from_url(
            self._url.replace("redis+unix", "unix", 1),
            max_connections=_SYNC_CONNECTIONS,
            timeout=self.timeout,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=self.timeout / 2,
            socket_connect_timeout=self.timeout / 2,
            **self._common,
        )
        client: Any = RedisStorage(self._url, connection_pool=pool).get_connection()
        return client.register_script(SCRIPT), client

    def _connect_async(self) -> tuple[Script, Any]:
        from limits.aio.storage import RedisStorage
        from redis.asyncio import BlockingConnectionPool
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        pool: Any = BlockingConnectionPool.from_url(
            self._url.replace("redis+unix", "unix", 1),
            max_connections=_ASYNC_CONNECTIONS,
            timeout=None,  # the hit's own deadline ends it
            retry=Retry(NoBackoff(), 0),
            **self._common,
        )
        storage = RedisStorage(f"async+{self._url}", implementation="redispy", connection_pool=pool)
        bridge: Any = storage.bridge
        client = bridge.get_connection()
        return client.register_script(SCRIPT), client


class RedisMeter:
    """One limit in Redis."""

    def __init__(self, limiter: RedisLimiter, name: str, rates: tuple[Rate, ...]) -> None:
        self._limiter = limiter
        self._rates = rates
        self._keys = Namespace(limiter.prefix, name, canonical(rates))
        self._arguments = [number for rate in rates for number in (rate.amount, rate.window, repr(rate.grain))]

    def hit(self, key: str, cost: int = 1) -> Verdict:
        """See `Meter.hit`.

        Raises:
            ValueError: the cost is less than 1.
        """
        check_cost(cost)
        limiter = self._limiter
        try:
            answer = limiter.script([self._key(key)], [cost, *self._arguments])
        except limiter.errors as error:
            raise limiter.unavailable(error) from error
        return self._verdict(answer)

    def hit_async(self, key: str, cost: int = 1) -> Awaitable[Verdict]:
        """See `Meter.hit_async`.

        Raises:
            ValueError: the cost is less than 1.
        """
        check_cost(cost)
        return self._ask(self._key(key), cost)

    async def _ask(self, key: str, cost: int) -> Verdict:
        limiter = self._limiter
        script = limiter.script_here()
        try:
            async with asyncio.timeout(limiter.timeout):
                answer = await script([key], [cost, *self._arguments])
        except limiter.errors as error:
            raise limiter.unavailable(error) from error
        return self._verdict(answer)

    def _key(self, key: str) -> str:
        return f"{self._limiter.prefix}:limits:{self._keys.digest(key).hex()}"

    def _verdict(self, answer: bytes) -> Verdict:
        allowed, number, left, wait = answer.split()
        rate = self._rates[int(number) - 1]
        return Verdict(allowed == b"1", rate.amount, int(left), float(wait), rate.window)


def _place(url: str) -> str:
    """Where the store is, without user and password."""
    try:
        parts = urlsplit(url)
        return f"{parts.hostname or ''}:{parts.port or 6379}" if parts.hostname else parts.path
    except ValueError:
        return "an address that cannot be read"
