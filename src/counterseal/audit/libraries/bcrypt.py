"""bcrypt."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

LIBRARY = Library(
    name="bcrypt",
    calls={
        "bcrypt.hashpw": Api(
            "password-hash",
            {"password": (0, "password"), "salt": (1, "salt")},
            gives=("hash:password",),
            fixed={"scheme": "bcrypt"},
        ),
        "bcrypt.gensalt": Api("random-strong", {"rounds": (0, "rounds")}, gives=("random:strong",)),
        "bcrypt.checkpw": Api(
            "password-verify", {"password": (0, "password"), "hash": (1, "hashed_password")}, true=("password",)
        ),
        "bcrypt.kdf": Api(
            "password-hash", {"password": (0, "password"), "salt": (1, "salt"), "rounds": (3, "rounds")}, gives=("hash:password",)
        ),
    },
)
