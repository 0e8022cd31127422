"""A clock that tests move by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from counterseal.enforce.core import clock


class Hand:
    """The time."""

    def __init__(self) -> None:
        self.time = 1_000_000.0

    def __call__(self) -> float:
        return self.time

    def move(self, seconds: float) -> None:
        self.time += seconds


@pytest.fixture
def hand() -> Iterator[Hand]:
    """The clock of every store that is ours."""
    moved = Hand()
    with clock.running_on(moved):
        yield moved
