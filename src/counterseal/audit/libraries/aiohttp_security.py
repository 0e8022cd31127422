"""aiohttp-security."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

LIBRARY = Library(
    name="aiohttp_security",
    calls={
        "aiohttp_security.check_authorized": Api(
            "login-required", gives=("who", "self"), facts=("auth",), fixed={"call": "direct"}
        ),
        "aiohttp_security.authorized_userid": Api("current-user", null=True),
        "aiohttp_security.check_permission": Api(
            "role-required", {"role": (1, "permission")}, facts=("auth", "role"), fixed={"call": "direct"}
        ),
        "aiohttp_security.remember": Api("sign-in-session", {"identity": (2, "identity")}),
        "aiohttp_security.forget": Api("sign-out"),
    },
    aliases={"aiohttp_security.api": "aiohttp_security"},
)
