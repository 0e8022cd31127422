"""What tests of contracts share: an identity that reads a header, a limiter that counts, a trail that keeps records."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.errors import Unavailable
from counterseal.enforce.core.exchange import Exchange
from counterseal.enforce.core.limiter import Verdict
from counterseal.enforce.core.principal import Principal
from counterseal.enforce.core.record import Record


@dataclass
class HeaderIdentity:
    """``Authorization: Test <id>[:role,role]``; ``bad`` as the id is refused. Real identities have tests of their own."""

    scheme: str = "test"
    challenge: str | None = "Test"
    ambient: bool = False
    revoked: set[str] = field(default_factory=set)
    slow: bool = False

    def authenticate(self, exchange: Exchange) -> Any:
        if self.slow:
            return self._later(exchange)
        return self._now(exchange)

    async def _later(self, exchange: Exchange) -> Principal | None:
        await asyncio.sleep(0)
        return self._now(exchange)

    def _now(self, exchange: Exchange) -> Principal | None:
        given = exchange.cookie("test") if self.ambient else exchange.header("authorization")
        if given is None:
            return None
        identifier, _, roles = given.removeprefix("Test ").partition(":")
        if identifier == "bad" or identifier in self.revoked:
            raise Denied(401, "not-authenticated", "these credentials do not hold")
        if identifier == "down":
            raise Unavailable("the directory does not answer")
        return Principal(id=identifier, roles=frozenset(filter(None, roles.split(","))), scheme=self.scheme, ambient=self.ambient)

    def still_valid(self, principal: Principal) -> bool:
        return principal.id not in self.revoked

    def openapi(self) -> Mapping[str, Any]:
        return {"type": "http", "scheme": "test"}


@dataclass
class CountingLimiter:
    """Counts hits for ever: what is under test is where a contract asks, not how windows move."""

    allowed: int = 5
    hits: Counter[tuple[str, str]] = field(default_factory=Counter)
    down: bool = False

    def meter(self, name: str, rate: str) -> CountingMeter:
        return CountingMeter(self, name)


@dataclass
class CountingMeter:
    limiter: CountingLimiter
    name: str

    def hit(self, key: str, cost: int) -> Verdict:
        if self.limiter.down:
            raise Unavailable("the limiter's store does not answer")
        used = self.limiter.hits[self.name, key]
        if used + cost > self.limiter.allowed:
            return Verdict(False, self.limiter.allowed, max(0, self.limiter.allowed - used), 12.2)
        self.limiter.hits[self.name, key] += cost
        return Verdict(True, self.limiter.allowed, self.limiter.allowed - used - cost, 60.0)

    def hit_async(self, key: str, cost: int) -> Verdict:
        return self.hit(key, cost)


@dataclass
class Kept:
    """A trail that keeps its records in memory."""

    records: list[Record] = field(default_factory=list)
    down: bool = False

    def append(self, record: Record) -> None:
        if self.down:
            raise Unavailable("the ledger's disk is full")
        self.records.append(record)

    async def append_async(self, record: Record) -> None:
        await asyncio.sleep(0)
        self.append(record)

    def write_in(self, connection: Any, record: Record) -> None:
        self.append(record)

    @property
    def outcomes(self) -> list[str]:
        return [f"{record.action}:{record.outcome.value}" for record in self.records]


def as_(who: str) -> dict[str, str]:
    """The header that names a caller."""
    return {"Authorization": f"Test {who}"}
