"""Programs that bring an API key (ASVS v5.0.0-9.1, 13.2)."""

from __future__ import annotations

import hmac
import re
import secrets
import zlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from counterseal.enforce.core import clock
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.errors import ConfigurationError
from counterseal.enforce.core.exchange import Exchange
from counterseal.enforce.core.principal import Principal
from counterseal.enforce.identity.account import Account, Load, current_account, names
from counterseal.enforce.identity.credentials import authorization, refusal
from counterseal.enforce.identity.questions import Question, answered
from counterseal.enforce.identity.steps import Steps, operation, run, waits
from counterseal.enforce.identity.stores.store import Row, Store, text

_KIND = "api-key"
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_LENGTH, _SECRET_LENGTH, _CHECK_LENGTH = 16, 43, 6
_PREFIX = re.compile(r"[a-z][a-z0-9]{0,15}(_[a-z0-9]{1,15})?")
_NOBODY = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is kept of a key. The key cannot be had from it."""

    id: str
    """The public part by which the key is found."""
    digest: str
    """SHA-256 of the whole key, in hexadecimal.

    A fast hash is right here, unlike for passwords: the key has 256 random bits, so that nobody tries them all however
    cheap a try is, and a slow hash would cost every request.
    """
    principal_id: str
    name: str = ""
    """For people: what the key is for."""
    roles: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()
    issued_at: float
    expires_at: float | None = None
    used_at: float | None = None
    """About when it was last used; ``None``: never, or it is not noted."""

    def row(self) -> Row:
        """As a `Store` keeps it."""
        content = {
            "digest": self.digest,
            "name": self.name,
            "roles": sorted(self.roles),
            "permissions": sorted(self.permissions),
            "issued_at": self.issued_at,
            "used_at": self.used_at,
        }
        return Row(self.id, self.principal_id, text(content), self.expires_at)


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key. Show ``key`` once; it is not kept."""

    key: str
    stored: ApiKey

    def __repr__(self) -> str:
        return f"IssuedKey(stored={self.stored!r})"


Find = Callable[[str], ApiKey | Awaitable[ApiKey | None] | None]
"""Finds a key by its id in a table of your own."""


