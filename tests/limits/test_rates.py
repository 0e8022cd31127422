"""What can be written as a rate, and what must not be taken for one."""

from __future__ import annotations

import pytest

from counterseal.enforce.core.errors import ConfigurationError
from counterseal.enforce.limits import open_limits
from counterseal.enforce.limits.rates import Rate, canonical, parse_rates


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("5/minute", "5/60"),
        ("5 per minute", "5/60"),
        ("100 per 10 minutes", "100/600"),
        ("1/day", "1/86400"),
        ("100/hour; 5/second", "5/1;100/3600"),
        ("5/second;5 per second", "5/1"),
    ],
)
def test_the_notation_of_limits_is_understood(text: str, meaning: str) -> None:
    assert canonical(parse_rates(text)) == meaning


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "five/minute",
        "5/fortnight",
        "-5/minute",
        "5.5/minute",
        "0/minute",
        "5/minute; 0/hour",
        "5 per 0 minutes",
        "5/00minutes",
        "5/minute;",
        "5/minute\n10/hour",
        "9999999999/second",
        "1 per 1000 years",
        None,
        5,
    ],
)
def test_what_is_no_rate_is_refused_before_the_first_request(text: str) -> None:
    with pytest.raises(ConfigurationError):
        open_limits().meter("login", text)


@pytest.mark.parametrize("name", ["", "a\nb", "größe", "x" * 201])
def test_a_name_that_cannot_stand_in_a_header_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError):
        open_limits().meter(name, "5/minute")


def test_one_name_has_one_rate() -> None:
    limits = open_limits()
    first = limits.meter("login", "5/minute")
    assert limits.meter("login", "5 per 1 minute") is first
    with pytest.raises(ConfigurationError, match="two rates"):
        limits.meter("login", "10/minute")


def test_large_amounts_are_counted_in_slots_and_small_ones_exactly() -> None:
    assert Rate(256, 60).grain == 0
    assert Rate(257, 60).grain == pytest.approx(60 / 256)
