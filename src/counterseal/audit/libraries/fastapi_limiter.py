"""fastapi-limiter: a dependency that counts in Redis."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

LIBRARY = Library(
    name="fastapi_limiter",
    calls={
        "fastapi_limiter.depends.RateLimiter.__call__": Api("limit-hit", facts=("limit",)),
        "fastapi_limiter.depends.WebSocketRateLimiter.__call__": Api("limit-hit", facts=("limit",)),
    },
)
