"""The routes of URL configurations, each with its flow."""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Place
from counterseal.audit.result import NotChecked, RouteKind
from counterseal.audit.surface.flow import Flow
from counterseal.audit.surface.inject import Machine, Request
from counterseal.audit.surface.model import Route
from counterseal.audit.surface.router import Mounted, text_of
from counterseal.audit.surface.routes import Assembly, path_params, run_route
from counterseal.audit.surface.url_middleware import listed, withdraws
from counterseal.audit.surface.url_views import View, subject, views_of
from counterseal.audit.surface.urlconf import Site, Unfollowed, not_followed, site_patterns, sites
from counterseal.audit.surface.values import UNKNOWN

_FRAMEWORK = "django"


def add_sites(m: Machine, out: Assembly) -> None:
    """Add the routes of every URL configuration to the table."""
    if not any(
        m.know.framework(target) == _FRAMEWORK for _, info in m.program.own_modules() for _, target, _, _ in info.facts.imports
    ):
        return
    for site in sites(m):
        try:
            _add_site(m, site, out)
        except Exception as error:  # noqa: BLE001 (what goes wrong with one site must not hide the others)
            place = site.made.place
            out.not_checked.append(NotChecked(f"routes of {site.module}", m.failed(error), place.file, place.line))


def _add_site(m: Machine, site: Site, out: Assembly) -> None:
    for hook in listed(m, site.made):
        if withdraws(m, hook):
            why = "it is used only where the settings ask for it: what it does to a caller's identity is not followed"
            out.not_checked.append(NotChecked(f"the middleware {hook.name}", why, hook.place.file, hook.place.line))
    seen: set[tuple[str, str]] = set()
    for found in site_patterns(m, site):
        if isinstance(found, Unfollowed) and not found.known:
            out.not_checked.append(not_followed(found))
            continue
        for route in [_generated(found)] if isinstance(found, Unfollowed) else _of_pattern(m, found):
            if (route.method, route.path) not in seen:  # the first pattern that matches wins
                seen.add((route.method, route.path))
                out.routes.append(route)


def _generated(found: Unfollowed) -> Route:
    r = found.registration
    flow = Flow(found.name, r.place)
    return Route("GET", found.prefix, RouteKind.GENERATED, _FRAMEWORK, r.owner.site, found.name, r.place, (), flow, None)


def _of_pattern(m: Machine, mounted: Mounted) -> Iterator[Route]:
    handler = mounted.registration.handler or UNKNOWN
    inner = subject(handler)
    if inner.kind in ("ext", "inst") or (inner.kind == "unknown" and inner.name == "as_view"):
        path = text_of(mounted.registration.path)
        r = mounted.registration
        name = str(inner.ref or inner.name)
        yield Route("GET", path, RouteKind.GENERATED, _FRAMEWORK, mounted.app.site, name, r.place, (), Flow(name, r.place), None)
        return
    for view in views_of(m, handler):
        yield _route(m, mounted, view)


def _route(m: Machine, mounted: Mounted, view: View) -> Route:
    r = mounted.registration
    path = text_of(r.path)
    request = Request(path_params(path), view.method)
    m.view_in_turn = r.handler
    flow = run_route(m, mounted, view.method, path, r.handler or UNKNOWN, None, view.func, request, _FRAMEWORK)
    m.view_in_turn = None
    tags = frozenset({"development"}) if mounted.development else frozenset[str]()
    place = _place(m, view, r.place)
    own = any(part is not None and part.module not in m.program.modelled for part in (view.func, view.owner))
    kind = RouteKind.HTTP if own else RouteKind.GENERATED
    return Route(view.method, path, kind, _FRAMEWORK, mounted.app.site, view.name, place, (), flow, None, tags=tags)


def _place(m: Machine, view: View, fallback: Place) -> Place:
    """Where the code of the view stands: its method, or its class when a library defines the method."""
    if view.func is not None and view.func.module not in m.program.modelled:
        item = m.program.function(view.func)
        return Place(m.program.path(view.func.module), item.first_line, item.line)
    if view.owner is not None and view.owner.module not in m.program.modelled:
        cls = m.program.cls(view.owner)
        return Place(m.program.path(view.owner.module), cls.line, cls.line)
    return fallback
