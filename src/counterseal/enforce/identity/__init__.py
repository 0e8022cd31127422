"""Who is calling: bearer tokens, sessions, API keys, or a function of your own.

What is not used is not loaded: each name is imported when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from counterseal.enforce.identity.account import Account
    from counterseal.enforce.identity.api_keys import ApiKey, ApiKeys, IssuedKey
    from counterseal.enforce.identity.bearer import BearerTokens
    from counterseal.enforce.identity.claims import unchecked
    from counterseal.enforce.identity.custom import Custom
    from counterseal.enforce.identity.jwks import JwksFile, JwksUrl
    from counterseal.enforce.identity.passwords import Passwords, Verdict
    from counterseal.enforce.identity.revocation import Revocations
    from counterseal.enforce.identity.sessions import Sessions, SignedIn
    from counterseal.enforce.identity.stores.memory import MemoryStore
    from counterseal.enforce.identity.stores.redis import RedisStore
    from counterseal.enforce.identity.stores.sql import SqliteStore, SqlStore
    from counterseal.enforce.identity.stores.store import Row, Store
    from counterseal.enforce.identity.tokens import AccessTokens, OneTimeTokens, Redeemed, RefreshTokens, Rotated

__all__ = [
    "AccessTokens",
    "Account",
    "ApiKey",
    "ApiKeys",
    "BearerTokens",
    "Custom",
    "IssuedKey",
    "JwksFile",
    "JwksUrl",
    "MemoryStore",
    "OneTimeTokens",
    "Passwords",
    "Redeemed",
    "RedisStore",
    "RefreshTokens",
    "Revocations",
    "Rotated",
    "Row",
    "Sessions",
    "SignedIn",
    "SqlStore",
    "SqliteStore",
    "Store",
    "Verdict",
    "unchecked",
]

_PLACES = {
    "account": ("Account",),
    "api_keys": (
        "ApiKey",
        "ApiKeys",
        "IssuedKey",
    ),
    "bearer": ("BearerTokens",),
    "claims": ("unchecked",),
    "custom": ("Custom",),
    "jwks": (
        "JwksFile",
        "JwksUrl",
    ),
    "passwords": (
        "Passwords",
        "Verdict",
    ),
    "revocation": ("Revocations",),
    "sessions": (
        "Sessions",
        "SignedIn",
    ),
    "stores.memory": ("MemoryStore",),
    "stores.redis": ("RedisStore",),
    "stores.sql": (
        "SqliteStore",
        "SqlStore",
    ),
    "stores.store": (
        "Row",
        "Store",
    ),
    "tokens": (
        "AccessTokens",
        "OneTimeTokens",
        "Redeemed",
        "RefreshTokens",
        "Rotated",
    ),
}


def __getattr__(name: str) -> Any:
    for module, names in _PLACES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
