"""The moving window: which hits of one caller still count, and what that says about the next one.

A log of the hits, not a token bucket (GCRA): a bucket of N that starts full lets almost 2 N hits through in one window, and the
promise here is that no window of that length, wherever it starts, holds more than N.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from math import ceil

from counterseal.enforce.core.limiter import Verdict
from counterseal.enforce.limits.rates import Rate


class Window:
    """The hits of one caller that count against one rate. Not thread-safe: stores lock around it."""

    __slots__ = ("counts", "ends", "used")

    def __init__(self, ends: list[float], counts: list[int]) -> None:
        self.ends = ends
        """When entries stop counting, ascending, in the store's seconds."""
        self.counts = counts
        """How many hits each entry stands for."""
        self.used = sum(counts)
        """Hits that count."""

    def expire(self, now: float) -> None:
        """Forget what no longer counts."""
        gone = bisect_right(self.ends, now)
        self.used -= sum(self.counts[:gone])
        del self.ends[:gone], self.counts[:gone]

    def add(self, end: float, cost: int) -> None:
        """Count hits until ``end``, or until the last entry ends if that is later: the clock may have been set back."""
        if self.ends and self.ends[-1] >= end:
            self.counts[-1] += cost
        else:
            self.ends.append(end)
            self.counts.append(cost)
        self.used += cost

    def shift(self, by: float) -> None:
        """Move all entries in time."""
        self.ends = [end + by for end in self.ends]

    def freed(self, wanted: int) -> float:
        """When ``wanted`` of the hits that count no longer will; at most `SLOTS` steps."""
        for end, count in zip(self.ends, self.counts, strict=True):
            wanted -= count
            if wanted <= 0:
                return end
        return self.ends[-1]


def judge(rates: Sequence[Rate], windows: Sequence[Window], now: float, cost: int) -> Verdict:
    """Count a hit against every rate, or against none when one of them does not allow it.

    The verdict speaks of one rate: of those that refuse, the one that does so longest; else the one that has least left.

    Args:
        rates: what holds.
        windows: what was counted, one for each rate.
        now: seconds of the store's clock.
        cost: at least 1.
    """
    refused = binding = None
    least = 0
    for rate, window in zip(rates, windows, strict=True):
        ends = window.ends
        if ends and ends[0] <= now:
            window.expire(now)
        left = rate.amount - window.used - cost
        if left < 0:
            refused = _longer(refused, _refusal(rate, window, now, cost))
        elif binding is None or left < least:
            binding, least = rate, left
    if refused is not None or binding is None:
        return refused or Verdict(False, 0, 0, 0.0)
    last = now
    for rate, window in zip(rates, windows, strict=True):
        grain = rate.grain
        window.add(ceil((now + rate.window) / grain) * grain if grain else now + rate.window, cost)
        if rate is binding:
            last = window.ends[-1]
    return Verdict(True, binding.amount, least, last - now, binding.window)


def _longer(one: Verdict | None, other: Verdict) -> Verdict:
    return other if one is None or other.reset_after > one.reset_after else one


def _refusal(rate: Rate, window: Window, now: float, cost: int) -> Verdict:
    # A cost that exceeds the limit never fits: the whole window is the least misleading answer.
    over = window.used + cost - rate.amount
    wait = window.freed(over) - now if cost <= rate.amount else float(rate.window)
    return Verdict(False, rate.amount, max(0, rate.amount - window.used), wait, rate.window)
