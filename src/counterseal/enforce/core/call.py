"""One call of a function under contract: what its clauses have established so far."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from counterseal.enforce.core.exchange import Exchange, client_address
from counterseal.enforce.core.principal import Principal
from counterseal.enforce.core.security import Security


class Call:
    """What is known of one call. Clauses read and fill it, in the order of their phases; business rules are given it."""

    __slots__ = (
        "action",
        "admitted",
        "arguments",
        "before",
        "changes",
        "client",
        "details",
        "exchange",
        "headers",
        "identifiers",
        "input",
        "name",
        "object",
        "object_key",
        "on_loop",
        "parent",
        "principal",
        "recorded",
        "request_id",
        "result",
        "security",
        "status",
        "unit",
        "unit_opened",
    )

    def __init__(
        self, name: str, security: Security, exchange: Exchange | None, arguments: dict[str, Any], parent: Call | None = None
    ) -> None:
        self.name = name
        """The function's qualified name."""
        self.action = name
        """What is done, in the application's words: as `audit_log` names it, else the function's name."""
        self.security = security
        self.exchange = exchange
        """The request; ``None`` when a service function was called outside one."""
        self.arguments = arguments
        """What the body will be called with, by name."""
        self.identifiers: Mapping[str, Any] = {}
        """The ids that the caller of a service function gave, by name. In a request they are in the matched path."""
        self.parent = parent
        """The call inside which this one was made."""
        self.principal: Principal | None = None
        """Who is calling; ``None`` until an identity has said so, and for anonymous callers of public functions."""
        self.input: Any = None
        """The validated input."""
        self.object: Any = None
        """The object that `owns` loaded and checked."""
        self.unit: Any = parent.unit if parent is not None else None
        """The session of the unit of work."""
        self.unit_opened: bool = parent is not None and parent.unit_opened
        """Whether a contract opened the unit of work, and will commit it; otherwise the framework handed the session over."""
        self.recorded = False
        """Whether the outcome stands in the unit of work's transaction already."""
        self.object_key: Any = None
        """The id by which it was asked for."""
        self.result: Any = None
        """What the body returned, for invariants and output clauses."""
        self.before: dict[Any, Any] | None = None
        """What invariants kept from before the body."""
        self.admitted = False
        """Whether limits, identity, role and input have been checked ahead of the call."""
        self.on_loop = False
        """Whether this runs on an event loop, where nothing may block."""
        self.changes: Mapping[str, Any] | None = None
        """What the body says it changed, for the record; ``None``: the input's fields are what was changed."""
        self.details: dict[str, Any] = {}
        """What the body adds to the record."""
        self.headers: dict[str, str] = {}
        """Headers that the body adds to an answer that the contract makes."""
        self.status: int | None = None
        """The status that the body gives it; ``None``: the one that the route declares."""
        self.client: str | None
        """The client's address."""
        self.request_id: str
        """The same for every record of one request. Made here: what a client sends under that name proves nothing."""
        if parent is not None:
            self.client, self.request_id = parent.client, parent.request_id
        else:
            self.client = client_address(exchange, security.trusted_proxies) if exchange is not None else None
            self.request_id = os.urandom(12).hex()

    @property
    def caller(self) -> Principal:
        """The principal, where there must be one.

        Raises:
            LookupError: nobody has been recognised.
        """
        if self.principal is None:
            raise LookupError("no principal is established in this call")
        return self.principal

    @property
    def place(self) -> str:
        """Where this happens, for the record: method and route template, or the function's name."""
        if self.exchange is not None and self.parent is None:
            return f"{self.exchange.method} {self.exchange.route}"
        return self.name


current: ContextVar[Call | None] = ContextVar("counterseal_call", default=None)
"""The innermost call under contract in this context. A thread that did not get the context has none, so contracts in it deny."""
