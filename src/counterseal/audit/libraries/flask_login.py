"""Flask-Login: the user of a server-signed session."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_MANAGER = "flask_login.LoginManager"

LIBRARY = Library(
    name="flask_login",
    calls={
        "flask_login.login_required": Api("login-required", facts=("auth",)),
        "flask_login.fresh_login_required": Api("login-required", facts=("auth",)),
        "flask_login.login_user": Api(
            "sign-in-session",
            {"user": (0, "user"), "remember": (1, "remember"), "duration": (2, "duration"), "force": (3, "force")},
        ),
        "flask_login.logout_user": Api("sign-out"),
        "flask_login.login_fresh": Api("validate", true=("auth",)),
        f"{_MANAGER}.user_loader": Api("hook", fixed={"when": "user-loader"}),
        f"{_MANAGER}.request_loader": Api("hook", fixed={"when": "user-loader"}),
        f"{_MANAGER}.header_loader": Api("hook", fixed={"when": "user-loader"}),
        f"{_MANAGER}.unauthorized_handler": Api("hook", fixed={"when": "refuse"}),
        f"{_MANAGER}.needs_refresh_handler": Api("hook", fixed={"when": "refuse"}),
        f"{_MANAGER}.unauthorized": Api("abort", fixed={"status": "401"}),
    },
    sources={
        # Anonymous callers have a current user too.
        "flask_login.current_user": ("who", "self", "anonymous?"),
    },
    aliases={
        "flask_login.utils": "flask_login",
        "flask_login.login_manager.LoginManager": _MANAGER,
        "flask_login.mixins.UserMixin": "flask_login.UserMixin",
        "flask.ext.login": "flask_login",
    },
    bases={"flask_login.UserMixin": "user-mixin"},
    weak_defaults={
        "REMEMBER_COOKIE_SECURE": "the remember-me cookie is also sent over plain HTTP",
        "REMEMBER_COOKIE_SAMESITE": "the remember-me cookie carries no SameSite attribute",
    },
)
