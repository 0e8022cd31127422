"""How the program uses libraries, in the words of the library files: what rules about calls and settings start from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from counterseal.audit.findings import Exposure, Hit, Place
from counterseal.audit.libraries import load_libraries
from counterseal.audit.libraries.knowledge import Knowledge
from counterseal.audit.libraries.model import Api
from counterseal.audit.surface.flow import Access, Call, Event, Flow, Store
from counterseal.audit.surface.model import Route, Setting, Surface
from counterseal.audit.surface.values import Value
from counterseal.guarantees import Guarantee
from counterseal.policy import Policy

_MANY = 3


@cache
def knowledge() -> Knowledge:
    """What the library files say."""
    return Knowledge(load_libraries())


@dataclass(frozen=True, slots=True, eq=False)
class Use:
    """One use of something that a library file describes."""

    call: Call
    api: Api
    roles: Mapping[str, Value]
    """Arguments by meaning."""
    route: str | None
    """``"METHOD /path"`` when a request runs it."""

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.call.place

    @property
    def name(self) -> str:
        """The last part of its name, as the program writes it."""
        return self.call.name.rpartition(".")[2] if self.call.kind else str(self.call.args[0].ref).rpartition(".")[2]

    def value(self, role: str) -> object:
        """The constant given for ``role``, or what the library fixes; ``None`` when it is neither given nor known."""
        given = self.roles.get(role)
        if given is not None:
            return given.const if given.is_const else None
        fixed = self.api.fixed.get(role)
        return {"true": True, "false": False}.get(fixed, fixed) if fixed is not None else None

    def given(self, role: str) -> bool:
        """Whether the program or the library says anything about ``role``; what ``**options`` hide counts as said."""
        return role in self.roles or role in self.api.fixed or "**" in self.call.kwargs


def flows(surface: Surface) -> Iterator[tuple[str | None, Flow]]:
    """Every flow with the route that it belongs to."""
    for route in surface.routes:
        yield route.name, route.flow
    for flow in surface.flows:
        yield None, flow


@dataclass(slots=True)
class _Index:
    """The events of a surface by what they are, so that every rule need not look at all of them."""

    calls: dict[str, list[tuple[str | None, Call]]] = field(default_factory=dict)
    """By kind. Those that hand a class of a library to something else stand under ``deferred`` too."""
    stores: list[tuple[str | None, Store]] = field(default_factory=list)
    """The first of every place and name."""
    accesses: list[tuple[str | None, Access]] = field(default_factory=list)


def _index(surface: Surface) -> _Index:
    found = surface.derived.get("uses")
    if not isinstance(found, _Index):
        found = surface.derived["uses"] = _indexed(surface)
    return found


def _indexed(surface: Surface) -> _Index:
    out = _Index()
    once: dict[tuple[Place, str], tuple[str | None, Store]] = {}
    for route, flow in flows(surface):
        for call in flow.of(Call):
            if call.kind:
                out.calls.setdefault(call.kind, []).append((route, call))
            if call.kind in ("", "middleware") and call.args and call.args[0].kind == "ext":
                out.calls.setdefault("deferred", []).append((route, call))
        for store in flow.of(Store):
            once.setdefault((store.place, store.name), (route, store))
        out.accesses += [(route, access) for access in flow.of(Access)]
    out.stores = list(once.values())
    return out


def _places_run(surface: Surface) -> dict[Place, list[Route]]:
    """The routes that run each place."""
    found = surface.derived.get("places")
    if isinstance(found, dict):
        return found
    out: dict[Place, list[Route]] = {}
    for route in surface.routes:
        for place in {event.place for event in route.flow.events}:
            out.setdefault(place, []).append(route)
    surface.derived["places"] = out
    return out


Check = Callable[[Surface, Policy], Iterator[Hit]]


def by_route(check: Check) -> Check:
    """A check whose findings name a route only where one route alone runs the place.

    A finding in a helper of many routes belongs to none of them; who can reach the widest open one can reach it.
    """

    def checked(surface: Surface, policy: Policy) -> Iterator[Hit]:
        for hit in check(surface, policy):
            routes = _running(surface, hit.place) if hit.route is not None else []
            if len(routes) > 1:
                hit = replace(
                    hit, route=None, exposure=hit.exposure or min((_reach(route) for route in routes), key=_WIDTH.index)
                )
            yield hit

    return checked


_WIDTH = (Exposure.ANYONE, Exposure.USER, Exposure.ADMIN)


def _running(surface: Surface, place: Place) -> list[Route]:
    return _places_run(surface).get(place, [])


def _reach(route: Route) -> Exposure:
    if not route.holds(Guarantee.AUTHENTICATED):
        return Exposure.ANYONE
    return Exposure.ADMIN if route.holds(Guarantee.AUTHORIZED) else Exposure.USER


def uses(surface: Surface, *kinds: str) -> Iterator[Use]:
    """Uses of the given kinds in all flows; a place that several flows reach comes several times.

    A class that is handed to something that makes it later (``add_middleware(CORSMiddleware, ...)``) counts as used there.
    """
    index = _index(surface)
    for kind in kinds:
        for route, call in index.calls.get(kind, ()):
            yield Use(call, knowledge().api(call.name) or Api(call.kind), call.roles, route)
    for route, call in index.calls.get("deferred", ()):
        made = call.args[0].ref
        api = knowledge().api(made) if isinstance(made, str) else None
        if api is not None and api.kind in kinds:
            yield Use(call, api, _keywords(api, call.kwargs), route)


def _keywords(api: Api, kwargs: Mapping[str, Value]) -> dict[str, Value]:
    out: dict[str, Value] = {}
    for meaning, where in api.roles.items():
        for key in where if isinstance(where, tuple) else (where,):
            if isinstance(key, str) and key in kwargs:
                out[meaning] = kwargs[key]
                break
    return out


def places(found: Iterable[Use]) -> dict[Place, list[Use]]:
    """Uses by place, in order of their places."""
    out: dict[Place, list[Use]] = {}
    for use in found:
        out.setdefault(use.place, []).append(use)
    return dict(sorted(out.items(), key=lambda item: (item[0].file, item[0].line)))


def each(surface: Surface, *kinds: str) -> Iterator[Use]:
    """One use for every place and name, the first that a route reaches."""
    seen: set[tuple[Place, str]] = set()
    for use in uses(surface, *kinds):
        key = (use.place, use.call.name)
        if key not in seen:
            seen.add(key)
            yield use


def stores(surface: Surface) -> Iterator[tuple[str | None, Store]]:
    """Every assignment to an attribute or key, once per place and name."""
    yield from _index(surface).stores


def accesses(surface: Surface, *verbs: str) -> Iterator[tuple[str | None, Access]]:
    """Every database access with one of ``verbs``; a place that several flows reach comes several times."""
    for route, event in _index(surface).accesses:
        if event.verb in verbs:
            yield route, event


def shared_places(surface: Surface) -> frozenset[Place]:
    """Places that serve many tables (``def execute(sql, values)``, a generic repository), and say nothing about any one."""
    tables: dict[Place, set[tuple[str, ...]]] = {}
    for _, event in _index(surface).accesses:
        tables.setdefault(event.place, set()).add(event.models)
    return frozenset(place for place, found in tables.items() if len(found) >= _MANY)


def route_place(surface: Surface, name: str | None) -> Place | None:
    """Where the handler of a route stands."""
    return next((route.place for route in surface.routes if route.name == name), None)


def settings(surface: Surface, *names: str) -> Iterator[Setting]:
    """Configuration values by name, whatever case it is written in; assignments to ``app.config`` in functions too."""
    wanted = {name.upper() for name in names}
    seen: set[Place] = set()
    for setting in surface.settings:
        if setting.name.upper() in wanted and setting.place not in seen:
            seen.add(setting.place)
            yield setting
    for _, store in stores(surface):
        if store.target.kind == "config" and store.name.upper() in wanted and store.place not in seen:
            seen.add(store.place)
            yield Setting(store.name, store.value, store.place, "app.config")
    for use in uses(surface, "config-set"):
        for name, value in use.call.kwargs.items():
            if name.upper() in wanted and use.place not in seen:
                seen.add(use.place)
                yield Setting(name, value, use.place, "app.config")


def constants(value: Value | None) -> tuple[object, ...]:
    """The constants that a value is, may be, or holds as a sequence; empty when it is not known."""
    if value is None:
        return ()
    if value.is_const:
        return (value.const,)
    if isinstance(value.items, list):
        return tuple(v.const for v in value.items if isinstance(v, Value) and v.is_const)
    if isinstance(value.extra, tuple) and len(value.extra) == 2 and value.extra[0] == "choices":
        return tuple(value.extra[1])
    return ()


def from_environment(value: Value) -> bool:
    """Whether the deployment can set it."""
    return any(label.startswith("env:") for label in value.may)


def function_name(event: Event) -> str:
    """The plain name of the function that an event stands in."""
    return event.function.rpartition(".")[2]
