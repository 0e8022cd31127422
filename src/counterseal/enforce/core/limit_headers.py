"""The headers that tell a client about a limit."""

from __future__ import annotations

from math import ceil

from counterseal.enforce.core.limiter import Verdict


def headers(verdict: Verdict, name: str) -> dict[str, str]:
    """``RateLimit-Policy`` and ``RateLimit``, and ``Retry-After`` when the hit was refused.

    Seconds are rounded up: a client that waits as long as it was told must not come too early.

    Args:
        verdict: what the limiter said.
        name: the limit's name, as `Limiter.meter` was given it.

    Source: draft-ietf-httpapi-ratelimit-headers-10 (parameters q, w; r, t), RFC 9651 (strings), RFC 9110 section 10.2.3.
    """
    quoted = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    wait = ceil(verdict.reset_after)
    window = f";w={verdict.window}" if verdict.window else ""
    fields = {
        "RateLimit-Policy": f"{quoted};q={verdict.limit}{window}",
        "RateLimit": f"{quoted};r={verdict.remaining};t={max(0, wait)}",
    }
    if not verdict.allowed:
        # Zero would invite an immediate retry.
        fields["Retry-After"] = str(max(1, wait))
    return fields
