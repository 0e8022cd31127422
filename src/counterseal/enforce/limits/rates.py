"""Rates in the notation of the library limits, read strictly."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from counterseal.enforce.core.errors import ConfigurationError

SLOTS = 256
"""Most entries that a window keeps for one caller. Beyond that, hits share entries that expire together (see `Rate.grain`)."""

MOST_HITS = 10**9
LONGEST = 10 * 366 * 24 * 3600
"""Seconds. Larger numbers are typing errors, and would leave the range in which Lua counts exactly."""

# The library reads "5 per 0 minutes" as "5 per minute".
_NO_MULTIPLE = re.compile(r"(?:/|per)\s*0+\s*[a-z]", re.IGNORECASE)
_HINT = 'write it as "5/minute" or "100 per 10 minutes", several separated by ";"'


@dataclass(frozen=True, slots=True)
class Rate:
    """So many hits in any window of so many seconds."""

    amount: int
    """Hits."""
    window: int
    """Seconds."""
    grain: float = field(init=False)
    """Seconds to which the end of an entry is rounded *up*, so that a window of any amount takes bounded memory: 0 up to `SLOTS`
    hits, which are counted exactly; beyond, hits are forgotten late by at most this part of the window (0.4 %), never early."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "grain", 0.0 if self.amount <= SLOTS else self.window / SLOTS)


def parse_rates(text: str) -> tuple[Rate, ...]:
    """What ``5/minute`` or ``5/minute; 100 per 2 days`` says, shortest window first. A month has 30 days, a year 360.

    Raises:
        ConfigurationError: it cannot be read, or allows nothing.
    """
    from limits import parse_many

    if not isinstance(text, str):
        raise ConfigurationError(f"a rate is a text, not {text!r}", _HINT)
    try:
        items = parse_many(text)
    except ValueError:
        raise ConfigurationError(f"the rate {text!r} cannot be read", _HINT) from None
    rates = tuple(sorted({Rate(item.amount, item.get_expiry()) for item in items}, key=lambda rate: (rate.window, rate.amount)))
    if _NO_MULTIPLE.search(text) or any(rate.amount < 1 for rate in rates):
        raise ConfigurationError(f"the rate {text!r} allows nothing", "to refuse everybody, take the route away")
    if any(rate.amount > MOST_HITS or rate.window > LONGEST for rate in rates):
        raise ConfigurationError(f"the rate {text!r} is out of range", f"at most {MOST_HITS} hits, in at most ten years")
    return rates


def canonical(rates: tuple[Rate, ...]) -> str:
    """The same text for the same rates, however they were written."""
    return ";".join(f"{rate.amount}/{rate.window}" for rate in rates)
