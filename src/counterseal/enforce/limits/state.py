"""The windows of one caller as a row in a database."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import lru_cache

from counterseal.enforce.limits.window import Window

_LENGTH = struct.Struct("<H")


def pack(windows: Sequence[Window]) -> bytes:
    """For each window: how many entries, their ends, their counts."""
    parts = []
    for window in windows:
        length = len(window.ends)
        parts.append(_entries(length).pack(length, *window.ends, *window.counts))
    return b"".join(parts)


def unpack(data: bytes) -> list[Window]:
    """What `pack` was given.

    Raises:
        struct.error: it did not come from `pack`.
    """
    windows, at = [], 0
    while at < len(data):
        (length,) = _LENGTH.unpack_from(data, at)
        layout = _entries(length)
        values = layout.unpack_from(data, at)
        windows.append(Window(list(values[1 : length + 1]), list(values[length + 1 :])))
        at += layout.size
    return windows


@lru_cache(maxsize=512)
def _entries(length: int) -> struct.Struct:
    return struct.Struct(f"<H{length}d{length}I")


def settle(windows: Sequence[Window], seen: float, now: float, longest: float) -> float:
    """The moment to judge at, when the clock may have been set back since the caller's last hit.

    Time then stands still until it catches up, which refuses rather than allows. When that would take longer than the longest
    window, the entries move with the clock instead: they count as long as they would have, and nobody is locked out for a day
    because the clock was wrong by one.

    Args:
        windows: the caller's; moved if need be.
        seen: when his last counted hit was.
        now: what the clock shows.
        longest: the longest window, in seconds.

    Returns:
        The moment. When it is before ``seen``, the entries were moved, and have to be kept even if the hit is refused: else they
        would move along again at the next hit, and never end.
    """
    if seen <= now:
        return now
    if seen - now <= longest:
        return seen
    for window in windows:
        window.shift(now - seen)
    return now
