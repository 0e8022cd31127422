"""The headers about a limit."""

from __future__ import annotations

import pytest

from counterseal.enforce.core.limiter import Verdict
from counterseal.enforce.limits import headers


def test_an_allowed_hit_says_what_is_left() -> None:
    fields = headers(Verdict(True, 5, 3, 41.2, 60), "login")
    assert fields == {"RateLimit-Policy": '"login";q=5;w=60', "RateLimit": '"login";r=3;t=42'}


@pytest.mark.parametrize(("wait", "told"), [(0.0, "1"), (0.2, "1"), (1.0, "1"), (1.001, "2"), (60.0, "60")])
def test_a_refused_hit_says_when_to_come_back_and_never_too_early(wait: float, told: str) -> None:
    assert headers(Verdict(False, 5, 0, wait, 60), "login")["Retry-After"] == told


def test_a_window_that_is_not_known_is_not_claimed() -> None:
    assert headers(Verdict(True, 5, 3, 1.0), "login")["RateLimit-Policy"] == '"login";q=5'


def test_a_name_is_quoted() -> None:
    assert headers(Verdict(True, 5, 3, 1.0), 'a"\\b')["RateLimit"] == '"a\\"\\\\b";r=3;t=1'
