"""Flask-Bcrypt."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_HASH = Api(
    "password-hash", {"password": (0, "password"), "rounds": (1, "rounds")}, gives=("hash:password",), fixed={"scheme": "bcrypt"}
)
_CHECK = Api("password-verify", {"hash": (0, "pw_hash"), "password": (1, "password")}, true=("password",))

LIBRARY = Library(
    name="flask_bcrypt",
    calls={
        "flask_bcrypt.generate_password_hash": _HASH,
        "flask_bcrypt.check_password_hash": _CHECK,
        "flask_bcrypt.Bcrypt.generate_password_hash": _HASH,
        "flask_bcrypt.Bcrypt.check_password_hash": _CHECK,
    },
    aliases={"flask.ext.bcrypt": "flask_bcrypt"},
)
