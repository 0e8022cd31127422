"""Flask-Security(-Too)."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_ROLE = {"role": 0}

LIBRARY = Library(
    name="flask_security",
    calls={
        "flask_security.auth_required": Api("login-required", facts=("auth",)),
        "flask_security.auth_token_required": Api("login-required", facts=("auth",)),
        "flask_security.http_auth_required": Api("login-required", facts=("auth",)),
        "flask_security.login_required": Api("login-required", facts=("auth",)),
        "flask_security.roles_required": Api("role-required", _ROLE, facts=("role",)),
        "flask_security.roles_accepted": Api("role-required", _ROLE, facts=("role",)),
        "flask_security.permissions_required": Api("role-required", _ROLE, facts=("role",)),
        "flask_security.permissions_accepted": Api("role-required", _ROLE, facts=("role",)),
        "flask_security.login_user": Api("sign-in-session", {"user": (0, "user"), "remember": (1, "remember")}),
        "flask_security.logout_user": Api("sign-out"),
        "flask_security.hash_password": Api("password-hash", {"password": (0, "password")}, gives=("hash:password",)),
        "flask_security.verify_password": Api(
            "password-verify", {"password": (0, "password"), "hash": (1, "password_hash")}, true=("password",)
        ),
        "flask_security.verify_and_update_password": Api(
            "password-verify", {"password": (0, "password"), "user": (1, "user")}, true=("password",)
        ),
    },
    sources={"flask_security.current_user": ("who", "self", "anonymous?")},
    bases={"flask_security.UserMixin": "user-mixin"},
    aliases={"flask_security.decorators": "flask_security", "flask_security.utils": "flask_security"},
)
