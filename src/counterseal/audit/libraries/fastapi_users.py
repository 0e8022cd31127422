"""FastAPI Users: ready-made accounts, sign-in and dependencies for the current user."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_U = "fastapi_users.FastAPIUsers"
_ROUTERS = {
    "get_auth_router": "POST /login,POST /logout",
    "get_register_router": "POST /register",
    "get_reset_password_router": "POST /forgot-password,POST /reset-password",
    "get_verify_router": "POST /request-verify-token,POST /verify",
    "get_users_router": "GET /me,PATCH /me,GET /{id},PATCH /{id},DELETE /{id}",
    "get_oauth_router": "GET /authorize,GET /callback",
    "get_oauth_associate_router": "GET /authorize,GET /callback",
}

LIBRARY = Library(
    name="fastapi_users",
    calls={
        f"{_U}.current_user": Api(
            "current-user",
            {"optional": (0, "optional"), "active": (1, "active"), "verified": (2, "verified"), "superuser": (3, "superuser")},
            gives=("who", "self"),
            facts=("auth",),
            fixed={"dependency": "yes"},
        ),
        **{
            f"{_U}.{name}": Api("router", returns="fastapi.APIRouter", fixed={"routes": routes})
            for name, routes in _ROUTERS.items()
        },
        "fastapi_users.authentication.JWTStrategy": Api(
            "token-encode",
            {"key": (0, "secret"), "expires": (1, "lifetime_seconds"), "algorithm": "algorithm"},
            returns="fastapi_users.authentication.JWTStrategy",
        ),
        "fastapi_users.authentication.CookieTransport": Api(
            "set-cookie",
            {
                "key": (0, "cookie_name"),
                "max_age": (1, "cookie_max_age"),
                "secure": "cookie_secure",
                "httponly": "cookie_httponly",
                "samesite": "cookie_samesite",
            },
            returns="fastapi_users.authentication.CookieTransport",
            fixed={"secure": "true", "httponly": "true", "samesite": "lax"},
        ),
        "fastapi_users.password.PasswordHelper.hash": Api(
            "password-hash", {"password": (0, "password")}, gives=("hash:password",)
        ),
        "fastapi_users.password.PasswordHelper.verify_and_update": Api(
            "password-verify", {"password": (0, "plain_password"), "hash": (1, "hashed_password")}, true=("password",)
        ),
    },
    aliases={
        "fastapi_users.fastapi_users.FastAPIUsers": _U,
        "fastapi_users.authentication.strategy.JWTStrategy": "fastapi_users.authentication.JWTStrategy",
        "fastapi_users.authentication.strategy.jwt.JWTStrategy": "fastapi_users.authentication.JWTStrategy",
        "fastapi_users.authentication.transport.CookieTransport": "fastapi_users.authentication.CookieTransport",
        "fastapi_users.authentication.transport.cookie.CookieTransport": "fastapi_users.authentication.CookieTransport",
    },
    bases={
        "fastapi_users.schemas.BaseUser": "schema",
        "fastapi_users.schemas.BaseUserCreate": "schema",
        "fastapi_users.schemas.BaseUserUpdate": "schema",
        "fastapi_users.db.SQLAlchemyBaseUserTable": "table",
        "fastapi_users.db.SQLAlchemyBaseUserTableUUID": "table",
        "fastapi_users_db_sqlalchemy.SQLAlchemyBaseUserTableUUID": "table",
    },
)
