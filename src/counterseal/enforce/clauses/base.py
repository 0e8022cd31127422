"""What a clause is: a promise, the moment at which it is kept, and the step that keeps it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from inspect import Parameter, Signature
from typing import Any, ClassVar

from counterseal.enforce.core.call import Call
from counterseal.enforce.core.errors import ContractError
from counterseal.enforce.core.security import Security
from counterseal.guarantees import Guarantee

_BY_NAME = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)

Step = Callable[[Call], Awaitable[None] | None]
"""Keeps one promise for one call: returns, or raises `Denied`."""


class Phase(IntEnum):
    """When a clause is evaluated. Always in this order, whatever order a contract lists."""

    READY = 0
    """Whether what the contract rests on is there at all."""
    CLIENT_LIMIT = 10
    IDENTITY = 20
    ORIGIN = 30
    ROLE = 40
    CALLER_LIMIT = 50
    INPUT = 60
    INPUT_LIMIT = 65
    """Limits whose key is in the input: attempts per account."""
    OBJECT = 70
    RULE = 80
    BODY = 90
    INVARIANT = 95
    OUTPUT = 100
    RECORD = 110


class Layer(IntEnum):
    """Where in an application a function stands. Inner layers never establish an identity: without one they deny."""

    PRESENTATION = 0
    ACTION = 1
    BUSINESS = 2
    DATA = 3

    @property
    def inner(self) -> bool:
        """Whether requests do not come here directly."""
        return self >= Layer.BUSINESS


@dataclass(slots=True)
class Target:
    """The function that a contract is put on."""

    name: str
    where: str
    """``file:line``, for messages."""
    signature: Signature
    hints: Mapping[str, Any]
    """The parameters' annotations, resolved as far as they can be."""
    layer: Layer
    is_async: bool
    streams: bool
    """Whether it is a generator."""
    supplied: dict[str, str] = field(default_factory=dict)
    """Parameters that a clause hands over, and which clause."""
    identifiers: list[str] = field(default_factory=list)
    """Names by which clauses look objects up: path parameters, or arguments that callers give beside the body's own."""
    inputs: set[str] = field(default_factory=set)
    """Supplied parameters that callers of a service function give all the same, to be validated."""
    replaced: dict[str, str] = field(default_factory=dict)
    """Parameters that get an object, and the name of the id that callers of a service function give in its place."""
    unit: str | None = None
    """The parameter that holds a session for data access."""
    unit_injected: bool = False
    """Whether the framework hands that session over, so that no unit of work is opened."""
    wants_unit: bool = False
    """Whether a clause or the body takes a session."""

    def parameter_for(self, annotation: Any, into: str | None, clause: str) -> str | None:
        """The parameter that a clause hands its value to; ``None``: there is none.

        Raises:
            ContractError: several fit, or the named one does not exist.
        """
        if into is not None:
            if into not in self.signature.parameters:
                raise self.error(f"{clause} hands its value to a parameter {into!r} that {self.name} does not have")
            return into
        fitting = [name for name, hint in self.hints.items() if _fits(hint, annotation)]
        free = [name for name in fitting if name not in self.supplied and name in self.signature.parameters]
        if len(free) > 1:
            raise self.error(f"{clause} fits several parameters of {self.name}: {', '.join(free)}", "name one with into=")
        return free[0] if free else None

    def supply(self, parameter: str | None, clause: str) -> None:
        """Note that a clause hands this parameter over, so that no caller does.

        Raises:
            ContractError: another clause does so already.
        """
        if parameter is None:
            return
        if parameter in self.supplied:
            raise self.error(f"both {self.supplied[parameter]} and {clause} supply the parameter {parameter!r}")
        if self.signature.parameters[parameter].kind not in _BY_NAME:
            raise self.error(f"{clause} cannot supply {parameter!r}", "make it a parameter that can be given by name")
        self.supplied[parameter] = clause

    def error(self, message: str, hint: str = "") -> ContractError:
        """An error in the contract on this function, with its place."""
        return ContractError(f"{self.where}: {message}", hint)


def _fits(hint: Any, annotation: Any) -> bool:
    """Whether an annotation names a type. One that could not be resolved (a class inside a function) is compared by its text."""
    if isinstance(hint, str):
        return isinstance(annotation, type) and hint == annotation.__name__
    return hint is annotation or bool(hint == annotation)


@dataclass(frozen=True, slots=True)
class Bound:
    """What a clause does around the body of one function."""

    before: Step | None = None
    after: Step | None = None


class Clause(ABC):
    """One promise. Immutable: the same clause may stand in many contracts."""

    phase: ClassVar[Phase]
    guarantee: ClassVar[Guarantee | None] = None

    @abstractmethod
    def bind(self, target: Target) -> Bound:
        """The steps that keep the promise for one function. Called once, when the contract is put on it.

        Raises:
            ContractError: the promise cannot be kept there.
        """

    @abstractmethod
    def describe(self) -> str:
        """The promise in words: what a reader of the contract is told."""

    def check(self, security: Security, target: Target) -> None:  # noqa: B027  most clauses need nothing of the settings
        """Whether an application's settings let the promise be kept. Called by `seal`.

        Raises:
            ContractError: they do not.
        """

    def moment(self) -> Phase:
        """When this very clause is evaluated."""
        return self.phase

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.describe()}>"
