"""redis-py."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

LIBRARY = Library(
    name="redis",
    calls={
        "redis.from_url": Api("wait", {"url": (0, "url")}, returns="redis.Redis"),
        "redis.Redis.from_url": Api("wait", {"url": (0, "url")}, returns="redis.Redis"),
    },
    aliases={
        "redis.StrictRedis": "redis.Redis",
        "redis.asyncio.Redis": "redis.Redis",
        "redis.asyncio.StrictRedis": "redis.Redis",
        "redis.asyncio.from_url": "redis.from_url",
        "redis.client.Redis": "redis.Redis",
        "aioredis.from_url": "redis.from_url",
    },
)
