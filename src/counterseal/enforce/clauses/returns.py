"""`returns`: the output has the declared shape and nothing more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from counterseal.enforce.clauses.base import Bound, Clause, Phase, Target
from counterseal.enforce.clauses.shapes import adapter, says
from counterseal.enforce.clauses.validates import name_of
from counterseal.enforce.core.errors import ContractError
from counterseal.guarantees import Guarantee

Stream = Literal[False, "lines", "events"]


@dataclass(frozen=True, slots=True, repr=False)
class Returns(Clause):
    """See `returns`."""

    model: Any
    stream: Stream

    phase = Phase.OUTPUT
    guarantee = Guarantee.SHAPED

    def bind(self, target: Target) -> Bound:
        # What the contract does with it depends on whether data, a response or a stream comes: it calls `shaper`.
        if target.streams and not self.stream:
            raise target.error(f"{target.name} is a generator", "declare it with returns(Model, stream=True)")
        return Bound()

    def shaper(self, target: Target) -> Shaper:
        """What filters values for one function."""
        return Shaper(self, target)

    def describe(self) -> str:
        return f"the answer is a {'stream of ' if self.stream else ''}{name_of(self.model)} and nothing more"


class Shaper:
    """Filters values to one type."""

    def __init__(self, clause: Returns, target: Target) -> None:
        made = adapter(clause.model, target, clause.describe())
        self._validate = made.validate_python
        self._validate_json = made.validate_json
        self._dump = made.dump_json
        self._extra: Any = None if says(clause.model, "extra") else "ignore"
        self.stream = clause.stream
        self.clause = clause.describe()

    def value(self, result: object) -> Any:
        """A value with the declared fields only: from data, from an object's attributes, from a list of either.

        Raises:
            pydantic.ValidationError: it does not have the declared shape.
        """
        return self._validate(result, from_attributes=True, extra=self._extra)

    def piece(self, item: object) -> bytes:
        """One item of a stream, as its kind sends it.

        Raises:
            pydantic.ValidationError: it does not have the declared shape.
        """
        # JSON has no line breaks outside strings, and pydantic writes those inside escaped: an event is one line.
        return b"data: " + self.json(item) + b"\n\n" if self.stream == "events" else self.json(item) + b"\n"

    @property
    def media_type(self) -> str:
        """The media type of a stream."""
        return "text/event-stream" if self.stream == "events" else "application/x-ndjson"

    def json(self, result: object) -> bytes:
        """The same as a JSON document.

        Raises:
            pydantic.ValidationError: it does not have the declared shape.
        """
        return self._dump(self._validate(result, from_attributes=True, extra=self._extra), by_alias=True)

    def filtered(self, document: bytes) -> bytes:
        """A JSON document with the declared fields only.

        Raises:
            pydantic.ValidationError: it does not have the declared shape.
        """
        return self._dump(self._validate_json(document, extra=self._extra), by_alias=True)


def returns(model: Any, *, stream: bool | Literal["lines", "events"] = False) -> Clause:
    """The answer has the shape of ``model``; fields that it does not declare never leave.

    Holds for dicts, objects, lists, pages and for JSON responses that the body builds itself. A stream is refused unless
    declared; then each item is filtered.

    Args:
        model: a pydantic model, or any type that pydantic validates: ``UserOut``, ``list[UserOut]``, ``Page[UserOut]``.
        stream: the body yields items of this shape, one by one: ``"lines"`` or ``True`` sends one JSON document a line
            (``application/x-ndjson``), ``"events"`` server-sent events (``text/event-stream``).

    Raises:
        ContractError: a stream of another kind.
    """
    if stream not in (True, False, "lines", "events"):
        raise ContractError(f"returns(stream={stream!r}) is not known", 'write True, "lines" or "events"')
    return Returns(model, "lines" if stream is True else stream)