class ApiKeys:
    """An identity: API keys of the form ``<prefix>_<id>_<secret and checksum>``.

    The prefix makes a leaked key recognisable to secret scanners, the id finds it, the checksum refuses typing mistakes
    without a look-up. Keys are compared in constant time, and an unknown id costs the same work as a known one.

    Methods such as `issue` block; on an event loop write ``await keys.issue.aio(…)``.

    Args:
        store: where keys are kept; or a function that finds an `ApiKey` by id in a table of your own.
        prefix: what keys begin with, as in ``acme_live``: small letters and digits, with at most one underscore.
        header: where they come: a header of their own, or ``Authorization`` (then as ``Authorization: ApiKey <key>``).
        load: finds the roles that the key's principal has now; a key never has more of them than that. Without it the
            key's own roles and permissions count.
        revoked: whether a principal is revoked: a `Revocations` that serves other identities too.
        note_use_every: how often, at most, the time of the last use is written, in seconds; ``None``: never.
        scheme: the name under which its principals are known.

    Raises:
        ConfigurationError: prefix or header cannot be used.
    """

    def __init__(
        self,
        store: Store | Find,
        *,
        prefix: str = "key",
        header: str = "X-API-Key",
        load: Load | None = None,
        revoked: Question | None = None,
        note_use_every: float | None = None,
        scheme: str = "api-key",
    ) -> None:
        if not _PREFIX.fullmatch(prefix):
            raise ConfigurationError("the prefix of API keys is small letters and digits, with at most one underscore")
        if not re.fullmatch(r"[A-Za-z0-9-]+", header) or header.lower() == "cookie":
            raise ConfigurationError("API keys come in a header, and not in the Cookie header")
        self._store: Any = store
        self._finds = callable(store)
        self._prefix = prefix
        self._header = header
        self._load, self._revoked = load, revoked
        self._note_use_every = note_use_every
        self._scheme = scheme

    @property
    def scheme(self) -> str:
        """The name under which its principals are known."""
        return self._scheme

    @property
    def challenge(self) -> str:
        """A scheme of our own: none is registered for API keys."""
        return "ApiKey"

    def openapi(self) -> Mapping[str, Any]:
        """The OpenAPI 3.1 security scheme object."""
        return {"type": "apiKey", "in": "header", "name": self._header}

    def authenticate(self, exchange: Exchange) -> Principal | Awaitable[Principal | None] | None:
        """Who is calling; ``None`` without an API key.

        Raises:
            Denied: 401, the key does not hold.
            Unavailable: the store does not respond.
        """
        key = self._given(exchange)
        if key is None:
            return None
        key_id = self._id(key)
        if key_id is None:
            raise self._refusal("not a key of ours")
        return run(self._recognise(key, key_id))

    def still_valid(self, principal: Principal) -> bool | Awaitable[bool]:
        """Whether the principal's key is still there and has not expired, with the same roles and permissions.

        Raises:
            Unavailable: the store does not respond.
        """
        if principal.scheme != self._scheme or principal.session is None:
            return False
        return run(self._goes_on(principal, principal.session))

    @operation
    def issue(
        self,
        principal_id: str,
        *,
        name: str = "",
        permissions: Iterable[str] = (),
        roles: Iterable[str] = (),
        lifetime: float | None = None,
    ) -> Steps[IssuedKey]:
        """Make a key and keep its hash. With a function instead of a store, keep ``stored`` yourself.

        Args:
            principal_id: whose.
            name: what it is for.
            permissions: its scopes.
            roles: its roles; none, unless the caller needs what is granted to a role.
            lifetime: in seconds; ``None``: until it is revoked.

        Raises:
            Unavailable: the store does not respond.
        """
        key_id = "".join(secrets.choice(_LETTERS) for _ in range(_ID_LENGTH))
        body = f"{self._prefix}_{key_id}_" + "".join(secrets.choice(_LETTERS) for _ in range(_SECRET_LENGTH))
        key = body + _checksum(body)
        now = clock.now()
        owner = Principal(id=principal_id, roles=names(roles), permissions=names(permissions))
        stored = ApiKey(
            id=key_id,
            digest=sha256(key.encode()).hexdigest(),
            principal_id=owner.id,
            name=name,
            roles=owner.roles,
            permissions=owner.permissions,
            issued_at=now,
            expires_at=None if lifetime is None else now + lifetime,
        )
        if not self._finds:
            yield self._store.put(_KIND, stored.row())
        return IssuedKey(key, stored)

    @operation
    def revoke(self, key_id: str) -> Steps[bool]:
        """End a key by its id, which `Principal.session` has too; whether there was one.

        Raises:
            Unavailable: the store does not respond.
        """
        found = yield self._own_store().take(_KIND, key_id)
        return found is not None

    @operation
    def revoke_all(self, principal_id: str) -> Steps[int]:
        """End all keys of a principal; how many there were.

        Raises:
            Unavailable: the store does not respond.
        """
        count: int = yield self._own_store().clear(_KIND, principal_id)
        return count

    @operation
    def keys_of(self, principal_id: str) -> Steps[list[ApiKey]]:
        """The keys of a principal.

        Raises:
            Unavailable: the store does not respond.
        """
        rows = yield self._own_store().owned(_KIND, principal_id)
        return [_from_row(row) for row in rows]

    def _own_store(self) -> Store:
        if self._finds:
            raise ConfigurationError("keys in a table of your own are revoked there")
        store: Store = self._store
        return store

    def _given(self, exchange: Exchange) -> str | None:
        if self._header.lower() == "authorization":
            return authorization(exchange, "apikey")
        values = exchange.headers(self._header.lower())
        if len(values) > 1:
            raise self._refusal(f"more than one {self._header} header")
        return values[0] if values else None

    def _id(self, key: str) -> str | None:
        """The id in a key that is well-formed."""
        start = len(self._prefix) + 1
        if len(key) != start + _ID_LENGTH + 1 + _SECRET_LENGTH + _CHECK_LENGTH or not key.isascii():
            return None
        body, check = key[:-_CHECK_LENGTH], key[-_CHECK_LENGTH:]
        well_formed = key.startswith(f"{self._prefix}_") and key[start + _ID_LENGTH] == "_" and check == _checksum(body)
        key_id = key[start : start + _ID_LENGTH]
        return key_id if well_formed and key_id.isalnum() else None

    def _recognise(self, key: str, key_id: str) -> Steps[Principal]:
        stored = yield from self._find(key_id)
        digest = sha256(key.encode()).hexdigest()
        right = hmac.compare_digest(digest, _NOBODY if stored is None else stored.digest)
        if stored is None or not right:
            raise self._refusal("the key is unknown or revoked")
        principal = yield from self._as_it_is_now(stored)
        if principal is None:
            raise self._refusal("the key has expired or is revoked, or its account is gone or locked")
        yield from self._note_use(stored)
        return principal

    def _as_it_is_now(self, stored: ApiKey) -> Steps[Principal | None]:
        if stored.expires_at is not None and clock.now() >= stored.expires_at:
            return None
        account: Account | None = None
        if self._load is not None:
            account = yield from current_account(self._load, stored.principal_id)
            if account is None:
                return None
        principal = Principal(
            id=stored.principal_id,
            roles=stored.roles if account is None else stored.roles.intersection(account.roles),
            permissions=stored.permissions if account is None else stored.permissions.intersection(account.permissions),
            scheme=self._scheme,
            session=stored.id,
            issued_at=stored.issued_at,
            expires_at=stored.expires_at,
            attributes={} if account is None else account.attributes,
        )
        if self._revoked is not None and (yield answered(self._revoked, principal)):
            return None
        return principal

    def _goes_on(self, principal: Principal, key_id: str) -> Steps[bool]:
        stored = yield from self._find(key_id)
        if stored is None or stored.principal_id != principal.id:
            return False
        now = yield from self._as_it_is_now(stored)
        return now is not None and (now.roles, now.permissions) == (principal.roles, principal.permissions)

    def _find(self, key_id: str) -> Steps[ApiKey | None]:
        if not self._finds:
            (row,) = yield self._store.fetch(_KIND, (key_id,))
            return None if row is None else _from_row(row)
        answer = self._store(key_id)
        if waits(answer):
            answer = yield answer
        if answer is not None and not isinstance(answer, ApiKey):
            raise ConfigurationError(f"the function that finds keys returned {type(answer).__name__}, not an ApiKey or None")
        return answer

    def _note_use(self, stored: ApiKey) -> Steps[None]:
        now = clock.now()
        if self._note_use_every is None or self._finds:
            return
        if stored.used_at is None or now - stored.used_at > self._note_use_every:
            yield self._store.swap(_KIND, stored.row(), replace(stored, used_at=now).row())

    def _refusal(self, reason: str) -> Denied:
        return refusal(reason, self.challenge)


def _from_row(row: Row) -> ApiKey:
    content = row.content()
    return ApiKey(
        id=row.key,
        digest=content["digest"],
        principal_id=row.owner,
        name=content["name"],
        roles=frozenset(content["roles"]),
        permissions=frozenset(content["permissions"]),
        issued_at=content["issued_at"],
        expires_at=row.expires_at,
        used_at=content["used_at"],
    )


def _checksum(body: str) -> str:
    """CRC-32 in six letters: against typing mistakes, not against attackers."""
    number, letters = zlib.crc32(body.encode()), ""
    for _ in range(_CHECK_LENGTH):
        number, rest = divmod(number, len(_LETTERS))
        letters += _LETTERS[rest]
    return letters
