"""Django REST framework: requests, routers, answers, settings."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library, Settings

_REQUEST = "django.http.HttpRequest"
_EXCEPTIONS = {
    "APIException": "500",
    "AuthenticationFailed": "401",
    "NotAuthenticated": "401",
    "PermissionDenied": "403",
    "NotFound": "404",
    "ParseError": "400",
    "ValidationError": "400",
    "MethodNotAllowed": "405",
    "Throttled": "429",
}
# Each verifies what it reads before it names a user: a session, a password, a stored token, or a token's signature.
_AUTHENTICATORS = (
    "rest_framework.authentication.SessionAuthentication",
    "rest_framework.authentication.BasicAuthentication",
    "rest_framework.authentication.TokenAuthentication",
    "rest_framework_simplejwt.authentication.JWTAuthentication",
    "rest_framework_simplejwt.authentication.JWTStatelessUserAuthentication",
    "rest_framework_jwt.authentication.JSONWebTokenAuthentication",
    "knox.auth.TokenAuthentication",
    "oauth2_provider.contrib.rest_framework.OAuth2Authentication",
    "dj_rest_auth.jwt_auth.JWTCookieAuthentication",
)
LIBRARY = Library(
    name="rest_framework",
    framework="django",
    calls={
        "rest_framework.response.Response": Api("json-response", {"content": (0, "data"), "status": (1, "status")}),
        **{
            f"rest_framework.exceptions.{n}": Api("http-error", {"message": (0, "detail")}, fixed={"status": s})
            for n, s in _EXCEPTIONS.items()
        },
        "rest_framework.authentication.authenticated_by": Api("authenticator", {"authenticator": 0, "request": 1}),
        **{name: Api("authenticator-class", returns=name) for name in _AUTHENTICATORS},
        "rest_framework.authentication.get_authorization_header": Api("wait", gives=("cred", "in:header:authorization")),
        "rest_framework.throttling.hit": Api("limit-hit", facts=("limit",)),
        "rest_framework.routers.SimpleRouter": Api(
            "url-router", {"slash": "trailing_slash"}, returns="rest_framework.routers.SimpleRouter"
        ),
        "rest_framework.routers.DefaultRouter": Api(
            "url-router",
            {"slash": "trailing_slash"},
            returns="rest_framework.routers.DefaultRouter",
            fixed={"root": "rest_framework.routers.APIRootView"},
        ),
        **{
            f"rest_framework_nested.routers.Nested{kind}Router": Api(
                "url-router",
                {"parent": (0, "parent_router"), "prefix": (1, "parent_prefix"), "lookup": "lookup", "slash": "trailing_slash"},
                returns=f"rest_framework_nested.routers.Nested{kind}Router",
            )
            for kind in ("Simple", "Default")
        },
        **{
            f"{router}.register": Api("url-register", {"path": (0, "prefix"), "handler": (1, "viewset")})
            for router in (
                "rest_framework.routers.SimpleRouter",
                "rest_framework.routers.DefaultRouter",
                "rest_framework_nested.routers.NestedSimpleRouter",
                "rest_framework_nested.routers.NestedDefaultRouter",
            )
        },
    },
    sources={
        f"{_REQUEST}.data": ("in:body",),
        f"{_REQUEST}.DATA": ("in:body",),
        f"{_REQUEST}.query_params": ("in:query",),
        f"{_REQUEST}.QUERY_PARAMS": ("in:query",),
    },
    aliases={
        "rest_framework.request.Request": _REQUEST,
        "rest_framework.routers.BaseRouter": "rest_framework.routers.SimpleRouter",
        "rest_framework_nested.routers.SimpleRouter": "rest_framework.routers.SimpleRouter",
        "rest_framework_nested.routers.DefaultRouter": "rest_framework.routers.DefaultRouter",
        "rest_framework_extensions.routers.ExtendedSimpleRouter": "rest_framework.routers.SimpleRouter",
        "rest_framework_extensions.routers.ExtendedDefaultRouter": "rest_framework.routers.DefaultRouter",
        "rest_framework.exceptions.DjangoValidationError": "rest_framework.exceptions.ValidationError",
    },
    settings={
        "rest_framework.settings.api_settings": Settings(
            section="REST_FRAMEWORK",
            imports=True,
            defaults={
                "DEFAULT_AUTHENTICATION_CLASSES": (
                    "rest_framework.authentication.SessionAuthentication",
                    "rest_framework.authentication.BasicAuthentication",
                ),
                "DEFAULT_PERMISSION_CLASSES": ("rest_framework.permissions.AllowAny",),
                "DEFAULT_THROTTLE_CLASSES": (),
                "DEFAULT_PAGINATION_CLASS": None,
                "DEFAULT_FILTER_BACKENDS": (),
                "PAGE_SIZE": None,
            },
        )
    },
)
