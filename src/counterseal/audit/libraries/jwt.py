"""PyJWT."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_DECODE = Api(
    "token-decode",
    {
        "token": (0, "jwt"),
        "key": (1, "key"),
        "algorithms": (2, "algorithms"),
        "options": (3, "options"),
        "audience": "audience",
        "issuer": "issuer",
        "verify": "verify",
        "leeway": "leeway",
    },
    gives=("who", "self"),
    facts=("auth",),
)
_ENCODE = Api(
    "token-encode",
    {"payload": (0, "payload"), "key": (1, "key"), "algorithm": (2, "algorithm"), "headers": (3, "headers")},
    fixed={"algorithm": "HS256"},
)

LIBRARY = Library(
    name="jwt",
    calls={
        "jwt.decode": _DECODE,
        "jwt.decode_complete": _DECODE,
        "jwt.encode": _ENCODE,
        "jwt.get_unverified_header": Api("token-peek", {"token": (0, "jwt")}, gives=("unverified",), passes=True),
        "jwt.PyJWT.decode": _DECODE,
        "jwt.PyJWT.decode_complete": _DECODE,
        "jwt.PyJWT.encode": _ENCODE,
        "jwt.PyJWKClient.get_signing_key_from_jwt": Api("http-request", {"token": (0, "token")}),
    },
    aliases={"jwt.api_jwt": "jwt", "jwt.api_jws.PyJWS": "jwt.PyJWT"},
)
