"""Identities, a limiter and a trail, small and real enough to try adapters with."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel
from werkzeug.serving import make_server

from counterseal import Denied, Principal, Security
from counterseal.enforce.core.errors import Unavailable
from counterseal.enforce.core.exchange import Exchange
from counterseal.enforce.core.limiter import Meter, Verdict
from counterseal.enforce.core.record import Outcome, Record


class Token:
    """``Authorization: Bearer NAME:ROLE``."""

    scheme = "bearer"
    challenge = 'Bearer realm="tests"'

    def authenticate(self, exchange: Exchange) -> Principal | Awaitable[Principal | None] | None:
        header = exchange.header("authorization")
        if header is None:
            return None
        name, _, role = header.removeprefix("Bearer ").partition(":")
        if not name or name == "forged":
            raise Denied(401, "not-authenticated", "the token does not hold")
        return Principal(id=name, roles=frozenset({role or "user"}), scheme="bearer")

    def still_valid(self, principal: Principal) -> bool:
        return True

    def openapi(self) -> Mapping[str, Any]:
        return {"type": "http", "scheme": "bearer"}


class LaterToken(Token):
    """The same, but what it knows has to be awaited."""

    async def authenticate(self, exchange: Exchange) -> Principal | None:
        await asyncio.sleep(0)
        found = super().authenticate(exchange)
        return found if isinstance(found, Principal) else None


class Cookie:
    """A cookie with the name of the caller."""

    scheme = "session"
    challenge = None

    def authenticate(self, exchange: Exchange) -> Principal | None:
        name = exchange.cookie("session")
        return Principal(id=name, roles=frozenset({"user"}), scheme="session", ambient=True) if name else None

    def still_valid(self, principal: Principal) -> bool:
        return True

    def openapi(self) -> Mapping[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": "session"}


class Limits:
    """Counts hits; nothing ever expires."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], int] = {}

    def meter(self, name: str, rate: str) -> Meter:
        return _Meter(self.counts, name, int(rate.partition("/")[0]))


class _Meter:
    def __init__(self, counts: dict[tuple[str, str], int], name: str, limit: int) -> None:
        self._counts, self._name, self._limit = counts, name, limit

    def hit(self, key: str, cost: int) -> Verdict:
        used = self._counts.get((self._name, key), 0)
        allowed = used + cost <= self._limit
        if allowed:
            self._counts[self._name, key] = used = used + cost
        return Verdict(allowed, self._limit, self._limit - used, 60.0)

    def hit_async(self, key: str, cost: int) -> Verdict:
        return self.hit(key, cost)


class Trail:
    """Keeps records in a list."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.down = False

    def append(self, record: Record) -> None:
        if self.down:
            raise Unavailable("the disk is full")
        self.records.append(record)

    async def append_async(self, record: Record) -> None:
        await asyncio.sleep(0)
        self.append(record)

    def write_in(self, connection: Any, record: Record) -> None:
        raise Unavailable("not in a transaction")

    @property
    def outcomes(self) -> list[tuple[str, Outcome, str | None]]:
        return [(record.action, record.outcome, record.actor) for record in self.records]


class InvoiceIn(BaseModel):
    amount: int
    note: str = ""


class InvoiceOut(BaseModel):
    id: int
    amount: int


def security(trail: Trail | None = None, **more: Any) -> Security:
    given: dict[str, Any] = {
        "identities": [Token(), Cookie()],
        "ledger": trail or Trail(),
        "limits": Limits(),
        "roles": ("user", "admin"),
        "environment": "development",
    }
    return Security(**{**given, **more})


def bearer(name: str = "alice", role: str = "user") -> dict[str, str]:
    return {"Authorization": f"Bearer {name}:{role}"}


@contextmanager
def served(app: Any) -> Iterator[int]:
    """A WSGI application under Werkzeug's own threaded server, for as long as the block runs; its port."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
