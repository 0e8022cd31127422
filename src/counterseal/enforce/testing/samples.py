"""What only the application's developers know: objects that exist, whose they are, and input that makes sense."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from counterseal.enforce.core.adapter import Entry
from counterseal.enforce.core.errors import ContractError
from counterseal.enforce.core.principal import Principal
from counterseal.enforce.testing.unknown import Unknown

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_MISSING = object()
_PARAMETER = re.compile(r"{(\w+)(?::(\w+)[^}]*)?}|<(?:(\w+)[^:>]*:)?(\w+)>")
_BY_WORD = {"int": "1", "float": "1.5", "uuid": "00000000-0000-4000-8000-000000000001"}
_BY_TYPE = {int: "1", float: "1.5", UUID: _BY_WORD["uuid"], bool: "true"}
_NAME = "counterseal"


def _nothing() -> Mapping[str, Any]:
    return _NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A request to a route with which everything is right, as far as it cannot be made up."""

    path: Mapping[str, Any] = field(default_factory=_nothing)
    """Path parameters: the id of an object that exists."""
    query: Mapping[str, Any] = field(default_factory=_nothing)
    """Query parameters; a list as the value: several times."""
    headers: Mapping[str, str] = field(default_factory=_nothing)
    body: Any = _MISSING
    """Valid input of a contract that validates it; when it is not given it is made up from the model."""
    owner: str | Principal | None = None
    """Whose the object is: the principal, or its id."""
    hidden: Sequence[str] = ()
    """Texts that the answer to the owner may not hold, because they belong to others: what `scoped` has to keep out of a list."""

    @property
    def has_body(self) -> bool:
        """Whether input was given."""
        return self.body is not _MISSING


Given = Sample | Mapping[str, Any] | Callable[[], Any]
"""A sample, the same as a mapping, or a function that makes one: called for every case, when it runs."""


class Samples:
    """The samples of an application.

    Args:
        given: by route (``PATCH /users/{user_id}``), by path for all methods (``/users/{user_id}``), or the value of a path
            parameter for all routes by its name alone (``user_id``).
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._routes: dict[str, Given] = {}
        self._values: dict[str, Any] = {}
        for name, value in given.items():
            if name.isidentifier():
                self._values[name] = value
            else:
                self._routes[name] = value

    def check(self, entries: Iterable[Entry]) -> None:
        """Whether every sample belongs to something.

        Raises:
            ContractError: one does not: the route may have been renamed.
        """
        known: set[str] = set()
        for entry in entries:
            known |= {entry.path, f"{entry.method} {entry.path}", *parameters(entry.path)}
        strange = [name for name in (*self._routes, *self._values) if name not in known]
        if strange:
            raise ContractError(
                f"samples: there is no route or path parameter {strange[0]!r}", "name it as the routing table does"
            )

    def of(self, entry: Entry) -> Sample:
        """The sample of a route, made now.

        Raises:
            ContractError: it is none.
        """
        given = self._routes.get(f"{entry.method} {entry.path}", self._routes.get(entry.path, Sample()))
        if callable(given):
            given = given()
        if isinstance(given, Mapping):
            try:
                given = Sample(**given)
            except TypeError:
                raise ContractError(f"the sample of {entry.path} has members that a Sample does not have") from None
        if not isinstance(given, Sample):
            raise ContractError(f"the sample of {entry.path} is {type(given).__name__}, not a Sample")
        return given

    def value(self, name: str) -> Any:
        """The value of a path parameter for all routes; ``None``: there is none."""
        found = self._values.get(name)
        return found() if callable(found) else found


def parameters(template: str) -> dict[str, str]:
    """The names of a path's parameters, with the word that the template says of their type."""
    return {match[1] or match[4]: match[2] or match[3] or "" for match in _PARAMETER.finditer(template)}


def filled(entry: Entry, sample: Sample, samples: Samples, hints: Mapping[str, Any]) -> str:
    """The path with a value for each parameter: the sample's, or one of the right type.

    Raises:
        Unknown: nobody knows a value.
    """

    def value(match: re.Match[str]) -> str:
        name, word = match[1] or match[4], match[2] or match[3] or ""
        found = sample.path.get(name)
        if found is None:
            found = samples.value(name)
        if found is None:
            found = _BY_WORD.get(word) or (_made_up(name, hints))
        return quote(str(found), safe="/" if word == "path" else "")

    return _PARAMETER.sub(value, entry.path)


def _made_up(name: str, hints: Mapping[str, Any]) -> str:
    hint = hints.get(name)
    if hint is None or hint is str:
        return "1" if name.endswith("id") else _NAME
    if hint in _BY_TYPE:
        return _BY_TYPE[hint]
    raise Unknown(f"no sample for the path parameter {name!r}: give samples={{{name!r}: ...}}")


def encoded(query: Mapping[str, Any]) -> str:
    """A query."""
    return urlencode(query, doseq=True)
