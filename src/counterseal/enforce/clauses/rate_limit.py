"""`rate_limit`: the operation cannot be repeated without bound."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from counterseal.enforce.clauses.base import Bound, Clause, Phase, Target
from counterseal.enforce.clauses.given import is_count, is_text
from counterseal.enforce.core.call import Call
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.errors import ContractError
from counterseal.enforce.core.limit_headers import headers
from counterseal.enforce.core.limiter import Meter, Verdict
from counterseal.enforce.core.security import Security
from counterseal.guarantees import Guarantee

Key = Literal["caller", "client"] | Callable[[Call], object]
Cost = int | Callable[[Call], int]


@dataclass(frozen=True, slots=True, repr=False)
class RateLimit(Clause):
    """See `rate_limit`."""

    name: str
    rate: str
    per: Key
    cost: Cost
    _meters: dict[int, tuple[Security, Meter]] = field(default_factory=dict, compare=False)

    phase = Phase.CALLER_LIMIT
    guarantee = Guarantee.LIMITED

    def moment(self) -> Phase:
        if self.per == "client":
            return Phase.CLIENT_LIMIT if isinstance(self.cost, int) else Phase.INPUT_LIMIT
        if self.per == "caller":
            return Phase.CALLER_LIMIT if isinstance(self.cost, int) else Phase.INPUT_LIMIT
        return Phase.INPUT_LIMIT

    def bind(self, target: Target) -> Bound:
        return Bound(before=self._step)

    def _step(self, call: Call) -> Awaitable[None] | None:
        key, cost = self._key(call), self._cost(call)
        if not cost:
            return None
        meter = self._meter(call.security)
        verdict = meter.hit_async(key, cost) if call.on_loop else meter.hit(key, cost)
        if isinstance(verdict, Verdict):
            self._judge(verdict)
            return None
        return self._later(verdict)

    async def _later(self, verdict: Awaitable[Verdict]) -> None:
        self._judge(await verdict)

    def _meter(self, security: Security) -> Meter:
        known = self._meters.get(id(security))
        if known is not None and known[0] is security:
            return known[1]
        if security.limits is None:
            raise Denied(503, "unavailable", "no limiter is configured", clause=self.describe())
        meter = security.limits.meter(self.name, self.rate)
        self._meters[id(security)] = (security, meter)
        return meter

    def _key(self, call: Call) -> str:
        if self.per == "client":
            return f"client:{call.client}"
        if self.per == "caller":
            return f"caller:{call.principal.id}" if call.principal is not None else f"client:{call.client}"
        key = self.per(call)
        if key is None or isinstance(key, bool) or key == "":
            raise Denied(500, "clause-failed", "the limit's key is empty: everybody would share it", clause=self.describe())
        return f"key:{key}"

    def _cost(self, call: Call) -> int:
        if isinstance(self.cost, int):
            return self.cost
        cost = self.cost(call)
        if not is_count(cost, 0):
            raise Denied(500, "clause-failed", "the limit's cost is not a number from 0", clause=self.describe())
        return cost

    def _judge(self, verdict: Verdict) -> None:
        if verdict.allowed:
            return
        raise Denied(429, "limit-exceeded", f"more than {self.rate}", clause=self.describe(), headers=headers(verdict, self.name))

    def check(self, security: Security, target: Target) -> None:
        if security.limits is None:
            raise target.error(f"{self.describe()} cannot be kept: no limiter is configured", "give Security limits=...")
        self._meter(security)

    def describe(self) -> str:
        whose = self.per if isinstance(self.per, str) else getattr(self.per, "__name__", "key")
        return f"at most {self.rate} of {self.name} per {whose}"


def rate_limit(name: str, rate: str, *, per: Key = "caller", cost: Cost = 1) -> Clause:
    """The operation is limited.

    Args:
        name: what is limited. Contracts with the same name share one count.
        rate: as in ``5/minute`` or ``100 per 10 minutes``.
        per: whose hits are counted together: ``caller`` (the principal; the client where nobody is known), ``client``
            (the client's address, counted before anything else), or a function of the call, evaluated after the input.
        cost: how many hits one call counts as, or a function of the call.

    Raises:
        ContractError: a name or a cost that cannot be meant.
    """
    if not is_text(name) or not name.replace("_", "").replace("-", "").replace(".", "").isalnum():
        raise ContractError(f"rate_limit() has no usable name: {name!r}", "use letters, digits, '_', '-' and '.'")
    if not is_text(rate):
        raise ContractError("rate_limit() needs a rate", 'write "5/minute"')
    if not callable(cost) and not is_count(cost):
        raise ContractError("rate_limit(cost=...) is a number from 1, or a function of the call")
    if not callable(per) and per not in ("caller", "client"):
        raise ContractError(f"rate_limit(per={per!r}) is not known", 'write "caller", "client", or a function of the call')
    return RateLimit(name, rate, per, cost)
