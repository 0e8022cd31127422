"""requests."""

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
    "redirects": "allow_redirects",
}

LIBRARY = Library(
    name="requests",
    calls={
        **{f"requests.{verb}": Api("http-request", {"url": (0, "url"), **_OPTIONS}) for verb in _VERBS},
        **{f"requests.Session.{verb}": Api("http-request", {"url": (0, "url"), **_OPTIONS}) for verb in _VERBS},
        "requests.request": Api("http-request", {"method": (0, "method"), "url": (1, "url"), **_OPTIONS}),
        "requests.Session.request": Api("http-request", {"method": (0, "method"), "url": (1, "url"), **_OPTIONS}),
        "requests.session": Api("wait", returns="requests.Session"),
    },
    aliases={"requests.api": "requests", "requests.sessions.Session": "requests.Session"},
)
