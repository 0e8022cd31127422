"""The moving window against a log of everything that was ever allowed."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from counterseal.enforce.core import clock
from counterseal.enforce.core.limiter import Meter
from counterseal.enforce.limits import open_limits
from counterseal.enforce.limits.rates import SLOTS, Rate
from counterseal.enforce.limits.sqlite import SqliteLimiter
from counterseal.enforce.limits.window import Window, judge
from tests.limits.conftest import Hand

# Quarters of a second are exact in binary: the oracle's comparisons and the window's round alike.
MOMENTS = st.integers(0, 100).map(lambda quarters: quarters / 4)


class Oracle(RuleBasedStateMachine):
    """Several callers of one limit with two rates; the clock goes forward, and now and then back."""

    RATES = (Rate(3, 5), Rate(7, 20))

    def __init__(self) -> None:
        super().__init__()
        self.hand = Hand()
        self.entered = clock.running_on(self.hand)
        self.entered.__enter__()
        self.log: dict[str, list[tuple[float, int]]] = {}
        self.elapsed = 0.0  # what a clock that never goes back would show

    @initialize()
    def open(self) -> None:
        self.meter: Meter = open_limits().meter("oracle", "3 per 5 seconds; 7 per 20 seconds")

    @rule(seconds=MOMENTS)
    def wait(self, seconds: float) -> None:
        self.hand.move(seconds)
        self.elapsed += seconds
        self.meter.hit("witness", 1)  # somebody always comes at once, so that the limiter sees every step of the clock

    @rule(seconds=st.integers(1, 100_000))
    def set_back(self, seconds: float) -> None:
        self.hand.move(-seconds)
        self.meter.hit("witness", 1)

    @rule(key=st.sampled_from(["alice", "bob", "x" * 500]), cost=st.integers(1, 9))
    def hit(self, key: str, cost: int) -> None:
        log = self.log.setdefault(key, [])
        left = [rate.amount - self._used(log, rate) for rate in self.RATES]
        verdict = self.meter.hit(key, cost)
        assert verdict.allowed == all(cost <= free for free in left)
        if verdict.allowed:
            log.append((self.elapsed, cost))
            assert verdict.remaining == min(left) - cost
        else:
            assert verdict.reset_after > 0
            assert verdict.limit == self._refusing(log, cost).amount

    @invariant()
    def no_window_holds_more_than_its_rate(self) -> None:
        for log in self.log.values():
            for rate in self.RATES:
                for start, _ in log:
                    assert sum(cost for at, cost in log if start <= at < start + rate.window) <= rate.amount

    def teardown(self) -> None:
        self.entered.__exit__(None, None, None)

    def _used(self, log: list[tuple[float, int]], rate: Rate) -> int:
        return sum(cost for at, cost in log if at + rate.window > self.elapsed)

    def _refusing(self, log: list[tuple[float, int]], cost: int) -> Rate:
        waits = {}
        for rate in self.RATES:
            if cost > rate.amount:
                waits[rate] = float(rate.window)
                continue
            moment = self.elapsed
            while sum(c for at, c in log if at + rate.window > moment) + cost > rate.amount:
                moment += 0.25
            waits[rate] = moment - self.elapsed
        return max(self.RATES, key=lambda rate: waits[rate])


class SqliteOracle(Oracle):
    """The same against a file. What a clock that is set back does there has tests of its own: it may refuse more."""

    @initialize()
    def open(self) -> None:
        self.folder = TemporaryDirectory()
        self.limits = SqliteLimiter(Path(self.folder.name) / "limits.db", 1, "oracle", 1000)
        self.meter = self.limits.meter("oracle", "3 per 5 seconds; 7 per 20 seconds")

    @rule(seconds=st.integers(1, 100_000))
    def set_back(self, seconds: float) -> None:
        pass

    def teardown(self) -> None:
        super().teardown()
        self.limits.close()
        self.folder.cleanup()


TestOracle = Oracle.TestCase
TestOracle.settings = hypothesis_settings(max_examples=60, stateful_step_count=40, deadline=None)
TestSqliteOracle = SqliteOracle.TestCase
TestSqliteOracle.settings = hypothesis_settings(max_examples=30, stateful_step_count=40, deadline=None)


@given(st.lists(st.tuples(st.floats(0, 0.5), st.integers(1, 300)), max_size=300))
def test_shared_slots_never_let_more_through_and_take_bounded_memory(steps: list[tuple[float, int]]) -> None:
    rate, window, now, log = Rate(1000, 10), Window([], []), 0.0, []
    for wait, cost in steps:
        now += wait
        if judge((rate,), (window,), now, cost).allowed:
            log.append((now, cost))
    assert all(early <= late for early, late in pairwise(window.ends))
    assert len(window.ends) <= SLOTS + 1
    for start, _ in log:
        assert sum(cost for at, cost in log if start <= at < start + rate.window) <= rate.amount


def test_slots_are_forgotten_late_by_less_than_half_a_percent() -> None:
    rate, window = Rate(1000, 10), Window([], [])
    assert judge((rate,), (window,), 3.1, 1000).allowed
    verdict = judge((rate,), (window,), 3.1, 1)
    assert not verdict.allowed
    assert 10 <= verdict.reset_after <= 10 + 10 / SLOTS


def test_a_burst_at_the_edge_of_a_window_gets_no_second_helping(hand: Hand) -> None:
    meter = open_limits().meter("edge", "10 per 2 seconds")
    allowed = 0
    for _ in range(100):  # 0.25 s around every edge that a fixed window could have
        hand.move(0.0025)
        allowed += meter.hit("client", 1).allowed
    assert allowed == 10


def test_a_refused_hit_may_come_back_when_it_was_told_to(hand: Hand) -> None:
    meter = open_limits().meter("wait", "5/minute")
    for _ in range(5):
        hand.move(1)
        meter.hit("client", 1)
    verdict = meter.hit("client", 3)
    assert (verdict.allowed, verdict.remaining, verdict.reset_after, verdict.window) == (False, 0, 58.0, 60)
    hand.move(57)
    assert not meter.hit("client", 3).allowed
    hand.move(1)
    assert meter.hit("client", 3).allowed


def test_a_cost_counts_whole_or_not_at_all(hand: Hand) -> None:
    meter = open_limits().meter("cost", "5/minute; 8/hour")
    assert meter.hit("client", 4).remaining == 1
    assert not meter.hit("client", 2).allowed
    assert meter.hit("client", 1).allowed
    hand.move(60)
    refused = meter.hit("client", 4)
    assert (refused.allowed, refused.limit, refused.remaining) == (False, 8, 3)
    assert meter.hit("client", 3).allowed, "the refused hit must not have counted against either rate"


def test_a_cost_above_the_limit_is_refused_and_leaves_no_trace() -> None:
    meter = open_limits().meter("large", "5/minute")
    verdict = meter.hit("client", 6)
    assert (verdict.allowed, verdict.remaining, verdict.reset_after) == (False, 5, 60.0)
    assert meter.hit("client", 5).allowed


@pytest.mark.parametrize("cost", [0, -1, True, 1.5, float("nan"), "1", None])
def test_a_cost_that_would_not_count_is_an_error(cost: int) -> None:
    with pytest.raises(ValueError, match="cost"):
        open_limits().meter("odd", "5/minute").hit("client", cost)
