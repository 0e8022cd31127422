"""Routes as the access rules see them: what is known about the caller, who the neighbours are, what is changed."""

from __future__ import annotations

import re
from functools import lru_cache

from counterseal.audit.result import RouteKind
from counterseal.audit.rules._shared.access_words import ORDINARY_ROLES, words
from counterseal.audit.surface.flow import Access, Call, Event, Raise, Return, Store
from counterseal.audit.surface.matrix import reached
from counterseal.audit.surface.model import Route, Surface
from counterseal.audit.surface.unjudged import unjudged_guard, unjudged_role
from counterseal.audit.surface.values import Labels, Query
from counterseal.guarantees import Guarantee, State
from counterseal.policy import Policy

ENTRY_KINDS = frozenset({"sign_in", "sign_up", "reset"})
_VERSION = re.compile(r"/v\d+(?=/|$)", re.IGNORECASE)


def judged(surface: Surface) -> list[Route]:
    """The routes that the application itself defines and that could be analysed; what comes along with ``GET`` counts once."""
    known = surface.derived.get("judged")
    if not isinstance(known, list):
        known = surface.derived["judged"] = _judged(surface)
    return known


def _judged(surface: Surface) -> list[Route]:
    own = [route for route in surface.routes if route.kind in (RouteKind.HTTP, RouteKind.WEBSOCKET) and route.flow.events]
    others = {(route.path, route.handler) for route in own if route.method not in ("HEAD", "OPTIONS")}
    return [r for r in own if r.method not in ("HEAD", "OPTIONS") or (r.path, r.handler) not in others]


def authenticated(route: Route) -> bool:
    """Whether the caller is known, with proof."""
    return route.holds(Guarantee.AUTHENTICATED)


def claimed(route: Route) -> bool:
    """Whether callers must name themselves, with or without proof: a guard stands there, though it may be useless."""
    if authenticated(route):
        return True
    key = "claimed", route.kind
    known: bool | None = route.flow.derived.get(key)
    if known is None:
        known = route.flow.derived[key] = _claimed(route)
    return known


def _claimed(route: Route) -> bool:
    points = reached(route.flow, route.kind is RouteKind.WEBSOCKET)
    return bool(points) and (all("claimed" in point.facts for point in points) or _weakly_guarded(route, points[0]))


def _weakly_guarded(route: Route, done: Event) -> bool:
    """Whether a token is read on the way, without proof, and callers without one are refused."""
    reads = any(call.seq <= done.seq and "forgeable" in call.result.may for call in route.flow.calls("token-decode"))
    return reads and any(e.status in (401, 403) for stops in (route.flow.of(Return), route.flow.of(Raise)) for e in stops)


def stopped_by_helper(route: Route) -> bool:
    """Whether a helper of a telling name refuses callers in a way that the analysis could not judge.

    It is no proof of a guard; but that none stands there cannot be said either.
    """
    cell = route.cells.get(Guarantee.AUTHENTICATED)
    return unjudged_guard(route) is not None or (cell is not None and cell.state is State.UNKNOWN)


def role_unjudged(route: Route) -> bool:
    """Whether a helper that decides by roles, as its name says, refuses callers in a way that the analysis could not judge."""
    points = reached(route.flow, route.kind is RouteKind.WEBSOCKET)
    if any("opaque-guard" in point.facts for point in points):
        return True
    return not any("role" in point.facts for point in points) and unjudged_role(route) is not None


def excused(route: Route, policy: Policy, guarantee: Guarantee) -> bool:
    """Whether the policy says that the route does not owe the guarantee."""
    return guarantee in policy.route_rule(route.method, route.path).excuses


def demanded(route: Route, policy: Policy, guarantee: Guarantee) -> bool:
    """Whether a rule of the policy asks for the guarantee on this route by name."""
    return guarantee in policy.route_rule(route.method, route.path).demands


def role_names(facts: Labels) -> frozenset[str]:
    """The roles that were compared with, in lower case."""
    return frozenset(fact[5:].lower() for fact in facts if fact.startswith("role:"))


def privileged(facts: Labels, policy: Policy) -> bool:
    """Whether a role was checked that not everyone who signs up has."""
    if "role" not in facts:
        return False
    ordinary = ORDINARY_ROLES | ({policy.roles[0].name.lower()} if len(policy.roles) > 1 else frozenset())
    return role_names(facts).isdisjoint(ordinary)


def role_checked(route: Route, policy: Policy) -> bool:
    """Whether the route is for privileged callers only."""
    points = reached(route.flow, route.kind is RouteKind.WEBSOCKET)
    return bool(points) and all(privileged(point.facts, policy) for point in points)


def neighbours(route: Route, surface: Surface) -> list[Route]:
    """Other routes of the same file, or, for a file with one handler only, of the same path prefix."""
    others = [each for each in judged(surface) if each is not route and each.handler != route.handler]
    near = [each for each in others if each.place.file == route.place.file]
    if near:
        return near
    first = first_segment(route.path)
    return [each for each in others if first and first_segment(each.path) == first]


@lru_cache(maxsize=10_000)
def first_segment(path: str) -> str:
    """The first part of a path that is neither a version nor ``api`` nor a parameter."""
    parts = [part for part in _VERSION.sub("", path).split("/") if part and part != "api"]
    return parts[0] if parts and parts[0][0] not in "{<" else ""


def unversioned(path: str) -> str:
    """A path without its version, with parameters made equal."""
    return re.sub(r"\{[^}]*\}|<[^>]*>", "{}", _VERSION.sub("", path)).rstrip("/") or "/"


def changes(route: Route) -> list[Event]:
    """What the route changes in the database."""
    out: list[Event] = []
    for event in route.flow.among(Access, Store):
        if isinstance(event, Access):
            if event.verb in ("create", "update", "delete"):
                out.append(event)
        elif isinstance(event, Store) and event.target.kind in ("obj", "row") and _stored(event):
            out.append(event)
    return out


def _stored(event: Store) -> bool:
    """Whether it changes a record that was loaded, rather than one that is being made."""
    loaded = isinstance(event.target.extra, Query) or event.target.kind == "row"
    return loaded and "new" not in event.target.may and any(label.startswith("obj:") for label in event.target.may)


def model_changed(event: Event) -> str:
    """The name of the model that a change is about."""
    if isinstance(event, Access):
        return event.models[0] if event.models else ""
    if isinstance(event, Store):
        return next((label[3:] for label in sorted(event.target.may) if label.startswith("db:")), event.target.name)
    return ""


def own_name(route: Route) -> str:
    """What the route calls itself: path and handler."""
    return words(route.path, route.handler)


def handler_name(route: Route) -> str:
    """The handler's name without its module."""
    return route.handler.rpartition(".")[2]


def calls_of(route: Route, *kinds: str) -> list[Call]:
    """Calls of the given kinds."""
    return list(route.flow.calls(*kinds))


def guard_hint(route: Route, surface: Surface) -> str:
    """How a neighbour is guarded, in words for a fix: the place where its check stands."""
    for each in [*neighbours(route, surface), *judged(surface)]:
        cell = each.cells.get(Guarantee.AUTHENTICATED)
        if cell is not None and cell.state.holds and cell.evidence:
            where = cell.evidence[0]
            return f"as {handler_name(each)} does ({where.file}:{where.line})"
    return ""
