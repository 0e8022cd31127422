"""limits: the strategies under Flask-Limiter and SlowAPI, used directly."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_STRATEGIES = (
    "FixedWindowRateLimiter",
    "FixedWindowElasticExpiryRateLimiter",
    "MovingWindowRateLimiter",
    "SlidingWindowCounterRateLimiter",
    "RateLimiter",
)
_HIT = Api("limit-hit", {"limit": (0, "item"), "key": 1, "cost": "cost"}, true=("limit",))

LIBRARY = Library(
    name="limits",
    calls={f"limits.strategies.{name}.{method}": _HIT for name in _STRATEGIES for method in ("hit", "test")},
    aliases={"limits.aio.strategies": "limits.strategies"},
)
