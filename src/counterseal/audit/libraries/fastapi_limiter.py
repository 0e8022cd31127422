"""fastapi-limiter: a dependency that counts in Redis."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

LIBRARY = Library(
    name="fastapi_limiter",
    calls={
        **{
            f"fastapi_limiter.depends.{name}": Api(
                "limit-hit",
                {"limit": (0, "times"), "key": "identifier"},
                facts=("limit",),
                returns=f"fastapi_limiter.depends.{name}",
            )
            for name in ("RateLimiter", "WebSocketRateLimiter")
        },
        "fastapi_limiter.depends.RateLimiter.__call__": Api("limit-hit", facts=("limit",)),
        "fastapi_limiter.depends.WebSocketRateLimiter.__call__": Api("limit-hit", facts=("limit",)),
    },
)
