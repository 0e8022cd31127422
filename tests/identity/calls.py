"""Requests as identities see them, and tokens as attackers make them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import jwt
import pytest

from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.exchange import Exchange
from counterseal.enforce.core.principal import Principal

T = TypeVar("T")

SECRET = "Zx9-4vQw_7LrTn2KpYb8Hd3Fs6Gj1Mc5"
ISSUER = "https://issuer.test"
AUDIENCE = "invoices"


class Call(Exchange):
    """A request with these headers and cookies."""

    __slots__ = ("_cookies", "_headers")

    def __init__(self, *headers: tuple[str, str], cookies: Mapping[str, str] | None = None) -> None:
        self._headers = headers
        self._cookies = cookies or {}

    @property
    def method(self) -> str:
        return "GET"

    @property
    def route(self) -> str:
        return "/"

    @property
    def path_params(self) -> Mapping[str, Any]:
        return {}

    @property
    def peer(self) -> str | None:
        return "192.0.2.1"

    @property
    def target(self) -> str:
        return "/"

    @property
    def native(self) -> Any:
        return {"headers": self._headers}

    @property
    def key(self) -> object:
        return self

    def headers(self, name: str) -> Sequence[str]:
        return [value for header, value in self._headers if header.lower() == name]

    def cookie(self, name: str) -> str | None:
        return self._cookies.get(name)

    def query(self) -> Sequence[tuple[str, str]]:
        return ()

    def body(self, limit: int) -> bytes | Awaitable[bytes]:
        return b""

    def form(self, limit: int) -> Sequence[tuple[str, Any]] | Awaitable[Sequence[tuple[str, Any]]]:
        return ()


def bearer(token: str) -> Call:
    return Call(("Authorization", f"Bearer {token}"))


def claims(**changed: Any) -> dict[str, Any]:
    """Claims that are right, with changes; ``...`` takes a claim away."""
    now = time.time()
    found = {"sub": "ann", "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 600, "jti": "t1", "roles": ["user"]}
    return {name: value for name, value in (found | changed).items() if value is not ...}


def token(key: Any = SECRET, algorithm: str = "HS256", headers: dict[str, Any] | None = None, **changed: Any) -> str:
    return jwt.encode(claims(**changed), key, algorithm=algorithm, headers=headers)


def b64(data: bytes | str) -> str:
    return base64.urlsafe_b64encode(data.encode() if isinstance(data, str) else data).decode().rstrip("=")


def raw_token(header: str | Mapping[str, Any], payload: str | Mapping[str, Any], key: str | bytes = SECRET) -> str:
    """A token with exactly this header and payload, signed by HMAC-SHA256."""
    parts = [b64(part if isinstance(part, str) else json.dumps(part)) for part in (header, payload)]
    secret = key.encode() if isinstance(key, str) else key
    signature = hmac.new(secret, ".".join(parts).encode(), hashlib.sha256).digest()
    return ".".join([*parts, b64(signature)])


def now(answer: T | Awaitable[T]) -> T:
    """An answer that came at once."""
    assert not hasattr(answer, "__await__"), "an awaitable where nothing is asynchronous"
    return answer


def on_a_loop(call: Callable[[], T | Awaitable[T]]) -> T:
    """What a call answers on an event loop."""

    async def main() -> Any:
        answer: Any = call()
        return await answer if hasattr(answer, "__await__") else answer

    result: T = asyncio.run(main())
    return result


def refused(identity: Any, call: Exchange) -> Denied:
    """The 401 with which an identity answers."""
    with pytest.raises(Denied) as caught:
        identity.authenticate(call)
    assert caught.value.status == 401
    return caught.value


def recognised(identity: Any, call: Exchange) -> Principal:
    principal = now(identity.authenticate(call))
    assert isinstance(principal, Principal)
    return principal
