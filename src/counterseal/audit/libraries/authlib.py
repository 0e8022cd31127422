"""Authlib: JOSE, OAuth clients and resource protectors."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_VERIFIED = Api("oauth-verify", {"request": (0, "request")}, gives=("who", "self"), facts=("auth",))
_REQUIRE = Api("login-required", {"role": (0, "scopes"), "optional": "optional"}, facts=("auth",))

LIBRARY = Library(
    name="authlib",
    calls={
        "authlib.jose.JsonWebToken.decode": Api(
            "token-decode",
            {"token": (0, "s"), "key": (1, "key"), "claims_options": "claims_options"},
            gives=("who", "self"),
            facts=("auth",),
        ),
        "authlib.jose.JsonWebToken.encode": Api(
            "token-encode", {"header": (0, "header"), "payload": (1, "payload"), "key": (2, "key")}
        ),
        "authlib.integrations.flask_oauth2.ResourceProtector.__call__": _REQUIRE,
        "authlib.integrations.flask_oauth2.ResourceProtector.acquire_token": Api("current-user", gives=("who", "self")),
    },
    types={"authlib.jose.jwt": "authlib.jose.JsonWebToken"},
    sources={"authlib.integrations.flask_oauth2.current_token": ("who", "self", "anonymous?")},
    aliases={
        "authlib.jose.rfc7519.JsonWebToken": "authlib.jose.JsonWebToken",
        "authlib.jose.rfc7519.jwt": "authlib.jose.jwt",
    },
    methods={"authorize_access_token": _VERIFIED, "parse_id_token": _VERIFIED},
)
