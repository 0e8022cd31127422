"""How callers are recognised again, and what can end that: what the identity checks of an application consult."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from counterseal.audit.surface.flow import Access, Call, Compare, Event, Flow, Store
from counterseal.audit.surface.model import Route, Surface
from counterseal.audit.surface.ownership import is_principal
from counterseal.audit.surface.values import Value
from counterseal.audit.surface.vocabulary import SECRET_COLUMN

SHORT_MINUTES = 60
"""A token that ends by itself within this time needs no revocation."""
_PER = {"weeks": 10080.0, "days": 1440.0, "hours": 60.0, "minutes": 1.0, "seconds": 1 / 60}
_TIMEDELTA = ("days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks")
_OTHER_PURPOSE = re.compile(r"(reset|verif|confirm|activat|invit|refresh|unsubscribe|download|csrf|share)", re.IGNORECASE)
_LOADER = re.compile(r"(load|get)_?user|user_?loader", re.IGNORECASE)
_CACHE = re.compile(r"^(\?|redis\.Redis|redis)\.(get|exists|sismember|hget|hexists|zscore)$")
_CACHE_WRITE = frozenset(
    {"set", "setex", "psetex", "sadd", "hset", "delete", "unlink", "expire", "add", "discard", "remove", "pop", "revoke"}
)


@dataclass(slots=True)
class Recognition:
    """What the identity checks of the program consult."""

    tokens: bool = False
    """Signed tokens that carry the identity."""
    cookies: bool = False
    """Sessions that live in a signed cookie at the client."""
    versions: set[str] = field(default_factory=set)
    """Columns of the account that are compared with what the token or session carries."""
    stores: set[str] = field(default_factory=set)
    """Tables of sessions, tokens or revocations that are consulted."""
    cached: bool = False
    """A cache or revocation callback is consulted."""
    accounts: bool = False
    """The account is loaded, so that one that is gone is refused."""

    @property
    def revocable(self) -> bool:
        """Whether anything that the server stores can end an identity before its time."""
        return bool(self.versions or self.stores or self.cached)

    def ended(self, flow: Flow) -> bool:
        """Whether a flow changes something that the identity checks consult."""
        return any(map(self.ends, flow.among(Store, Access, Call)))

    def ends(self, event: Event) -> bool:
        """Whether an event changes something that the identity checks consult."""
        if isinstance(event, Store):
            return event.name in self.versions
        if isinstance(event, Access) and event.verb in ("create", "update", "delete"):
            if event.models and event.models[0] in self.stores:
                return True
            return any(name in self.versions for name, _ in event.values)
        return isinstance(event, Call) and self.cached and event.name.rpartition(".")[2] in _CACHE_WRITE


def recognition(surface: Surface) -> Recognition:
    """What the identity checks consult, over all routes that know their caller."""
    found = Recognition()
    for route in surface.routes:
        if "auth" in route.flow.facts():
            for event in route.flow.among(Call, Compare, Access):
                _consult(found, event, surface)
        if "sign_in" in route.kinds:
            written = any("session" in e.target.may for e in route.flow.of(Store))
            found.cookies = found.cookies or written or any(True for _ in route.flow.calls("sign-in-session"))
    for flow in surface.flows:
        if _LOADER.search(flow.function.rpartition(".")[2]):
            found.versions |= {c.column for a in flow.accesses("get") for c in a.conditions if SECRET_COLUMN.search(c.column)}
    if _server_side(surface):
        found.cookies, found.cached = False, True
    found.cached = found.cached or any(_is_revocation(call) for call in surface.calls("hook"))
    loading = any("user_lookup_loader" in c.name or "user_loader" in c.name for c in surface.calls("hook"))
    found.accounts = found.accounts or loading or any(c.name.startswith("flask_login.") for c in surface.calls())
    return found


def _server_side(surface: Surface) -> bool:
    """Whether sessions are kept on the server."""
    named = any(name.lower().replace("-", "_") == "flask_session" for name in surface.dependencies)
    return named or any(call.name.startswith("flask_session.") for call in surface.calls())


def _is_revocation(call: Call) -> bool:
    return "blocklist_loader" in call.name or "blacklist_loader" in call.name


def _consult(found: Recognition, event: Event, surface: Surface) -> None:
    if isinstance(event, Call):
        if event.kind in ("token-decode", "signer-load") and "who" in event.result.must:
            found.tokens = True
        elif event.kind == "current-user" or event.kind == "login-required":
            found.tokens = found.tokens or "jwt" in event.name
            found.cookies = found.cookies or "login" in event.name
        elif _CACHE.match(event.name) and any(_presented(v) for v in event.args):
            found.cached = True
    elif isinstance(event, Compare):
        _compare(found, event)
    elif isinstance(event, Access) and event.verb in ("get", "list", "count") and event.models:
        _look_up(found, event, surface)


def _compare(found: Recognition, event: Compare) -> None:
    for carried, stored in ((event.left, event.right), (event.right, event.left)):
        from_account = any(x.startswith("db:") for x in stored.may)
        if from_account and stored.name and _presented(carried) and not any(x.startswith("db:") for x in carried.may):
            found.versions.add(stored.name)


def _look_up(found: Recognition, event: Access, surface: Surface) -> None:
    model = event.models[0]
    principal = is_principal(surface.models.get(model), model)
    for c in event.conditions:
        if not _presented(c.value):
            continue
        found.cookies = found.cookies or "session" in c.value.may
        if principal and not SECRET_COLUMN.search(c.column):
            found.accounts = True
        elif SECRET_COLUMN.search(c.column):
            found.stores.add(model)
            found.accounts = found.accounts or principal


def _presented(value: Value) -> bool:
    """Whether it is, or comes straight from, what the caller presents as identity: a credential, a claim, a session entry."""
    if any(label.startswith("db:") for label in value.may):
        return False
    return any(label in ("cred", "who", "self", "session") or label.startswith(("in:header", "in:cookie")) for label in value.may)


def issued(surface: Surface) -> Iterator[tuple[Route, Call, float | None]]:
    """Where sign-ins make tokens for callers, with the tokens' life in minutes (``None``: not known)."""
    for route in surface.routes:
        if "sign_in" not in route.kinds:
            continue
        for call in route.flow.calls("token-encode", "signer-dump"):
            if not _OTHER_PURPOSE.search(f"{call.function.rpartition('.')[2]} {call.name.rpartition('.')[2]}"):
                yield route, call, _minutes(surface, route, call)


