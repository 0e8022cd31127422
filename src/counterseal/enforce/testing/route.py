"""One way into an application, as its cases see it: its contract, its settings, and requests with which everything is right."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from counterseal.enforce.clauses.auth import Auth
from counterseal.enforce.clauses.owns import Owns
from counterseal.enforce.contract.guard import Guard
from counterseal.enforce.core.adapter import Entry
from counterseal.enforce.core.identity import Identity
from counterseal.enforce.core.principal import Principal
from counterseal.enforce.core.security import Security
from counterseal.enforce.testing.clients import Sent
from counterseal.enforce.testing.people import SCHEME
from counterseal.enforce.testing.samples import Sample, Samples, encoded, filled

Body = tuple[str, bytes]
"""Content type and content."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request, and who makes it."""

    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    principal: Principal | None
    """Who makes it, whatever the request carries; ``None``: whom the identities find in it."""
    identities: tuple[Identity, ...] | None = None
    """In the place of the application's own."""
    client: str = ""
    let_run: bool = False
    """Whether the body may run."""

    def having(self, **headers: str | None) -> Attempt:
        """The same with other headers; ``None`` takes one away. An underscore stands for a hyphen."""
        changed = {name.replace("_", "-"): value for name, value in headers.items()}
        kept = {name: value for name, value in self.headers.items() if name not in changed}
        return replace(self, headers={**kept, **{name: value for name, value in changed.items() if value is not None}})

    def sent(self, method: str) -> Sent:
        """As clients send it."""
        pairs = tuple(self.headers.items())
        return Sent(method=method, path=self.path, query=self.query, headers=pairs, body=self.body, client=self.client)


@dataclass(frozen=True, slots=True)
class Route:
    """A route under contract."""

    entry: Entry
    guard: Guard
    security: Security
    samples: Samples
    credentials: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: MappingProxyType({}))
    """Credentials that the developers made, by scheme and kind, for identities that are not ours."""

    @property
    def label(self) -> str:
        """``PATCH /users/{user_id}``."""
        return f"{self.entry.method} {self.entry.path}"

    @property
    def method(self) -> str:
        """The method of requests; where any comes in, one that changes something."""
        return "POST" if self.entry.method == "*" else self.entry.method

    @property
    def is_socket(self) -> bool:
        """Whether it is a WebSocket."""
        return self.entry.method == "WEBSOCKET"

    @property
    def sample(self) -> Sample:
        """What the developers say of it."""
        return self.samples.of(self.entry)

    def attempt(self, sample: Sample, body: Body | None, query: str | None = None) -> Attempt:
        """A request with which everything is right, by somebody whom nobody has seen before; the owner where there is one."""
        path = filled(self.entry, sample, self.samples, self.guard.plan.target.hints)
        headers = {"accept": "application/json", "sec-fetch-site": "same-origin", **_lower(sample.headers)}
        if body is not None:
            headers["content-type"] = body[0]
        principal = None if self.guard.spec.is_public else self.person(sample)
        given = encoded(sample.query) if query is None else query
        return Attempt(path, given, headers, b"" if body is None else body[1], principal, client=new_address())

    def person(self, sample: Sample) -> Principal:
        """The object's owner, or else somebody new; with all that the contract asks for."""
        if isinstance(sample.owner, Principal):
            return sample.owner
        roles, permissions = self.needed()
        who = sample.owner if sample.owner is not None else new_name()
        return Principal(id=who, roles=roles, permissions=permissions, scheme=SCHEME)

    def needed(self) -> tuple[frozenset[str], frozenset[str]]:
        """The roles and permissions that the contract asks for, and no more."""
        roles: set[str] = set()
        permissions: set[str] = set()
        spared = self.exempt()
        for clause in self.guard.spec.clauses:
            if isinstance(clause, Auth):
                roles.update(filter(None, (clause.role,)))
                permissions.update(filter(None, (clause.permission,)))
                if clause.any_of:
                    roles.add(min(clause.any_of, key=lambda name: (name in spared, name)))
        return frozenset(roles), frozenset(permissions)

    def exempt(self) -> frozenset[str]:
        """The roles that may touch every object."""
        found: set[str] = set()
        for clause in self.guard.spec.clauses:
            rule = clause.ownership.resolved(self.security) if isinstance(clause, Owns) else None
            for role in rule[1] if rule is not None else ():
                found |= self.security.satisfying(role)
        return frozenset(found)


def new_name() -> str:
    """An id that nobody has."""
    return f"counterseal-{secrets.token_hex(6)}"


def new_address() -> str:
    """An address that no request has come from: from the range for documentation (RFC 3849)."""
    groups = secrets.token_hex(12)
    return "2001:db8:" + ":".join(groups[start : start + 4] for start in range(0, 24, 4))


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
