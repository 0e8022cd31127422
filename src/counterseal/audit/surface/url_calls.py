"""Library calls that make URL patterns, and those that frameworks make between a pattern and its view."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from counterseal.audit.libraries.model import Api
from counterseal.audit.surface.core import Registration
from counterseal.audit.surface.flow import Raise
from counterseal.audit.surface.library_call import LibraryCall, fixed_values
from counterseal.audit.surface.values import NULL, UNKNOWN, Value, const

if TYPE_CHECKING:
    from counterseal.audit.surface.library import LibraryCalls

DEVELOPMENT = "development"
"""Option of patterns that exist only in development."""


def _pattern(m: LibraryCalls, c: LibraryCall, path: Value | None, handler: Value | None) -> Value:
    options = {**c.roles, **fixed_values(c.api), **({DEVELOPMENT: const(True)} if m.development else {})}
    place = m.place(c.line, c.end)
    made = Registration("route", UNKNOWN, place, path, None, handler, None, options, c.full)
    return Value(kind="route-item", extra=made, site=f"{place.file}:{c.line}")


def _path(m: LibraryCalls, c: LibraryCall) -> Value:
    return _pattern(m, c, c.roles.get("path"), c.roles.get("handler"))


def _include(m: LibraryCalls, c: LibraryCall) -> Value:
    place = m.place(c.line, c.end)
    return Value(kind="url-include", extra=c.roles.get("child") or UNKNOWN, site=f"{place.file}:{c.line}")


def _prefixed(m: LibraryCalls, c: LibraryCall) -> Value:
    """Patterns below a prefix that the library makes up; files that it serves in development only are none."""
    if "serves" in c.api.fixed:
        return Value(kind="seq", items=[], null=True)
    below = Value(kind="url-include", extra=Value(kind="seq", items=c.args))
    return Value(kind="seq", items=[_pattern(m, c, const(c.api.fixed.get("prefix", "")), below)])


def _router(m: LibraryCalls, c: LibraryCall) -> Value:
    """A router that makes patterns of view sets: they are registered one by one, and included together."""
    if c.receiver is not None and c.receiver.kind == "obj":
        made = c.receiver  # a router class of the program's own
        made.items.update(c.roles)
    else:
        site = f"{m.place(c.line).file}:{c.line}"
        made = Value(kind="inst", ref=c.api.returns, items=dict(c.roles), site=site, name=c.full.rpartition(".")[2])
    made.extra = "url-router"
    made.items["registry"] = Value(kind="seq", items=[])
    made.items["urls"] = Value(kind="url-include", extra=made, site=made.site)
    made.items.update(fixed_values(c.api))
    return made


def _register(m: LibraryCalls, c: LibraryCall) -> Value:
    registry = c.receiver.item("registry") if c.receiver is not None else None
    if registry is None or not isinstance(registry.items, list):
        m.gave_up.add("a view is registered on a router that could not be followed")
        return NULL
    registry.items.append(_pattern(m, c, c.roles.get("path"), c.roles.get("handler")))
    return NULL


def _authenticator(m: LibraryCalls, c: LibraryCall) -> Value:
    """One way of finding out who is calling: the program's own is run; a library's counts if its file says so."""
    scheme, request = c.roles.get("authenticator") or UNKNOWN, c.roles.get("request") or UNKNOWN
    if scheme.kind == "obj":
        first = len(m.events)
        found = m.call(m.attribute(scheme, "authenticate", c.st, c.line), [request], {}, c.st, c.line)
        # A wrong credential is refused, but who presents none goes on: that is no guard.
        m.events[first:] = [event for event in m.events[first:] if not isinstance(event, Raise)]
        return found
    if scheme.kind != "unknown" and (m.know.api(str(scheme.ref)) or Api("")).kind == "authenticator-class":
        user = Value(may=frozenset({"who", "self"}), must=frozenset({"who", "self"}), name="user")
    else:
        user = Value(may=frozenset({"opaque", "self"}), name="user")
    return Value(kind="seq", items=[user, UNKNOWN], may=user.may, null=True)


URL_CALLS: Mapping[str, Callable[..., Value]] = {
    "url-path": _path,
    "url-include": _include,
    "url-prefix": _prefixed,
    "url-router": _router,
    "url-register": _register,
    "authenticator": _authenticator,
}