def _minutes(surface: Surface, route: Route, call: Call) -> float | None:
    if call.name.startswith("flask_jwt_extended."):
        return _configured_minutes(surface, call)
    before = [m for c in route.flow.calls() if c.seq < call.seq and (m := timedelta_minutes(c)) is not None]
    return before[-1] if before else None


def _configured_minutes(surface: Surface, call: Call) -> float | None:
    given = call.kwargs.get("expires_delta")
    if given is not None:
        return None
    for setting in surface.settings:
        if setting.name == "JWT_ACCESS_TOKEN_EXPIRES":
            places = (c for flow in surface.all_flows() for c in flow.calls() if c.place.file == setting.place.file)
            return next(
                (m for c in places if c.place.line == setting.place.line and (m := timedelta_minutes(c)) is not None), None
            )
    return 15.0  # the library's default


def timedelta_minutes(call: Call) -> float | None:
    """The length of a ``timedelta(...)`` with constant arguments, in minutes."""
    if call.name != "datetime.timedelta":
        return None
    given = {**dict(zip(_TIMEDELTA, call.args, strict=False)), **call.kwargs}
    known = [(name, v.const) for name, v in given.items() if name in _PER and isinstance(v.const, int | float)]
    return sum(_PER[name] * amount for name, amount in known) if known and len(known) == len(given) else None
