"""Flask-JWT-Extended."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_M = "flask_jwt_extended"
_REQUIRE: dict[str, int | str | tuple[int | str, ...]] = {
    "optional": ("optional", 0),
    "fresh": "fresh",
    "refresh": "refresh",
    "locations": "locations",
}
_MINT: dict[str, int | str | tuple[int | str, ...]] = {
    "payload": (0, "identity"),
    "expires": "expires_delta",
    "claims": ("additional_claims", "user_claims"),
}
_LOADERS = (
    "user_lookup_loader",
    "user_loader_callback_loader",
    "user_identity_loader",
    "additional_claims_loader",
    "user_claims_loader",
)
_REVOCATION = (
    "token_in_blocklist_loader",
    "token_in_blacklist_loader",
    "token_verification_loader",
    "claims_verification_loader",
)
_REFUSALS = (
    "expired_token_loader",
    "invalid_token_loader",
    "unauthorized_loader",
    "needs_fresh_token_loader",
    "revoked_token_loader",
    "user_lookup_error_loader",
)

LIBRARY = Library(
    name=_M,
    calls={
        f"{_M}.jwt_required": Api("login-required", _REQUIRE, facts=("auth",)),
        f"{_M}.fresh_jwt_required": Api("login-required", facts=("auth",)),
        f"{_M}.jwt_refresh_token_required": Api("login-required", facts=("auth",)),
        f"{_M}.jwt_optional": Api("wraps", {"function": 0}),
        f"{_M}.verify_jwt_in_request": Api("login-required", _REQUIRE, facts=("auth",), fixed={"call": "direct"}),
        f"{_M}.get_jwt_identity": Api("current-user", gives=("who", "self"), null=True),
        f"{_M}.get_jwt": Api("current-user", gives=("who", "self"), null=True),
        f"{_M}.get_jwt_claims": Api("current-user", gives=("who", "self"), null=True),
        f"{_M}.get_raw_jwt": Api("current-user", gives=("who", "self"), null=True),
        f"{_M}.get_current_user": Api("current-user", gives=("who", "self"), null=True),
        f"{_M}.create_access_token": Api("token-encode", _MINT, fixed={"key": "JWT_SECRET_KEY", "expires": "900"}),
        f"{_M}.create_refresh_token": Api("token-encode", _MINT, fixed={"key": "JWT_SECRET_KEY", "expires": "2592000"}),
        f"{_M}.decode_token": Api(
            "token-decode",
            {"token": (0, "encoded_token"), "allow_expired": "allow_expired"},
            gives=("who", "self"),
            facts=("auth",),
        ),
        f"{_M}.get_unverified_jwt_headers": Api("token-peek", {"token": (0, "encoded_token")}),
        f"{_M}.unset_jwt_cookies": Api("sign-out"),
        f"{_M}.unset_access_cookies": Api("sign-out"),
        f"{_M}.unset_refresh_cookies": Api("sign-out"),
        **{f"{_M}.JWTManager.{name}": Api("hook", fixed={"when": "user-loader"}) for name in _LOADERS},
        **{f"{_M}.JWTManager.{name}": Api("hook", fixed={"when": "revocation"}) for name in _REVOCATION},
        **{f"{_M}.JWTManager.{name}": Api("hook", fixed={"when": "refuse"}) for name in _REFUSALS},
    },
    sources={f"{_M}.current_user": ("who", "self", "anonymous?")},
    aliases={
        f"{_M}.view_decorators": _M,
        f"{_M}.utils": _M,
        f"{_M}.jwt_manager.JWTManager": f"{_M}.JWTManager",
    },
    weak_defaults={
        "JWT_COOKIE_SECURE": "the token's cookie is also sent over plain HTTP",
        "JWT_COOKIE_SAMESITE": "the token's cookie carries no SameSite attribute",
    },
)
