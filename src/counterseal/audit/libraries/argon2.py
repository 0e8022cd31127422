"""argon2-cffi."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

LIBRARY = Library(
    name="argon2",
    calls={
        "argon2.PasswordHasher.hash": Api(
            "password-hash", {"password": (0, "password"), "salt": "salt"}, gives=("hash:password",)
        ),
        # Raises when they do not match.
        "argon2.PasswordHasher.verify": Api(
            "password-verify", {"hash": (0, "hash"), "password": (1, "password")}, facts=("password",), true=("password",)
        ),
        "argon2.hash_password": Api("password-hash", {"password": (0, "password")}, gives=("hash:password",)),
        "argon2.verify_password": Api(
            "password-verify", {"hash": (0, "hash"), "password": (1, "password")}, facts=("password",), true=("password",)
        ),
        "argon2.low_level.hash_secret": Api("password-hash", {"password": (0, "secret")}, gives=("hash:password",)),
        "argon2.low_level.hash_secret_raw": Api("password-hash", {"password": (0, "secret")}, gives=("hash:password",)),
    },
)
