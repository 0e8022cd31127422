"""The same thing offered on two ways in, of which one is guarded."""

from __future__ import annotations

from dataclasses import dataclass

from counterseal.audit.result import RouteKind
from counterseal.audit.rules._shared.access_routes import authenticated, claimed, first_segment, judged, unversioned
from counterseal.audit.surface.model import Route, Surface


@dataclass(frozen=True, slots=True)
class Twin:
    """An open way in, with a guarded one to the same."""

    open: Route
    guarded: Route
    why: str
    """What makes them the same."""


def unguarded_twins(surface: Surface) -> list[Twin]:
    """Routes without authentication whose twin on another transport, or under another version, has it."""
    routes = list(judged(surface))
    guarded = [route for route in routes if authenticated(route)]
    found = []
    for route in routes:
        if claimed(route):
            continue
        twin = _versions(route, guarded) or _websocket(route, guarded)
        if twin is not None:
            found.append(twin)
    return found


def _versions(route: Route, guarded: list[Route]) -> Twin | None:
    for other in guarded:
        if other.method != route.method or other.path == route.path:
            continue
        if other.handler == route.handler:
            return Twin(route, other, "both run the same function")
        if unversioned(other.path) == unversioned(route.path) and _models(other) & _models(route):
            return Twin(route, other, "they are two versions of one route")
    return None


def _websocket(route: Route, guarded: list[Route]) -> Twin | None:
    if route.kind is not RouteKind.WEBSOCKET:
        return None
    for other in guarded:
        if other.kind is RouteKind.WEBSOCKET:
            continue
        common = _models(other) & _models(route)
        if common:
            return Twin(route, other, f"both work on {' and '.join(sorted(common))}")
        if first_segment(other.path) and _resource(other.path) & _resource(route.path):
            return Twin(route, other, "both are about the same resource")
    return None


def _models(route: Route) -> set[str]:
    return {name for access in route.flow.accesses() for name in access.models[:1]}


def _resource(path: str) -> set[str]:
    return {part.rstrip("s") for part in unversioned(path).split("/") if part and part not in ("api", "ws", "{}", "websocket")}
