"""What happens when a function runs: the events that rules look at, in order of execution.

Every event knows its place, the function it stands in, and the *facts* that hold whenever it is reached::

    auth            a credential was checked, and refused when it was not valid
    claimed         an identity was demanded, but the check accepts forged ones: it is no authentication
    opaque-guard    a decorator of an unknown library, called like a guard, let it through
    opaque-auth     something made from the request, by code that is not there to be read, was demanded
    role            a role or permission of the caller was checked
    role:NAME       ... and it was compared with NAME
    link:LABEL      the caller's identity was compared or queried together with LABEL (an input or a loaded record)
    csrf            a token against cross-site request forgery was checked
    limit           a rate limiter was consulted
    signature       a message's signature was verified
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from counterseal.audit.findings import Place
from counterseal.audit.surface.values import NONE, Condition, Labels, Value
from counterseal.guarantees import Evidence


@dataclass(slots=True, eq=False)
class Event:
    """Something that happens at one place. Not to be changed once made; not frozen, since millions are made."""

    place: Place
    function: str
    """Qualified name of the function it stands in."""
    facts: Labels
    seq: int
    """Order of execution within the flow."""


@dataclass(slots=True, eq=False)
class Call(Event):
    """A call of a library function, or of something that could not be resolved (name ``?.method``)."""

    name: str
    """Full name (``jwt.decode``, ``flask.request.args.get``), or ``?.method``."""
    kind: str
    """What it does, by the library data (``token-decode``); empty when no library describes it."""
    args: tuple[Value, ...]
    kwargs: Mapping[str, Value]
    receiver: Value | None
    roles: Mapping[str, Value]
    """Arguments by the meaning that the library data gives them (``key``, ``algorithms``)."""
    result: Value

    def arg(self, index: int, name: str) -> Value | None:
        """An argument by keyword or position."""
        if name in self.kwargs:
            return self.kwargs[name]
        return self.args[index] if 0 <= index < len(self.args) else None


@dataclass(slots=True, eq=False)
class Access(Event):
    """A database access."""

    verb: str
    """``get`` (one record), ``list``, ``count``, ``create``, ``update``, ``delete``."""
    models: tuple[str, ...]
    """Class names, or table names for raw SQL; the first is the one selected or changed."""
    conditions: tuple[Condition, ...]
    label: str
    """``obj:N``: the label that the loaded record carries."""
    limited: bool
    raw: bool
    columns: tuple[str, ...]
    values: tuple[tuple[str, Value], ...]
    """What is written, by column."""
    page: Value | None = None
    """How many records are read at most, where the query says so."""
    target: Value | None = None
    """The record that is changed or deleted, when it was loaded before."""


@dataclass(slots=True, eq=False)
class Store(Event):
    """An assignment to an attribute or key: ``target.name = value``.

    ``setattr(target, NAME, value)`` has the name ``*`` when NAME varies.
    """

    target: Value
    name: str
    value: Value
    key: Value | None = None
    """The key or attribute name as a value, for ``setattr`` and subscripts."""


@dataclass(slots=True, eq=False)
class Return(Event):
    """A return of the analysed function itself (not of the helpers that it calls)."""

    value: Value
    status: int | None
    """HTTP status when it is stated."""

    @property
    def refuses(self) -> bool:
        """Whether it answers with an error status."""
        return self.status is not None and self.status >= 400


@dataclass(slots=True, eq=False)
class Raise(Event):
    """An exception that is raised, or an abort."""

    name: str
    status: int | None
    message: Value


@dataclass(slots=True, eq=False)
class Compare(Event):
    """An equality comparison."""

    op: str
    left: Value
    right: Value


@dataclass(slots=True, eq=False)
class Branch(Event):
    """A condition that was decided; ``refused`` when one side of it ends in a refusal."""

    value: Value
    refused: bool


E = TypeVar("E", bound=Event)


@dataclass(slots=True)
class Flow:
    """The events of one function with everything that it calls."""

    function: str
    place: Place
    events: list[Event] = field(default_factory=list)
    log: tuple[tuple[str, Evidence], ...] = ()
    """Facts in the order in which they were established, with the place."""
    gave_up: tuple[str, ...] = ()
    """Why the analysis did not follow everything; empty when it did."""
    failed: bool = False
    """The analysis broke off: what was not seen may be there."""
    derived: dict[object, Any] = field(default_factory=dict, repr=False)
    """What was computed from the events once and is asked for often."""

    def calls(self, *kinds: str) -> Sequence[Call]:
        """Calls of the given kinds (all described and undescribed ones when none is given), in order."""
        every = self.of(Call)
        if not kinds:
            return every
        by_kind = self.derived.get("kinds")
        if by_kind is None:
            by_kind = self.derived["kinds"] = {}
            for call in every:
                by_kind.setdefault(call.kind, []).append(call)
        present = [kind for kind in kinds if kind in by_kind]
        if len(present) < 2:
            return by_kind[present[0]] if present else ()
        key = "calls", kinds
        found: list[Call] | None = self.derived.get(key)
        if found is None:
            found = self.derived[key] = [call for call in every if call.kind in present]
        return found

    def accesses(self, *verbs: str) -> Sequence[Access]:
        """Database accesses with one of ``verbs`` (all when none is given), in order."""
        every = self.of(Access)
        return [event for event in every if event.verb in verbs] if verbs else every

    def returns(self) -> Sequence[Return]:
        """Returns of the function itself."""
        return self.of(Return)

    def of(self, cls: type[E]) -> Sequence[E]:
        """The events of one class, in order. They are sorted out once, when all are there."""
        index = self.derived.get("index")
        if index is None or index[0] != len(self.events):
            self.derived.clear()
            sorted_out: dict[type, list[Event]] = {}
            for event in self.events:
                sorted_out.setdefault(type(event), []).append(event)
            index = self.derived["index"] = (len(self.events), sorted_out)
        sorted_into: dict[type, list[Any]] = index[1]
        return sorted_into.get(cls, ())

    def among(self, *classes: type[E]) -> Sequence[E]:
        """The events of several classes, in order."""
        parts = [part for part in map(self.of, classes) if part]
        if len(parts) < 2:
            return parts[0] if parts else ()
        found: list[E] | None = self.derived.get(classes)
        if found is None:
            found = self.derived[classes] = [event for event in self.events if type(event) in classes]
        return found

    def facts(self) -> Labels:
        """Everything that is established somewhere in the flow."""
        self.of(Event)  # what is remembered belongs to these events
        found: Labels | None = self.derived.get("facts")
        if found is None:
            found = self.derived["facts"] = NONE.union(*{event.facts for event in self.events})
        return found
