"""aiohttp, as a client."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_S = "aiohttp.ClientSession"
_VERBS = ("get", "post", "put", "patch", "delete", "head", "options", "ws_connect")
_OPTIONS: dict[str, int | str | tuple[int | str, ...]] = {
    "verify": ("ssl", "verify_ssl"),
    "timeout": "timeout",
    "json": "json",
    "data": "data",
    "params": "params",
    "headers": "headers",
    "redirects": "allow_redirects",
}

LIBRARY = Library(
    name="aiohttp",
    calls={
        **{f"{_S}.{verb}": Api("http-request", {"url": (0, "url"), **_OPTIONS}) for verb in _VERBS},
        f"{_S}.request": Api("http-request", {"method": (0, "method"), "url": (1, "url"), **_OPTIONS}),
        "aiohttp.request": Api("http-request", {"method": (0, "method"), "url": (1, "url"), **_OPTIONS}),
        "aiohttp.TCPConnector": Api("tls-context", {"verify": ("ssl", "verify_ssl")}, returns="aiohttp.TCPConnector"),
    },
    aliases={"aiohttp.client.ClientSession": _S},
)
