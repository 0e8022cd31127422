"""What the tests of sealing share: an identity, a limiter, a ledger, and contracts."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Mapping
from typing import Any

from pydantic import BaseModel

from counterseal import Principal, SealError, Security, auth, contract
from counterseal.enforce.core.exchange import Exchange
from counterseal.enforce.core.limiter import Verdict
from counterseal.enforce.core.record import Record
from counterseal.policy import Policy

DOCS = dict.fromkeys(("/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect"), "for our own developers")
ALICE = {"x-user": "alice"}


class Header:
    """Knows callers by a header. For tests: it proves nothing."""

    scheme = "header"
    challenge = "Header"

    def authenticate(self, exchange: Exchange) -> Principal | None:
        name = exchange.header("x-user")
        return None if name is None else Principal(id=name, roles=frozenset({"admin" if name == "root" else "user"}))

    def still_valid(self, principal: Principal) -> bool:
        return True

    def openapi(self) -> Mapping[str, Any]:
        return {"type": "apiKey", "in": "header", "name": "x-user"}


class Meter:
    def hit(self, key: str, cost: int) -> Verdict:
        return Verdict(True, 5, 4, 1.0)

    hit_async = hit


class Limits:
    def meter(self, name: str, rate: str) -> Meter:
        return Meter()


class Ledger:
    def append(self, record: Record) -> None:
        return

    async def append_async(self, record: Record) -> None:
        return

    def write_in(self, connection: Any, record: Record) -> Awaitable[None] | None:
        return None


class Changes(BaseModel):
    name: str


def security(policy: Mapping[str, Any] | None = None) -> Security:
    made = None if policy is None else Policy.model_validate(policy)
    return Security(identities=[Header()], limits=Limits(), ledger=Ledger(), policy=made)


known = contract(requires=[auth()])
"""The least that a contract can ask."""


def line_of(function: Any) -> int:
    """The line of ``def``."""
    code = function.__code__
    with open(code.co_filename, encoding="utf-8") as file:  # noqa: PTH123
        lines = file.readlines()
    return next(n for n in range(code.co_firstlineno, len(lines) + 1) if re.match(r"\s*(async )?def ", lines[n - 1]))


def codes(error: SealError) -> list[tuple[str, str]]:
    """The problems, by code and route."""
    return [(problem.code, problem.route) for problem in error.problems]
