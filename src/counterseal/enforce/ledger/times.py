"""Points in time as people write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from counterseal.enforce.core.clock import now

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AGO = re.compile(r"(\d{1,9})\s*([smhdw])")


def parse_time(text: str) -> float:
    """Seconds since the epoch.

    Args:
        text: ISO 8601 (``2026-11-20``, ``2026-11-20T16:30:00+01:00``; without a zone: UTC), or how long ago (``90s``, ``7d``).

    Raises:
        ValueError: it is neither.
    """
    ago = _AGO.fullmatch(text.strip())
    if ago:
        return now() - int(ago[1]) * _UNITS[ago[2]]
    moment = datetime.fromisoformat(text.strip())
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def written_time(seconds: float) -> str:
    """ISO 8601 in UTC, to the millisecond."""
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):  # somebody wrote a time that no calendar has
        return f"{seconds:.0f} s"
