"""What a web framework's adapter has to offer to contracts. The kept ones are in `counterseal.enforce.frameworks`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from inspect import Signature
from typing import Any

from counterseal.enforce.core.exchange import Exchange
from counterseal.enforce.core.security import Security

Admit = Callable[[Exchange], Awaitable[None]]
Around = Callable[[], AbstractContextManager[None]]
Finish = Callable[[BaseException | None], Awaitable[None] | None]
"""Called once when the last byte is out and background work is done, with what went wrong, if anything did."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a framework's response holds, as far as contracts care."""

    status: int
    json: bytes | None = None
    """The body, when it is JSON and complete."""
    streams: bool = False
    """Whether the body is still to be produced."""
    empty: bool = False
    """Whether there is no body: 204, 304, a redirect."""
    trailing: bool = False
    """Whether background work follows the answer."""
    unrendered: bool = False
    """Whether the body is what the framework will make of ``data``."""
    data: Any = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One way into an application, as the framework's own routing table has it."""

    method: str
    """The HTTP method; ``WEBSOCKET``; ``*``: whatever comes."""
    path: str
    """The template, with the prefixes of everything that it is mounted in: ``/api/users/{user_id}``."""
    endpoint: Any
    """The function or method that runs; ``None``: it cannot be told, as with a mounted application of another kind."""
    what: str = "route"
    """``route``; ``generated``: added by the framework (documentation); ``static``: files; ``opaque``: not looked into."""


class Adapter(ABC):
    """One web framework. Stateless."""

    name: str
    """The framework's name: ``starlette``."""
    packages: frozenset[str] = frozenset()
    """For a framework that looks at signatures: its top-level packages. A process may hold two such frameworks; a function is
    shown to the one that its module uses."""
    ambient = False
    """Whether the request stands in the framework's context rather than among a function's arguments."""
    ends_on_loop: bool = True
    """Whether `follow` tells the end of an answer on an event loop, where nothing may block."""

    @abstractmethod
    def find(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Exchange | None:
        """The request in what the framework called a function with (or in the framework's own context); ``None``: not ours."""

    @abstractmethod
    def security(self, exchange: Exchange) -> Security | None:
        """The settings of the application that the request belongs to, as `bind` left them."""

    @abstractmethod
    def bind(self, app: Any, security: Security) -> None:
        """Leave the settings with an application."""

    @abstractmethod
    def arguments(
        self, exchange: Exchange, args: tuple[Any, ...], kwargs: dict[str, Any], wanted: Sequence[str]
    ) -> dict[str, Any]:
        """What the framework hands to the body, by the body's parameter names.

        Args:
            exchange: what `find` returned.
            args: the framework's positional arguments.
            kwargs: the framework's keyword arguments.
            wanted: the names of the parameters that no clause supplies, in the body's order.
        """

    def answers(self, exchange: Exchange, function: Any) -> bool:
        """Whether what the function returns is the answer. A dependency's is not: its refusal has to be raised."""
        return True

    def refusal(self, exchange: Exchange, status: int, body: bytes, headers: Mapping[str, str]) -> Exception:
        """An exception that makes the framework refuse, for functions whose result is not the answer."""
        raise NotImplementedError(f"{self.name} has no functions of that kind")

    @abstractmethod
    def respond(self, exchange: Exchange, body: bytes, status: int | None, headers: Mapping[str, str], result: Any) -> Any:
        """A JSON response.

        Args:
            exchange: the request.
            body: the JSON document.
            status: ``None``: the status that the route declares.
            headers: to be added.
            result: the response that the body itself returned, whose other headers and cookies stay; ``None``: it returned data.
        """

    @abstractmethod
    def problem(self, exchange: Exchange, status: int, body: bytes, headers: Mapping[str, str]) -> Any:
        """A refusal: ``application/problem+json``, or a redirect when ``status`` is 303."""

    @abstractmethod
    def read(self, result: Any) -> Reply | None:
        """What the body returned, if it is a response of this framework; ``None``: it is data."""

    def raised(self, error: Exception) -> Any:
        """A response that the body raised instead of returning it, as some frameworks have it; ``None``: the body failed."""
        return None

    @abstractmethod
    def stream(self, exchange: Exchange, chunks: Any, media_type: str, headers: Mapping[str, str]) -> Any:
        """A response whose body is produced piece by piece by an iterator, plain or async, of bytes."""

    @abstractmethod
    def follow(self, exchange: Exchange, response: Any, around: Around, finish: Finish) -> Any:
        """A response that calls ``finish`` at the end of its stream and background work.

        Args:
            exchange: the request.
            response: what is sent.
            around: makes the context manager in which each piece of the stream and the background work have to run.
            finish: told when all is done.
        """

    def expose(self, signature: Signature, admit: Admit) -> Signature | None:
        """The signature that the framework should see; ``None``: it does not look at signatures.

        Args:
            signature: the body's own, without the parameters that clauses supply.
            admit: checks limits, identity, role and input ahead of the call, for a framework that would otherwise judge what
                a caller sent before anybody knows who the caller is.
        """
        return None

    def wait(self, exchange: Exchange, pending: Awaitable[Any]) -> Any:
        """The result of something awaitable, for a function that is not async.

        Raises:
            RuntimeError: this framework has no event loop to run it on.
        """
        raise RuntimeError(f"{self.name} has no event loop that a plain function could wait on")

    def objection(self, endpoint: Any) -> tuple[str, str] | None:
        """Why this framework would go around the contract of an endpoint, and what to do; ``None``: it does not."""
        return None

    @abstractmethod
    def recognises(self, app: Any) -> bool:
        """Whether this is an application of this framework."""

    @abstractmethod
    def entries(self, app: Any) -> list[Entry]:
        """Every way into an application, mounted applications included. What cannot be looked into is ``opaque``.

        Raises:
            ContractError: the table is not what this adapter knows, so that a route could be missed.
        """

    @abstractmethod
    def enclose(self, app: Any, admits: Callable[[Entry], bool]) -> None:
        """From now on, answer 503 to requests that match an entry that ``admits`` refuses: a route that was added later.

        The framework's own matching decides, on every request, never a path that was compared as text.
        """

    @abstractmethod
    def document(self, app: Any, describe: Callable[[Any], Mapping[str, Any] | None]) -> None:
        """Have the framework's OpenAPI document say what contracts promise.

        Args:
            app: the application.
            describe: from an endpoint to what its operation has to say beside what the framework says; ``None``: nothing.
                `core.openapi.add` puts it in.
        """

    def on_start(self, app: Any, check: Callable[[], None]) -> None:  # noqa: B027  not every framework has a start-up
        """Have ``check`` run when the application starts, after its own start-up and before the first request.

        What it raises keeps the application from starting. Called once for an application, however often that is sealed.
        """
