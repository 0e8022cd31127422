"""Rows in Redis or Valkey, for several machines."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

from counterseal.enforce.core import clock
from counterseal.enforce.core.errors import Unavailable
from counterseal.enforce.identity.steps import off_loop
from counterseal.enforce.identity.stores.store import Row

T = TypeVar("T")

# A row is a JSON text that Redis lets go by itself; each owner has a sorted set of keys, by their end.
# Each script is one atomic step. KEYS[1]: the row; KEYS[2]: its owner's set.
# ARGV: 1 the row's text, 2 its lifetime in milliseconds, 3 its key, 4 its end, 5 now.
_PUT = """if ARGV[2] == '' then redis.call('SET', KEYS[1], ARGV[1]) else redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[5]) redis.call('ZADD', KEYS[2], ARGV[4], ARGV[3])
local last = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')[2]
if last == 'inf' then redis.call('PERSIST', KEYS[2]) else redis.call('PEXPIRE', KEYS[2], math.ceil(last - ARGV[5]) + 1000) end
return 1"""
_SWAP = "if redis.call('GET', KEYS[1]) ~= ARGV[6] then return 0 end " + _PUT
_TAKE = """local row = redis.call('GET', KEYS[1]) if not row then return nil end redis.call('DEL', KEYS[1])
redis.call('ZREM', ARGV[1] .. cjson.decode(row)[1], ARGV[2]) return row"""
_OWNED = """local rows = {} for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
local row = redis.call('GET', ARGV[1] .. id) if row then rows[#rows + 1] = {id, row} end end return rows"""
_CLEAR = """local count = 0 for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
if id ~= ARGV[2] then count = count + redis.call('DEL', ARGV[1] .. id) redis.call('ZREM', KEYS[1], id) end end return count"""
_SCRIPTS = MappingProxyType({"put": _PUT, "swap": _SWAP, "take": _TAKE, "owned": _OWNED, "clear": _CLEAR})


class RedisStore:
    """A store in Redis or Valkey. Not for Redis Cluster: its scripts touch keys of one owner that live in several slots.

    Redis keeps what it is told to keep: without ``appendonly yes`` a restart forgets the latest revocations, and with a
    ``maxmemory-policy`` other than ``noeviction`` it may drop them.

    Args:
        client: a ``redis.Redis`` or a ``redis.asyncio.Redis``, with ``socket_timeout``, without which a Redis that hangs
            hangs us, and few retries: by default callers wait seconds for the 503. With the former, calls on an event loop
            run in a thread.
        prefix: what all its keys begin with.
    """

    def __init__(self, client: Any, prefix: str = "counterseal") -> None:
        self._client = client
        self._prefix = prefix
        self._scripts = {name: client.register_script(source) for name, source in _SCRIPTS.items()}
        self._asynchronous = hasattr(client, "__aenter__")

    def fetch(self, kind: str, keys: Sequence[str]) -> Sequence[Row | None] | Awaitable[Sequence[Row | None]]:
        """See `Store`."""
        return self._call(
            lambda: self._client.mget([self._row(kind, key) for key in keys]),
            lambda found: [_read(key, data) for key, data in zip(keys, found, strict=True)],
        )

    def put(self, kind: str, row: Row) -> Awaitable[None] | None:
        """See `Store`."""
        return self._call(lambda: self._scripts["put"](self._places(kind, row), _arguments(row)), lambda _: None)

    def swap(self, kind: str, old: Row, new: Row) -> bool | Awaitable[bool]:
        """See `Store`."""
        return self._call(lambda: self._scripts["swap"](self._places(kind, new), [*_arguments(new), _written(old)]), bool)

    def take(self, kind: str, key: str) -> Row | Awaitable[Row | None] | None:
        """See `Store`."""
        return self._call(
            lambda: self._scripts["take"]([self._row(kind, key)], [self._owner(kind, ""), key]), lambda data: _read(key, data)
        )

    def owned(self, kind: str, owner: str) -> Sequence[Row] | Awaitable[Sequence[Row]]:
        """See `Store`."""
        return self._call(
            lambda: self._scripts["owned"]([self._owner(kind, owner)], [self._row(kind, "")]),
            lambda found: [row for key, data in found if (row := _read(_plain(key), data)) and row.alive],
        )

    def clear(self, kind: str, owner: str, keep: str = "") -> int | Awaitable[int]:
        """See `Store`."""
        return self._call(lambda: self._scripts["clear"]([self._owner(kind, owner)], [self._row(kind, ""), keep]), int)

    def _row(self, kind: str, key: str) -> str:
        return f"{self._prefix}:{kind}:row:{key}"

    def _owner(self, kind: str, owner: str) -> str:
        return f"{self._prefix}:{kind}:owner:{owner}"

    def _places(self, kind: str, row: Row) -> list[str]:
        return [self._row(kind, row.key), self._owner(kind, row.owner)]

    def _call(self, ask: Callable[[], Any], read: Callable[[Any], T]) -> T | Awaitable[T]:
        from redis.exceptions import RedisError

        async def later() -> T:
            try:
                answer = await ask()
            except (RedisError, OSError) as problem:
                raise _down(problem) from problem
            return read(answer)

        def at_once() -> T:
            try:
                answer = ask()
            except (RedisError, OSError) as problem:
                raise _down(problem) from problem
            return read(answer)

        return later() if self._asynchronous else off_loop(at_once)


def _down(problem: Exception) -> Unavailable:
    return Unavailable(f"the store does not answer ({type(problem).__name__})")


def _arguments(row: Row) -> list[str]:
    now = clock.now()
    if row.expires_at is None:
        return [_written(row), "", row.key, "+inf", repr(now * 1000)]
    # Redis gets the difference, so that its clock need not agree with ours.
    lifetime = max(1, round((row.expires_at - now) * 1000))
    return [_written(row), str(lifetime), row.key, repr(row.expires_at * 1000), repr(now * 1000)]


def _written(row: Row) -> str:
    return json.dumps([row.owner, row.value, row.expires_at])


def _read(key: str, data: bytes | str | None) -> Row | None:
    if data is None:
        return None
    try:
        owner, value, expires_at = json.loads(data)
    except (ValueError, TypeError):
        raise Unavailable("a row of the store cannot be read") from None
    return Row(key, owner, value, expires_at)


def _plain(key: bytes | str) -> str:
    return key.decode() if isinstance(key, bytes) else key
