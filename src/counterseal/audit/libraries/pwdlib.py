"""pwdlib."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_HASH = Api("password-hash", {"password": (0, "password")}, gives=("hash:password",))
_VERIFY = Api("password-verify", {"password": (0, "password"), "hash": (1, "hash")}, true=("password",))
_CLASSES = ("pwdlib.PasswordHash", "pwdlib.hashers.argon2.Argon2Hasher", "pwdlib.hashers.bcrypt.BcryptHasher")

LIBRARY = Library(
    name="pwdlib",
    calls={
        "pwdlib.PasswordHash.recommended": Api("wait", returns="pwdlib.PasswordHash"),
        **{f"{cls}.hash": _HASH for cls in _CLASSES},
        **{f"{cls}.{name}": _VERIFY for cls in _CLASSES for name in ("verify", "verify_and_update")},
    },
)
