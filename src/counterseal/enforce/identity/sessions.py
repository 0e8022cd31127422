"""Callers with a server-side session: an opaque cookie, everything else in a store (ASVS v5.0.0-7.2 to 7.4)."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from counterseal.enforce.core import clock
from counterseal.enforce.core.errors import ConfigurationError
from counterseal.enforce.core.exchange import Exchange
from counterseal.enforce.core.principal import Principal
from counterseal.enforce.identity.account import Account, Load, current_account, names
from counterseal.enforce.identity.cookies import HOST_PREFIX, cookie_rules
from counterseal.enforce.identity.credentials import refusal
from counterseal.enforce.identity.questions import Question, answered
from counterseal.enforce.identity.steps import Steps, operation, run
from counterseal.enforce.identity.stores.store import Row, Store, text

_TOKEN_BYTES = 32
_TOKEN_CHARACTERS = 43
_KIND = "session"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session."""

    token: str
    """What the browser presents. Only its hash is kept: it cannot be had again."""
    set_cookie: str
    """The value of the answer's ``Set-Cookie`` header."""
    session: str
    """How revocations name the session."""

    def __repr__(self) -> str:
        return f"SignedIn(session={self.session!r})"


class Sessions:
    """An identity: server-side sessions.

    The cookie holds 256 random bits; the store holds their SHA-256, so that nobody who reads the store can sign in. Every
    request looks the session up: signing out, revocation and, with ``load``, role changes take effect at once.

    Methods such as `sign_in` block; on an event loop write ``await sessions.sign_in.aio(…)``.

    Args:
        store: where sessions are kept.
        cookie: the cookie's name; it begins with ``__Host-``.
        idle: after how long without a request a session ends, in seconds.
        absolute: after how long it ends in any case, in seconds.
        same_site: ``lax``, ``strict`` or ``none``.
        load: finds the roles that a principal has now; without it those given at sign-in count until `refresh`.
        revoked: whether a principal is revoked: a `Revocations` that serves other identities too. `revoke_all` needs none.
        touch_every: how often, at most, the last request's time is written, in seconds; a session may end that much earlier
            than ``idle`` says.
        insecure_for_development: set the cookie without ``Secure`` and prefix, for http on a developer's machine.
        scheme: the name under which its principals are known.

    Raises:
        ConfigurationError: others could plant or read the cookie, or the times contradict each other.
    """

    def __init__(
        self,
        store: Store,
        *,
        cookie: str = f"{HOST_PREFIX}session",
        idle: float = 1800.0,
        absolute: float = 43_200.0,
        same_site: str = "lax",
        load: Load | None = None,
        revoked: Question | None = None,
        touch_every: float | None = None,
        insecure_for_development: bool = False,
        scheme: str = "session",
    ) -> None:
        if not 0 < idle <= absolute < float("inf"):
            raise ConfigurationError("sessions end: 0 < idle <= absolute, in seconds")
        self._touch_every = min(60.0, idle / 10) if touch_every is None else touch_every
        if not 0 <= self._touch_every < idle:
            raise ConfigurationError("touch_every is not below idle: sessions in use would end")
        self._store = store
        self._cookie = cookie_rules(cookie, same_site, insecure=insecure_for_development)
        self._idle, self._absolute = idle, absolute
        self._load = load
        self._revoked = revoked
        self._scheme = scheme

    @property
    def scheme(self) -> str:
        """The name under which its principals are known."""
        return self._scheme

    @property
    def challenge(self) -> None:
        """None: there is no authentication scheme for cookies."""
        return

    def openapi(self) -> Mapping[str, Any]:
        """The OpenAPI 3.1 security scheme object."""
        return {"type": "apiKey", "in": "cookie", "name": self._cookie.name}

    def authenticate(self, exchange: Exchange) -> Principal | Awaitable[Principal | None] | None:
        """Who is calling; ``None`` without a session cookie.

        Raises:
            Denied: 401, the session has ended or never was.
            Unavailable: the store does not respond.
        """
        token = exchange.cookie(self._cookie.name)
        if not token:
            return None
        return run(self._recognise(_key(token)))

    def still_valid(self, principal: Principal) -> bool | Awaitable[bool]:
        """Whether the principal's session goes on, and with ``load`` its roles are the same.

        Raises:
            Unavailable: the store does not respond.
        """
        if principal.scheme != self._scheme or principal.session is None:
            return False
        return run(self._goes_on(principal, principal.session))

    @operation
    def sign_in(
        self,
        exchange: Exchange | None,
        principal_id: str,
        *,
        roles: Iterable[str] = (),
        permissions: Iterable[str] = (),
        attributes: Mapping[str, Any] = MappingProxyType({}),
        on_behalf_of: str | None = None,
    ) -> Steps[SignedIn]:
        """Begin a session, after the caller has proved who it is. The session that the request came with, if any, ends.

        The token is always a new one: an attacker who planted a cookie before gains nothing (session fixation). Call it
        also when a signed-in caller gains rights, by a second factor for instance.

        Args:
            exchange: the request; ``None`` when there is none.
            principal_id: who has signed in.
            roles: its roles, when there is no ``load``.
            permissions: its permissions, when there is no ``load``.
            attributes: what else the principal carries; JSON values.
            on_behalf_of: the person for whom the caller acts.

        Raises:
            Unavailable: the store does not respond.
        """
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        now = clock.now()
        content = {
            "begun": now,
            "seen": now,
            "roles": sorted(names(roles)),
            "permissions": sorted(names(permissions)),
            "attributes": dict(attributes),
            "on_behalf_of": on_behalf_of,
        }
        row = Row(_key(token), Principal(id=principal_id).id, text(content), now + self._absolute)
        yield from self._end(exchange)
        yield self._store.put(_KIND, row)
        return SignedIn(token, self._cookie.header(token, int(self._absolute)), row.key)

    @operation
    def sign_out(self, exchange: Exchange) -> Steps[str]:
        """End the request's session; the value of the ``Set-Cookie`` header that removes the cookie.

        Raises:
            Unavailable: the store does not respond.
        """
        yield from self._end(exchange)
        return self._cookie.removal()

    @operation
    def revoke(self, session: str) -> Steps[bool]:
        """End a session by the name that `Principal.session` has; whether there was one.

        Raises:
            Unavailable: the store does not respond.
        """
        found = yield self._store.take(_KIND, session)
        return found is not None

    @operation
    def revoke_all(self, principal_id: str, *, except_session: str | None = None) -> Steps[int]:
        """End all sessions of a principal, after a change of password or role, a ban, a deletion; how many there were.

        Args:
            principal_id: whose.
            except_session: one that goes on, by the name that `Principal.session` has: the one in which the password was changed.

        Raises:
            Unavailable: the store does not respond.
        """
        count: int = yield self._store.clear(_KIND, principal_id, except_session or "")
        return count

    @operation
    def refresh(self, principal_id: str, *, roles: Iterable[str], permissions: Iterable[str] = ()) -> Steps[int]:
        """Give all sessions of a principal other roles and permissions; how many there are. For sessions without ``load``.

        Raises:
            Unavailable: the store does not respond.
        """
        changed = {"roles": sorted(names(roles)), "permissions": sorted(names(permissions))}
        rows = yield self._store.owned(_KIND, principal_id)
        for row in rows:
            current: Row | None = row
            # A request may write the time it came meanwhile: then once more, with what is there now.
            while current is not None:
                new = replace(current, value=text(current.content() | changed))
                if new.value == current.value or (yield self._store.swap(_KIND, current, new)):
                    break
                (current,) = yield self._store.fetch(_KIND, [current.key])
        return len(rows)

    @operation
    def sessions_of(self, principal_id: str) -> Steps[list[Principal]]:
        """The sessions of a principal, to show them to it: `Principal.session` and `Principal.issued_at` say which is which.

        Raises:
            Unavailable: the store does not respond.
        """
        rows = yield self._store.owned(_KIND, principal_id)
        return [self._principal(row, row.content(), None) for row in rows]

    def _end(self, exchange: Exchange | None) -> Steps[None]:
        token = exchange.cookie(self._cookie.name) if exchange is not None else None
        if token:
            yield self._store.take(_KIND, _key(token))

    def _recognise(self, key: str) -> Steps[Principal]:
        row, content = yield from self._living(key)
        if row is None:
            raise refusal("the session has ended or never was", None)
        principal = yield from self._as_it_is_now(row, content)
        if principal is None:
            raise refusal("the session's account is gone or locked, or it is revoked", None)
        yield from self._touch(row, content)
        return principal

    def _as_it_is_now(self, row: Row, content: dict[str, Any]) -> Steps[Principal | None]:
        account = None
        if self._load is not None:
            account = yield from current_account(self._load, row.owner)
            if account is None:
                return None
        principal = self._principal(row, content, account)
        if self._revoked is not None and (yield answered(self._revoked, principal)):
            return None
        return principal

    def _living(self, key: str) -> Steps[tuple[Row | None, dict[str, Any]]]:
        (row,) = yield self._store.fetch(_KIND, (key,))
        if row is None or not row.alive:
            return None, {}
        content = row.content()
        if clock.now() >= content["seen"] + self._idle or clock.now() >= content["begun"] + self._absolute:
            return None, {}
        return row, content

    def _touch(self, row: Row, content: dict[str, Any]) -> Steps[None]:
        """Note that a request came. If the row has changed meanwhile, somebody else noted it or ended the session."""
        now = clock.now()
        if now - content["seen"] > self._touch_every:
            yield self._store.swap(_KIND, row, replace(row, value=text(content | {"seen": now})))

    def _goes_on(self, principal: Principal, session: str) -> Steps[bool]:
        row, content = yield from self._living(session)
        if row is None or row.owner != principal.id:
            return False
        now = yield from self._as_it_is_now(row, content)
        return now is not None and (now.roles, now.permissions) == (principal.roles, principal.permissions)

    def _principal(self, row: Row, content: dict[str, Any], account: Account | None) -> Principal:
        known = account or Account(content["roles"], content["permissions"])
        return Principal(
            id=row.owner,
            roles=names(known.roles),
            permissions=names(known.permissions),
            scheme=self._scheme,
            on_behalf_of=content["on_behalf_of"],
            session=row.key,
            issued_at=content["begun"],
            expires_at=min(row.expires_at or float("inf"), content["begun"] + self._absolute),
            ambient=True,
            attributes=MappingProxyType(content["attributes"] | dict(known.attributes)),
        )


def _key(token: str) -> str:
    """What a session is kept under. Whatever is not a token of ours is the hash of something that was never issued."""
    return sha256(token[: _TOKEN_CHARACTERS + 1].encode("utf-8", "surrogatepass")).hexdigest()
