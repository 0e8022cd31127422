"""Routes whose caller is known by a cookie, and what stands against requests from other sites."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from counterseal.audit.rules._shared.access_routes import changes
from counterseal.audit.rules.usage import each, from_environment, settings
from counterseal.audit.surface.flow import Access, Branch, Call, Event
from counterseal.audit.surface.model import Route, Surface
from counterseal.audit.surface.values import Value
from counterseal.guarantees import Guarantee

_SAFE = ("lax", "strict")
_SESSION_LIBRARIES = ("flask_login", "flask_security", "flask_principal", "flask_user")
_READS = ("token-decode", "signer-load")


def identity_cookie(route: Route) -> str:
    """The cookie that says who is calling: its name, ``session`` for the framework's session, empty when there is none."""
    cell = route.cells.get(Guarantee.AUTHENTICATED)
    if cell is not None and any(where.why.startswith(_SESSION_LIBRARIES) for where in cell.evidence):
        return "session"
    for event in route.flow.among(Branch, Call, Access):
        for value in _identifying(event):
            if "session" in value.may and value.may & {"who", "self"}:
                return "session"
            if isinstance(event, Call):
                name = next((label[10:] for label in sorted(value.may) if label.startswith("in:cookie:")), "")
                if name:
                    return name
    return ""


def _identifying(event: Event) -> Iterator[Value]:
    if isinstance(event, Branch):
        yield event.value
    elif isinstance(event, Call) and event.kind in _READS:
        yield from event.args
    elif isinstance(event, Access):
        yield from (condition.value for condition in event.conditions)


def sends_without_script(route: Route) -> bool:
    """Whether a plain form or link of another site can make the request: it changes something unchecked, and needs no JSON."""
    open_ = [event for event in changes(route) if "csrf" not in event.facts and _meant(event, route)]
    if not open_ or any(each.source == "body" for each in route.inputs):
        return False
    needed = {label for event in open_ for value in _written(event) for label in value.may}
    forced = any(_is_true(e.kwargs.get("force")) for e in route.flow.calls("json-load"))
    reads_json = any("in:body" in e.result.may for e in route.flow.calls("json-load"))
    return forced or not (reads_json or any(label.startswith("in:body") for label in needed))


def _meant(event: Event, route: Route) -> bool:
    """Whether a change is what the request is for, rather than a trace that each request leaves (``last_seen``)."""
    return _asked_for(event) or (route.method != "GET" and event.function == route.flow.function)


def _asked_for(event: Event) -> bool:
    """Whether the request says what is changed; a GET that makes an empty cart does no harm."""
    keys = [condition.value for condition in event.conditions] if isinstance(event, Access) else []
    deleted = isinstance(event, Access) and event.verb == "delete"
    return deleted or any(value.inputs() for value in [*_written(event), *keys])


def _written(event: Event) -> list[Value]:
    if isinstance(event, Access):
        return [value for _, value in event.values]
    value = getattr(event, "value", None)
    return [value] if isinstance(value, Value) else []


def _is_true(value: Value | None) -> bool:
    return value is not None and value.is_const and bool(value.const)


@dataclass(frozen=True, slots=True)
class Defences:
    """What an application has against requests from other sites."""

    protected: bool
    """A CSRF protection is attached and on."""
    session_declared: bool
    """Flask's session cookie is declared ``SameSite``."""
    session_lax: bool
    """No session middleware takes its ``SameSite`` back."""
    token_declared: bool
    """The cookie of a token library is declared ``SameSite``, or comes with a CSRF token."""
    cookies: Mapping[str, tuple[bool, ...]]
    """Cookies that the program sets by name (empty: not a constant), each with whether it is declared ``SameSite``."""


def defences(surface: Surface) -> Defences:
    """Everything in the program that stands against requests from other sites."""
    off = any(found.value.is_const and not found.value.const for found in settings(surface, "WTF_CSRF_ENABLED"))
    loose = {place for kind, _, place in surface.unattached if kind == "csrf"}
    attached = any(use.place not in loose for use in each(surface, "csrf-protect"))
    cookies: dict[str, tuple[bool, ...]] = {}
    for use in each(surface, "set-cookie"):
        name = str(use.value("key") or "")
        declared = str(use.value("samesite") or "").lower() in _SAFE or _unknown(use.roles.get("samesite"))
        cookies[name] = (*cookies.get(name, ()), declared)
    return Defences(
        protected=attached and not off,
        session_declared=any(_is_safe(found.value) for found in settings(surface, "SESSION_COOKIE_SAMESITE")),
        session_lax=all(str(use.value("samesite") or "lax").lower() in _SAFE for use in each(surface, "session-start")),
        token_declared=any(_is_true(found.value) for found in settings(surface, "JWT_COOKIE_CSRF_PROTECT"))
        or any(_is_safe(found.value) for found in settings(surface, "JWT_COOKIE_SAMESITE")),
        cookies=cookies,
    )


def defended(route: Route, cookie: str, known: Defences, surface: Surface) -> bool:
    """Whether something stands against requests from other sites."""
    names = [name for app in surface.applications if app.name == route.app for name, _, _ in app.middleware]
    if known.protected or any("csrf" in name.lower() for name in names):
        return True
    if route.method == "GET":
        return False  # Lax sends the cookie along when a link is followed
    if cookie == "session":
        return known.session_declared if route.framework == "flask" else known.session_lax
    return known.token_declared or all((*known.cookies.get(cookie, ()), *known.cookies.get("", ())))


def _is_safe(value: Value) -> bool:
    return from_environment(value) or not value.is_const or str(value.const).lower() in _SAFE


def _unknown(value: Value | None) -> bool:
    return value is not None and not value.is_const
