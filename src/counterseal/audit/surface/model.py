"""The surface: everything that rules may look at. Pure data, no syntax trees, no files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from counterseal.audit.findings import Place
from counterseal.audit.result import NotChecked, RouteKind
from counterseal.audit.surface.flow import Call, Flow
from counterseal.audit.surface.values import Value
from counterseal.guarantees import Cell, Evidence, Guarantee


@dataclass(frozen=True, slots=True)
class Input:
    """One thing that the caller sends to a route."""

    name: str
    source: str
    """``path``, ``query``, ``body``, ``form``, ``header``, ``cookie``, ``file``."""
    type: str = ""
    """Scalar type, or the name of the model class; empty when undeclared."""
    model: str | None = None
    """Qualified name of the schema class, when it is one of the program's."""
    bounded: bool = False
    """A maximum (length, value, size) is declared."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a data model, table or schema."""

    name: str
    type: str
    place: Place
    primary: bool = False
    foreign: str = ""
    """Model or table that it refers to."""
    unique: bool = False
    bounded: bool = False
    constrained: bool = False
    """A pattern, enumeration, range or format narrows it."""
    default: Value | None = None


@dataclass(frozen=True, slots=True)
class DataModel:
    """A class or table that describes data."""

    name: str
    qualname: str
    kind: str
    """``table`` (stored records), ``schema`` (input or output shape), ``settings``, ``enum``, ``class``."""
    place: Place
    fields: Mapping[str, Field]
    extra_allowed: bool | None = None
    """Whether a schema lets undeclared fields through (None: the library's default)."""
    owner: str | None = None
    """The field that says whose record it is, when there is one."""
    is_principal: bool = False
    """Whether its records are the users of the application."""


@dataclass(frozen=True, slots=True)
class Route:
    """One way into the application, with what happens there."""

    method: str
    path: str
    kind: RouteKind
    framework: str
    app: str
    """Which application it belongs to (its variable's qualified name)."""
    handler: str
    place: Place
    """From the first decorator (or the registration) to the end of the handler's signature line."""
    inputs: tuple[Input, ...]
    flow: Flow
    """Guards and handler, in the order in which they run."""
    response_model: str | None
    """Qualified name of the declared output schema."""
    cells: Mapping[Guarantee, Cell] = field(default_factory=dict)
    kinds: frozenset[str] = frozenset()
    """What the route does, in the policy's words.

    read, write, object, sign_in, sign_up, reset, one_time_code, costly, privileged.
    """
    tags: frozenset[str] = frozenset()
    """Further traits: ``cookie-identity``, ``bearer-identity``, ``login-page``, ``upload``..."""

    @property
    def name(self) -> str:
        """``"METHOD /path"``."""
        return f"{self.method} {self.path}"

    def holds(self, guarantee: Guarantee) -> bool:
        """Whether the guarantee is known to be given here."""
        cell = self.cells.get(guarantee)
        return cell is not None and cell.state.holds


@dataclass(frozen=True, slots=True)
class Setting:
    """A configuration value: ``app.config["X"] = ...``, a settings class field, a module constant in capitals."""

    name: str
    value: Value
    place: Place
    owner: str
    """Application, class or module that it belongs to."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A string literal that is bound to a name, keyword, key or default."""

    name: str
    value: str
    place: Place
    test: bool = False


@dataclass(frozen=True, slots=True)
class FakeGuard:
    """A function that looks like a guard and was found not to guard."""

    name: str
    place: Place
    why: str


@dataclass(frozen=True, slots=True)
class LateGuard:
    """A guard that stands above the decorator that registers the route, so that requests reach the function without it."""

    handler: str
    """Qualified name of the function."""
    decorator: str
    place: Place
    facts: frozenset[str]
    """What it would have checked."""


@dataclass(frozen=True, slots=True)
class Application:
    """One application object and what is attached to it."""

    name: str
    framework: str
    place: Place
    middleware: tuple[tuple[str, Mapping[str, Value], Place], ...] = ()
    """(full class name, options, place)."""
    options: Mapping[str, Value] = field(default_factory=dict)
    """Arguments of the constructor."""


@dataclass(frozen=True, slots=True)
class Unread:
    """Code with the shape of a handler, a table of handlers or a server, that is no route."""

    library: str
    """Top-level import name of what it belongs to; empty: not known, or the program's own."""
    what: str
    place: Place


@dataclass(slots=True)
class Surface:
    """The linked program."""

    routes: tuple[Route, ...] = ()
    applications: tuple[Application, ...] = ()
    models: Mapping[str, DataModel] = field(default_factory=dict)
    """By class name (qualified names too)."""
    flows: tuple[Flow, ...] = ()
    """Flows of functions and modules that are not part of a route but call something that a library describes."""
    settings: tuple[Setting, ...] = ()
    literals: tuple[Literal, ...] = ()
    fake_guards: tuple[FakeGuard, ...] = ()
    late_guards: tuple[LateGuard, ...] = ()
    unattached: tuple[tuple[str, str, Place], ...] = ()
    """(what it is: ``limiter``, ``cors``, ``csrf``, ``authentication``; its name; where it was made).

    Objects that were made and never attached to anything.
    """
    dependencies: Mapping[str, str] = field(default_factory=dict)
    frameworks: tuple[str, ...] = ()
    evidence: Mapping[str, tuple[Evidence, ...]] = field(default_factory=dict)
    not_checked: tuple[NotChecked, ...] = ()
    unread: tuple[Unread, ...] = ()
    """What answers requests and belongs to nothing whose routes can be read."""
    derived: dict[str, object] = field(default_factory=dict, repr=False)
    """What was computed from the surface once and is asked for by several rules."""

    def all_flows(self) -> Iterator[Flow]:
        """Routes' flows first, then the others."""
        for route in self.routes:
            yield route.flow
        yield from self.flows

    def calls(self, *kinds: str) -> Iterator[Call]:
        """All calls of the given kinds in the program, each place once."""
        seen: set[tuple[str, int, str]] = set()
        for flow in self.all_flows():
            for call in flow.calls(*kinds):
                key = (call.place.file, call.place.line, call.name)
                if key not in seen:
                    seen.add(key)
                    yield call
