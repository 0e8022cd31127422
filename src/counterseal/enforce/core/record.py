"""One line of the audit trail, and what a ledger has to offer. The kept ones are in `counterseal.enforce.ledger`."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Outcome(StrEnum):
    """How far an operation came."""

    INTENT = "intent"
    """About to run: written before a privileged body, so that a crash leaves a trace."""
    SUCCEEDED = "succeeded"
    DENIED = "denied"
    """A clause refused; the body did not run, or its transaction was rolled back."""
    FAILED = "failed"
    """The body raised, a stream broke off, or the answer could not be shaped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Who did what, to what, with what outcome, when. Sensitive values are redacted before one is made."""

    action: str
    """What, in the application's words: ``profile_update``."""
    outcome: Outcome
    at: float
    """When, in seconds since the epoch."""
    actor: str | None = None
    """The principal's id; ``None``: nobody known."""
    on_behalf_of: str | None = None
    scheme: str | None = None
    """How the actor was recognised."""
    object_type: str | None = None
    object_id: str | None = None
    route: str | None = None
    """``PATCH /users/{user_id}``, or the qualified name of a service function."""
    client: str | None = None
    """The client's address."""
    request_id: str | None = None
    """The same for every record of one request."""
    status: int | None = None
    """The HTTP status that was answered."""
    reason: str | None = None
    """Why it was denied or failed: a denial's code, an exception's class. No message of an exception: it may hold secrets."""
    changes: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    """The fields that were changed, redacted; JSON values."""
    details: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    """What the application adds; JSON values."""


@runtime_checkable
class Trail(Protocol):
    """Where records go. When a method returns, the record is durable."""

    def append(self, record: Record) -> None:
        """Write a record and wait until it is durable. For code that may block.

        Raises:
            Unavailable: it could not be written.
        """

    def append_async(self, record: Record) -> Awaitable[None]:
        """The same for code on an event loop: the loop is not blocked."""

    def write_in(self, connection: Any, record: Record) -> Awaitable[None] | None:
        """Write a record in the application's own transaction: it is on record if and only if that commits.

        Args:
            connection: a DB-API or asyncpg-like connection, or a SQLAlchemy connection or session, to the ledger's own database.
            record: what to write.

        Raises:
            Unavailable: it could not be written; the transaction must be rolled back.
        """
