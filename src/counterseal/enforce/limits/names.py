"""What all limiters check before they count."""

from __future__ import annotations

from counterseal.enforce.core.errors import ConfigurationError
from counterseal.enforce.limits.rates import Rate, canonical, parse_rates

_LONGEST_NAME = 200

# What the library limits calls them; Valkey speaks Redis's protocol, and one driver is enough for both.
REDIS_SCHEMES = {
    "redis": "redis",
    "rediss": "rediss",
    "redis+unix": "redis+unix",
    "unix": "redis+unix",
    "valkey": "redis",
    "valkeys": "rediss",
    "valkey+unix": "redis+unix",
}


class Register:
    """The limits that one limiter knows: one rate for each name."""

    __slots__ = ("_rates",)

    def __init__(self) -> None:
        self._rates: dict[str, str] = {}

    def read(self, name: str, rate: str) -> tuple[Rate, ...]:
        """Check a limit's name, and read its rate.

        Raises:
            ConfigurationError: the name cannot stand in a header, the rate cannot be read, or the name has another rate already:
                two counts of one name would let through the sum.
        """
        if not name or len(name) > _LONGEST_NAME or not name.isascii() or not name.isprintable():
            raise ConfigurationError(f"{name!r} cannot name a limit", f"use 1 to {_LONGEST_NAME} printable ASCII characters")
        rates = parse_rates(rate)
        known = self._rates.setdefault(name, canonical(rates))
        if known != canonical(rates):
            raise ConfigurationError(f"the limit {name!r} has two rates, {known} and {canonical(rates)} (hits/seconds)")
        return rates


def check_cost(cost: int) -> None:
    """Refuse costs that would not count or even give hits back.

    Raises:
        ValueError: it is not a whole number of at least 1.
    """
    if type(cost) is not int or cost < 1:
        raise ValueError(f"the cost of a hit is a whole number of at least 1, not {cost!r}")
