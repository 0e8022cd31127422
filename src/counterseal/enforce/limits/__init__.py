"""Limits on how often something may be done: where hits are counted, and what clients are told.

Contracts use them through `core.limiter`; applications call `open_limits` once and give the result to ``Security(limits=...)``.
"""

from __future__ import annotations

from counterseal.enforce.core.limit_headers import headers
from counterseal.enforce.limits.opening import open_limits

__all__ = ["headers", "open_limits"]
