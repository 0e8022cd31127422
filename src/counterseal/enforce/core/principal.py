"""Who is calling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A caller whom a configured identity has recognised. Nothing that a caller sends becomes one unchecked.

    ``id`` is what objects are compared with (`owns`) and what goes on record; it is never empty.
    """

    id: str
    """The caller's identifier, as text: a token's subject, a user's key."""
    roles: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()
    scheme: str = "custom"
    """Which identity recognised the caller: ``bearer``, ``session``, ``api-key``, or a name of your own."""
    on_behalf_of: str | None = None
    """The person for whom the caller acts: an administrator as a customer, a service for a user."""
    session: str | None = None
    """What a revocation names: the session, token or key by which the caller is known. Never the secret itself."""
    issued_at: float | None = None
    """When the credential was issued, in seconds since the epoch."""
    expires_at: float | None = None
    """When the credential ends, in seconds since the epoch; ``None``: it does not by itself."""
    ambient: bool = False
    """Whether browsers send the credential unasked (a cookie), so that requests of other sites carry it too."""
    attributes: Mapping[str, Any] = field(default_factory=lambda: _NOTHING, hash=False)
    """Whatever else the identity knows: a tenant, verified claims."""

    def __post_init__(self) -> None:
        _check_id(self.id)
        if self.roles.__class__ is not frozenset or self.permissions.__class__ is not frozenset:
            # A set that somebody goes on changing must not change who may do what.
            object.__setattr__(self, "roles", _names(self.roles))
            object.__setattr__(self, "permissions", _names(self.permissions))

    def get(self, name: str) -> Any:
        """A field of this class, or else an attribute of this name; ``None`` when there is neither."""
        return getattr(self, name) if name in self.__slots__ else self.attributes.get(name)


def _check_id(value: object) -> None:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a principal's id is a text that is not empty")


def _names(value: object) -> frozenset[str]:
    if not isinstance(value, Iterable) or isinstance(value, (str, bytes)):
        raise TypeError("roles and permissions are sets of texts, not one text")
    return frozenset(value)
