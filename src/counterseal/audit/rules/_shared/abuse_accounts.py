"""What a route changes about accounts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from counterseal.audit.surface.flow import Access, Event, Store
from counterseal.audit.surface.model import Route, Surface
from counterseal.audit.surface.ownership import is_principal
from counterseal.audit.surface.values import Value
from counterseal.audit.surface.vocabulary import ROLE

_PASSWORD = re.compile(r"pass(word|wd|phrase|_?hash)|(^|_)pwd?($|_)", re.IGNORECASE)
_BAN = re.compile(r"(^|_)(is_)?(active|banned|blocked|disabled|suspended|locked|deactivated|enabled)($|_)", re.IGNORECASE)


def password_changes(route: Route) -> Iterator[Event]:
    """Where the password of an account that exists already is replaced."""
    for event in route.flow.among(Store, Access):
        if isinstance(event, Store):
            named = "new" not in event.target.may and _PASSWORD.search(event.name)
            loaded = any(x.startswith("obj:") or x in ("who", "self") for x in event.target.may)
            if named and loaded and _new_password(event.value) and not ("password" in event.facts and _rehash(event)):
                yield event
        elif isinstance(event, Access):
            written = event.values if event.verb == "update" else ()
            if any(_PASSWORD.search(name) and _new_password(value) for name, value in written):
                yield event


def _new_password(value: Value) -> bool:
    return not value.null or bool(value.may & {"hash:password", "hash:fast"} or value.inputs())


def _rehash(event: Store) -> bool:
    """Whether a sign-in only stores a stronger hash of the password that was just verified."""
    return any(label.startswith("db:") for label in event.value.may)


def account_changes(route: Route, surface: Surface) -> Iterator[tuple[Event, str]]:
    """The first deletion, ban or change of role in the route, with what it is."""
    for event in route.flow.among(Store, Access):
        if isinstance(event, Access) and event.models and is_principal(surface.models.get(event.models[0]), event.models[0]):
            if event.verb == "delete":
                yield event, "deletes an account"
                return
            if event.verb == "update" and any(_BAN.search(name) or ROLE.search(name) for name, _ in event.values):
                yield event, "bans an account or changes its role"
                return
        elif isinstance(event, Store) and _of_account(event, surface) and (_BAN.search(event.name) or ROLE.search(event.name)):
            yield event, "bans an account or changes its role"
            return


def _of_account(event: Store, surface: Surface) -> bool:
    models = [label[3:] for label in event.target.may if label.startswith("db:")]
    return "new" not in event.target.may and any(is_principal(surface.models.get(m), m) for m in models)
