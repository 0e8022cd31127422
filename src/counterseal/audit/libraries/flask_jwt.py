"""Flask-JWT, the unmaintained predecessor of Flask-JWT-Extended."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

LIBRARY = Library(
    name="flask_jwt",
    calls={"flask_jwt.jwt_required": Api("login-required", {"realm": (0, "realm")}, facts=("auth",))},
    sources={"flask_jwt.current_identity": ("who", "self", "anonymous?")},
)
