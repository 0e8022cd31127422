"""Sending requests to an application within the process: one framework family, one file."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from importlib import import_module
from types import TracebackType
from typing import Any, Protocol

from counterseal.enforce.core.errors import ContractError

Pairs = tuple[tuple[str, str], ...]
_MODULES = {"starlette": "asgi", "litestar": "asgi", "flask": "wsgi", "django": "wsgi"}
"""From an adapter's name to the module of its client."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request."""

    method: str
    """``WEBSOCKET``: a handshake."""
    path: str
    """Percent-encoded, without the query."""
    query: str = ""
    """Percent-encoded."""
    headers: Pairs = ()
    body: bytes = b""
    client: str = "2001:db8::1"
    """The address that the connection comes from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    """Of a handshake that was accepted: 101; of one that was refused without a status of its own: 403."""
    headers: Pairs = ()
    body: bytes = b""
    error: BaseException | None = None
    """What the application raised out of itself."""


class Client(Protocol):
    """Sends requests to one application. A context manager: the application is started and stopped with it."""

    def __enter__(self) -> Client:
        """Start the application."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool | None:
        """Stop it."""

    def send(self, request: Sent) -> Answer:
        """Send a request and wait for the whole answer.

        Raises:
            TimeoutError: the application does not answer.
        """


MakeClient = Callable[[Any], Client]


def client_for(name: str) -> MakeClient:
    """What makes clients for the applications of an adapter.

    Raises:
        ContractError: there is no client for this framework.
    """
    if name not in _MODULES:
        raise ContractError(
            f"contract_matrix() has no client for {name}", "give it client=..., which makes one from the application"
        )
    made: MakeClient = import_module(f"{__name__}.{_MODULES[name]}").CLIENT
    return made


class Clients(AbstractContextManager["Clients"]):
    """Clients that stay open until all are closed: an application is started once for many requests."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._open: dict[int, tuple[Any, Client]] = {}

    def get(self, app: Any, make: MakeClient) -> Client:
        """The client of an application."""
        known = self._open.get(id(app))
        if known is None:
            # The application is kept too: an identity tells things apart only as long as they live.
            known = self._open[id(app)] = app, self._stack.enter_context(make(app))
        return known[1]

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._open.clear()
        self._stack.close()
