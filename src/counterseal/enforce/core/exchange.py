"""A request as identities and clauses see it, whatever framework it came through."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any, Protocol

Network = IPv4Network | IPv6Network


class SocketWatcher(Protocol):
    """Judges what passes through a WebSocket while it lives."""

    async def received(self, message: str | bytes) -> None:
        """A message has come from the client.

        Raises:
            Denied: the socket has to be closed: the identity ended, or the message is not what was declared.
        """

    def sent(self, message: str | bytes) -> str | bytes:
        """What may go out of a message.

        Raises:
            Denied: nothing of it.
        """


class Exchange(ABC):
    """One request or WebSocket connection. An adapter subclasses it for its framework.

    Everything here comes from the connection and the *matched* route, never from a URL rebuilt from the Host header.
    """

    __slots__ = ()

    @property
    def kind(self) -> str:
        """``http`` or ``websocket``."""
        return "http"

    @property
    @abstractmethod
    def method(self) -> str:
        """The HTTP method in capitals; ``GET`` for a WebSocket."""

    @property
    @abstractmethod
    def route(self) -> str:
        """The template of the matched route, as in ``/users/{user_id}``; empty when the framework does not say."""

    @property
    @abstractmethod
    def path_params(self) -> Mapping[str, Any]:
        """What the matched route took from the path."""

    @property
    @abstractmethod
    def peer(self) -> str | None:
        """The address at the other end of the connection; ``None`` for a Unix socket."""

    @property
    @abstractmethod
    def target(self) -> str:
        """Path and query as the client sent them: where to return to after signing in, nothing else."""

    @property
    @abstractmethod
    def native(self) -> Any:
        """The framework's own request."""

    @property
    @abstractmethod
    def key(self) -> object:
        """What is one and the same object for all views of this request, and another one for any other request."""

    def watch(self, watcher: SocketWatcher) -> None:
        """Have every message of a WebSocket judged. Only a WebSocket's exchange can.

        Raises:
            NotImplementedError: this is none.
        """
        raise NotImplementedError("not a WebSocket")

    def keep(self, owner: object, call: Any) -> None:
        """Remember a call that was begun for this request ahead of its function."""
        raise NotImplementedError("this framework calls functions directly")

    def kept(self, owner: object) -> Any:
        """The call that was begun ahead for this owner, once; ``None``: none was."""
        return None

    @abstractmethod
    def headers(self, name: str) -> Sequence[str]:
        """All values of a header; ``name`` in lower case."""

    @abstractmethod
    def cookie(self, name: str) -> str | None:
        """The value of a cookie."""

    @abstractmethod
    def query(self) -> Sequence[tuple[str, str]]:
        """The query's parameters, in order, repeated ones too."""

    @abstractmethod
    def body(self, limit: int) -> bytes | Awaitable[bytes]:
        """The body; more than ``limit`` bytes are not read.

        Raises:
            Denied: 413, the body is larger.
        """

    @abstractmethod
    def form(self, limit: int) -> Sequence[tuple[str, Any]] | Awaitable[Sequence[tuple[str, Any]]]:
        """The fields of a form (URL-encoded or multipart), in order; files as the framework's own upload objects.

        Raises:
            Denied: 413, the body is larger; 400, it is malformed.
        """

    def header(self, name: str) -> str | None:
        """The first value of a header; ``name`` in lower case."""
        values = self.headers(name)
        return values[0] if values else None


def client_address(exchange: Exchange, trusted: Sequence[Network]) -> str:
    """The client's address. X-Forwarded-For counts only as far as declared proxies vouch for it (ASVS v5.0.0-15.3.4).

    The header is read from its end: each trusted proxy appended the address that it saw. The first address that is not
    a trusted proxy is the client. A malformed entry ends the reading: nothing left of it can be believed.
    """
    address = exchange.peer or "unknown"
    if not trusted or not _within(address, trusted):
        return address
    hops = [hop.strip() for line in exchange.headers("x-forwarded-for") for hop in line.split(",")]
    for hop in reversed(hops):
        plain = _plain(hop)
        if plain is None:
            return address
        address = plain
        if not _within(address, trusted):
            return address
    return address


def _plain(hop: str) -> str | None:
    """An address without its port; ``None`` when it is none."""
    text = hop[1:].partition("]")[0] if hop.startswith("[") else hop
    if text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ip_address(text))
    except ValueError:
        return None


def _within(address: str, networks: Sequence[Network]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)
