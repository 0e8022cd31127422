"""HTTPX."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_VERBS = ("get", "post", "put", "patch", "delete", "head", "options")
_OPTIONS: dict[str, int | str | tuple[int | str, ...]] = {
    "verify": "verify",
    "timeout": "timeout",
    "json": "json",
    "data": "data",
    "params": "params",
    "headers": "headers",
    "auth": "auth",
    "redirects": "follow_redirects",
    "content": "content",
}
_CLIENT = "httpx.Client"

LIBRARY = Library(
    name="httpx",
    calls={
        _CLIENT: Api(
            "tls-context",
            {"verify": "verify", "timeout": "timeout", "base_url": "base_url", "redirects": "follow_redirects"},
            returns=_CLIENT,
        ),
        **{
            f"{owner}.{verb}": Api("http-request", {"url": (0, "url"), **_OPTIONS})
            for owner in ("httpx", _CLIENT)
            for verb in _VERBS
        },
        **{
            f"{owner}.{verb}": Api("http-request", {"method": (0, "method"), "url": (1, "url"), **_OPTIONS})
            for owner in ("httpx", _CLIENT)
            for verb in ("request", "stream")
        },
        f"{_CLIENT}.send": Api("http-request", {"request": (0, "request")}),
    },
    aliases={"httpx.AsyncClient": _CLIENT},
)
