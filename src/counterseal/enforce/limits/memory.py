"""Limits counted in this process's memory, of which they take a bounded amount whatever clients do."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from counterseal.enforce.core.limiter import Verdict
from counterseal.enforce.limits.forks import after_fork
from counterseal.enforce.limits.keys import LONGEST_KEY, bounded
from counterseal.enforce.limits.names import Register, check_cost
from counterseal.enforce.limits.rates import Rate
from counterseal.enforce.limits.steady import Steady
from counterseal.enforce.limits.window import Window, judge

Windows = tuple[Window, ...]
_SWEEP = 2  # expired keys dropped for each new one: more than come in, so that what expired goes away
_SWEEP_WHEN_FULL = 64


class MemoryLimiter:
    """Counts in memory: exact for threads and tasks of one process, gone with it. Never unavailable.

    Args:
        max_keys: callers that are told apart, over all limits together. A limit may have as many as there is room left, so one
            that is flooded takes half and others keep room. A caller who finds none shares one joint window with the others of
            that limit who found none: refused too early rather than too late. Nobody's count is dropped before it has expired.
    """

    def __init__(self, max_keys: int) -> None:
        self.lock = Lock()
        self.time = Steady()
        self._register = Register()
        self._meters: dict[str, MemoryMeter] = {}
        self._rotation: list[MemoryMeter] = []
        self._room = max_keys
        after_fork(self._renew)

    def meter(self, name: str, rate: str) -> MemoryMeter:
        """See `Limiter.meter`."""
        with self.lock:
            rates = self._register.read(name, rate)
            meter = self._meters.get(name)
            if meter is None:
                meter = self._meters[name] = MemoryMeter(self, rates)
                self._rotation.append(meter)
            return meter

    def has_room(self, meter: MemoryMeter, now: float) -> bool:
        """Whether a limit may take one more caller. To be called under the lock.

        Where it may not, a few expired keys are dropped: its own, and those of one other limit, another one each time, because a
        limit that nobody hits any more does not sweep for itself.
        """
        if meter.size < self._room:
            return True
        other = self._rotation.pop(0)
        self._rotation.append(other)
        self._room += other.sweep(now, _SWEEP_WHEN_FULL) + meter.sweep(now, _SWEEP_WHEN_FULL)
        return meter.size < self._room

    def close(self) -> None:
        """See `ClosableLimiter.close`. There is nothing to give up."""

    async def aclose(self) -> None:
        """See `ClosableLimiter.aclose`. There is nothing to give up."""

    def _renew(self) -> None:
        self.lock = Lock()

    def moved(self, added: int, dropped: int) -> None:
        """Keep account of the room that is left. To be called under the lock."""
        self._room += dropped - added


class MemoryMeter:
    """One limit in memory."""

    __slots__ = ("_joint", "_keys", "_limiter", "_longest", "_rates")

    def __init__(self, limiter: MemoryLimiter, rates: tuple[Rate, ...]) -> None:
        self._limiter = limiter
        self._rates = rates
        self._longest = len(rates) - 1  # rates come shortest window first
        # In the order of the last counted hit, which is the order in which they expire. A plain dict would get slow here: looking
        # for its first key passes over all that were deleted before it.
        self._keys: OrderedDict[str | bytes, Windows] = OrderedDict()
        self._joint = self._empty()

    @property
    def size(self) -> int:
        """Callers that have a window of their own."""
        return len(self._keys)

    def hit(self, key: str, cost: int = 1) -> Verdict:
        """See `Meter.hit`. Never blocks for longer than another hit takes.

        Raises:
            ValueError: the cost is less than 1.
        """
        check_cost(cost)
        name = key if len(key) <= LONGEST_KEY else bounded(key)
        limiter = self._limiter
        with limiter.lock:
            now = limiter.time.now()
            windows = self._keys.get(name)
            if windows is None:
                return self._first(name, now, cost)
            verdict = judge(self._rates, windows, now, cost)
            if verdict.allowed:
                self._keys.move_to_end(name)
            return verdict

    hit_async = hit

    def sweep(self, now: float, most: int) -> int:
        """Drop up to ``most`` keys whose hits have all expired. To be called under the lock.

        Returns:
            How many were dropped.
        """
        keys = self._keys
        for dropped in range(most):
            oldest = next(iter(keys), None)
            if oldest is None:
                return dropped
            ends = keys[oldest][self._longest].ends  # empty after a refusal found all of them expired
            if ends and ends[-1] > now:
                return dropped
            del keys[oldest]
        return most

    def _first(self, name: str | bytes, now: float, cost: int) -> Verdict:
        """The hit of a caller who has no window yet."""
        self._limiter.moved(0, self.sweep(now, _SWEEP))
        if not self._limiter.has_room(self, now):
            return judge(self._rates, self._joint, now, cost)
        windows = self._empty()
        for window, joint in zip(windows, self._joint, strict=True):
            joint.expire(now)
            if joint.used:
                # Any of these may have been this caller's: with a fresh window he would have both.
                window.add(joint.ends[-1], joint.used)
        verdict = judge(self._rates, windows, now, cost)
        if verdict.allowed:
            self._keys[name] = windows
            self._limiter.moved(1, 0)
        return verdict

    def _empty(self) -> Windows:
        return tuple(Window([], []) for _ in self._rates)
