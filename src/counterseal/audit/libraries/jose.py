"""python-jose."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_PEEK = Api("token-peek", {"token": (0, "token")}, gives=("unverified",), passes=True)

LIBRARY = Library(
    name="jose",
    calls={
        "jose.jwt.decode": Api(
            "token-decode",
            {
                "token": (0, "token"),
                "key": (1, "key"),
                "algorithms": (2, "algorithms"),
                "options": (3, "options"),
                "audience": (4, "audience"),
                "issuer": (5, "issuer"),
            },
            gives=("who", "self"),
            facts=("auth",),
        ),
        "jose.jwt.encode": Api(
            "token-encode",
            {"payload": (0, "claims"), "key": (1, "key"), "algorithm": (2, "algorithm"), "headers": (3, "headers")},
            fixed={"algorithm": "HS256"},
        ),
        "jose.jwt.get_unverified_claims": _PEEK,
        "jose.jwt.get_unverified_header": _PEEK,
        "jose.jwt.get_unverified_headers": _PEEK,
        "jose.jws.verify": Api(
            "token-decode",
            {"token": (0, "token"), "key": (1, "key"), "algorithms": (2, "algorithms"), "verify": (3, "verify")},
            gives=("who", "self"),
            facts=("auth",),
        ),
        "jose.jws.sign": Api(
            "token-encode",
            {"payload": (0, "payload"), "key": (1, "key"), "headers": (2, "headers"), "algorithm": (3, "algorithm")},
        ),
        "jose.jws.get_unverified_claims": _PEEK,
        "jose.jws.get_unverified_header": _PEEK,
        "jose.jws.get_unverified_headers": _PEEK,
    },
)
