"""aiohttp-session."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_COOKIE: dict[str, int | str | tuple[int | str, ...]] = {
    "key": (0, "secret_key"),
    "cookie": "cookie_name",
    "max_age": "max_age",
    "secure": "secure",
    "httponly": "httponly",
    "samesite": "samesite",
}

LIBRARY = Library(
    name="aiohttp_session",
    calls={
        "aiohttp_session.get_session": Api("wait", gives=("session",)),
        "aiohttp_session.new_session": Api("wait", gives=("session",)),
        "aiohttp_session.cookie_storage.EncryptedCookieStorage": Api("session-start", _COOKIE),
        "aiohttp_session.nacl_storage.NaClCookieStorage": Api("session-start", _COOKIE),
        "aiohttp_session.redis_storage.RedisStorage": Api("session-start", {k: v for k, v in _COOKIE.items() if k != "key"}),
    },
)
