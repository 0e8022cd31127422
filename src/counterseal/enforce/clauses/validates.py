"""`validates`: the input has the declared shape and nothing more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_origin

from counterseal.enforce.clauses import strict_json
from counterseal.enforce.clauses.base import Bound, Clause, Phase, Step, Target
from counterseal.enforce.clauses.given import is_count
from counterseal.enforce.clauses.shapes import adapter, field_errors, says
from counterseal.enforce.core.call import Call
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.errors import ContractError
from counterseal.enforce.core.exchange import Exchange
from counterseal.guarantees import Guarantee

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Source = Literal["json", "form", "query"]


@dataclass(frozen=True, slots=True, repr=False)
class Validates(Clause):
    """See `validates`."""

    model: Any
    source: Source
    into: str | None
    max_bytes: int | None

    phase = Phase.INPUT
    guarantee = Guarantee.VALIDATED

    def bind(self, target: Target) -> Bound:
        parameter = target.parameter_for(self.model, self.into, self.describe())
        target.supply(parameter, self.describe())
        if parameter is not None:
            target.inputs.add(parameter)
        made = adapter(self.model, target, self.describe())
        return Bound(before=_Reader(self, made, parameter).step(target))

    def describe(self) -> str:
        return f"the {_WORDS[self.source]} is a {name_of(self.model)} and nothing more"


class _Reader:
    """Reads and checks the input of one function."""

    def __init__(self, clause: Validates, made: TypeAdapter[Any], parameter: str | None) -> None:
        self._clause = clause
        self._parameter = parameter
        # The model's own word on extra fields and strictness stands; where it is silent, nothing extra and no conversion.
        self._extra: Any = None if says(clause.model, "extra") else "forbid"
        self._strict = None if says(clause.model, "strict") else True
        self._json = made.validate_json
        self._python = made.validate_python
        self._multiple = _multiple(clause.model)

    def step(self, target: Target) -> Step:
        read = {"json": self._from_json, "form": self._from_form, "query": self._from_query}[self._clause.source]

        def validate(call: Call) -> Awaitable[None] | None:
            exchange = call.exchange
            if exchange is None or call.parent is not None:
                self._from_argument(call)
                return None
            if exchange.kind == "websocket" and self._clause.source != "query":
                # The messages of a socket are judged one by one, as they come.
                return None
            return read(call, exchange)

        return validate

    def _from_json(self, call: Call, exchange: Exchange) -> Awaitable[None] | None:
        self._expect(exchange, "json", ("application/json",))
        body = exchange.body(self._limit(call))
        if isinstance(body, bytes):
            self._take_json(call, body)
            return None
        return self._later(call, body, self._take_json)

    def _from_form(self, call: Call, exchange: Exchange) -> Awaitable[None] | None:
        self._expect(exchange, "form", ("application/x-www-form-urlencoded", "multipart/form-data"))
        form = exchange.form(self._limit(call))
        if isinstance(form, Sequence):
            self._take_pairs(call, form)
            return None
        return self._later(call, form, self._take_pairs)

    def _from_query(self, call: Call, exchange: Exchange) -> None:
        self._take_pairs(call, exchange.query())

    def _from_argument(self, call: Call) -> None:
        """A service function: the caller hands the input over, as a model or as data."""
        if self._parameter is None or self._parameter not in call.arguments:
            raise Denied(422, "invalid-input", "the input is missing", clause=self._clause.describe())
        value = call.arguments[self._parameter]
        self._take(call, lambda: self._python(value, extra=self._extra))

    async def _later(self, call: Call, pending: Awaitable[Any], take: Callable[[Call, Any], None]) -> None:
        take(call, await pending)

    def _take_json(self, call: Call, body: bytes) -> None:
        strict_json.check(body)
        self._take(call, lambda: self._json(body, strict=self._strict, extra=self._extra))

    def _take_pairs(self, call: Call, pairs: Sequence[tuple[str, Any]]) -> None:
        given = Counter(name for name, _ in pairs)
        twice = [name for name, count in given.items() if count > 1 and name not in self._multiple]
        if twice:
            raise Denied(400, "repeated-field", "a field is given more than once", clause=self._clause.describe())
        values: dict[str, Any] = {name: [] for name in given if name in self._multiple}
        for name, value in pairs:
            if name in self._multiple:
                values[name].append(value)
            else:
                values[name] = value
        # Forms and queries know only texts: conversion is what they are for.
        self._take(call, lambda: self._python(values, extra=self._extra))

    def _take(self, call: Call, validate: Callable[[], Any]) -> None:
        from pydantic import ValidationError

        try:
            call.input = validate()
        except ValidationError as error:
            found = field_errors(error)
            raise Denied(422, "invalid-input", _summary(found), clause=self._clause.describe(), fields=found) from None
        if self._parameter is not None:
            call.arguments[self._parameter] = call.input

    def _expect(self, exchange: Exchange, what: str, types: tuple[str, ...]) -> None:
        given = exchange.headers("content-type")
        media = given[0].partition(";")[0].strip().lower() if len(given) == 1 else ""
        if media not in types and not (what == "json" and media.startswith("application/") and media.endswith("+json")):
            raise Denied(415, "unsupported-media-type", f"this takes {' or '.join(types)}", clause=self._clause.describe())
        encoding = exchange.header("content-encoding")
        if encoding and encoding.lower() != "identity":
            raise Denied(415, "unsupported-media-type", "encoded bodies are not taken", clause=self._clause.describe())

    def _limit(self, call: Call) -> int:
        return self._clause.max_bytes or call.security.max_body


_WORDS: dict[str, str] = {"json": "body", "form": "form", "query": "query"}


def validates(model: Any, *, source: Source = "json", into: str | None = None, max_bytes: int | None = None) -> Clause:
    """The input has the shape of ``model``: unknown fields, members given twice, NaN, values of another type are refused.

    The function gets the validated input as the parameter annotated with ``model``.

    Args:
        model: a pydantic model, or any type that pydantic validates. Where it configures ``extra`` or ``strict``, it decides.
        source: where the input is: ``json`` (the body), ``form`` or ``query``.
        into: the name of the parameter, when its annotation does not say.
        max_bytes: largest body; by default what the application allows.

    Raises:
        ContractError: an argument that cannot be meant.
    """
    if source not in _WORDS:
        raise ContractError(f"validates(source={source!r}) is not known", 'write "json", "form" or "query"')
    if max_bytes is not None and not is_count(max_bytes):
        raise ContractError("validates(max_bytes=...) is a number from 1")
    return Validates(model, source, into, max_bytes)


def name_of(model: Any) -> str:
    """A type's name for people."""
    return model.__name__ if isinstance(model, type) and get_origin(model) is None else str(model).replace("typing.", "")


def _multiple(model: Any) -> frozenset[str]:
    """The fields of a model that take several values."""
    fields = getattr(model, "model_fields", {})
    found = [(name, item.alias) for name, item in fields.items() if get_origin(item.annotation) in (list, set, frozenset, tuple)]
    return frozenset(alias or name for name, alias in found)


def _summary(found: Sequence[Any]) -> str:
    return "; ".join(f"{item.path or 'input'}: {item.code}" for item in found[:5])
