"""Litestar. Its requests and sockets are described where Starlette's are: the same attributes mean the same."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library, ViewClass

_APP = "litestar.app.Litestar"
_ROUTER = "litestar.router.Router"
_CONTROLLER = "litestar.controller.Controller"
_JWT = "litestar.security.jwt"
_VERBS = ("get", "post", "put", "patch", "delete", "head")
_LAYER: dict[str, int | str | tuple[int | str, ...]] = {
    name: name for name in ("guards", "dependencies", "before_request", "middleware", "opt", "dto", "return_dto")
}
_HANDLER: dict[str, int | str | tuple[int | str, ...]] = {
    **_LAYER,
    # Named dependencies are no list that runs in any case.
    "path": (0, "path"),
    "status_code": "status_code",
    "response_model": ("return_dto", "dto"),
    "include_in_schema": "include_in_schema",
}
# What stands beside the handler is one layer of several; parameters with these names come from these parts of the request.
_ITEM = {"layers": "yes", "item": "yes", "reserved": "data:body body:body headers:header cookies:cookie query:query"}
_COOKIE: dict[str, int | str | tuple[int | str, ...]] = {
    name: (place, name)
    for place, name in enumerate(("key", "value", "max_age", "expires", "path", "domain", "secure", "httponly", "samesite"))
}
_ANSWER: dict[str, int | str | tuple[int | str, ...]] = {
    "content": (0, "content"),
    "status": "status_code",
    "headers": "headers",
    "media_type": "media_type",
    "background": "background",
}
_ERRORS = {
    "ClientException": "400",
    "ValidationException": "400",
    "NotAuthorizedException": "401",
    "PermissionDeniedException": "403",
    "NotFoundException": "404",
    "MethodNotAllowedException": "405",
    "RequestEntityTooLarge": "413",
    "TooManyRequestsException": "429",
    "InternalServerException": "500",
    "ImproperlyConfiguredException": "500",
    "HTTPException": "500",
    "ServiceUnavailableException": "503",
}
_SESSIONS: dict[str, int | str | tuple[int | str, ...]] = {
    "key": "secret",
    "cookie": "key",
    "max_age": "max_age",
    "samesite": "samesite",
    "secure": "secure",
    "httponly": "httponly",
}
_NO_AUTH = {"opt": "exclude_from_auth"}


def _decorators() -> dict[str, Api]:
    where = "litestar.handlers"
    out = {f"{where}.{verb}": Api("route-decorator", _HANDLER, fixed={**_ITEM, "methods": verb.upper()}) for verb in _VERBS}
    out[f"{where}.route"] = Api("route-decorator", {**_HANDLER, "methods": "http_method"}, fixed=_ITEM)
    out[f"{where}.asgi"] = Api("route-decorator", _HANDLER, fixed={**_ITEM, "methods": "ANY"})
    for name in ("websocket", "websocket_listener", "websocket_stream"):
        out[f"{where}.{name}"] = Api("websocket-decorator", _HANDLER, fixed={**_ITEM, "methods": "WEBSOCKET"})
    return out


def _schemes() -> dict[str, Api]:
    """Ready-made authentication: its middleware refuses whom the given function does not know."""
    out: dict[str, Api] = {}
    keyed: dict[str, int | str | tuple[int | str, ...]] = {"key": "token_secret", "algorithm": "algorithm"}
    schemes = {f"{_JWT}.{name}": keyed for name in ("JWTAuth", "JWTCookieAuth", "OAuth2PasswordBearerAuth")}
    for name, roles in {**schemes, "litestar.security.session_auth.SessionAuth": {}}.items():
        if roles:
            out[name] = Api("signer-dump", roles, returns=name)
        for way in ("middleware", "on_app_init"):
            out[f"{name}.{way}"] = Api("middleware", facts=("auth",), fixed={**_NO_AUTH, "user": "retrieve_user_handler"})
        out[f"{name}.login"] = Api("sign-in-session", {"identity": (0, "identifier")})
    return out


def _answers() -> dict[str, Api]:
    return {
        "litestar.response.Response": Api("response", _ANSWER),
        "litestar.response.Stream": Api("response", _ANSWER),
        "litestar.response.ServerSentEvent": Api("response", _ANSWER),
        "litestar.response.Redirect": Api("redirect", {"url": (0, "path"), "status": "status_code"}),
        "litestar.response.File": Api("file-response", {"path": (0, "path"), "filename": "filename"}),
        "litestar.response.Template": Api("template", {"name": (0, "template_name"), "source": "template_str"}),
        "litestar.datastructures.Cookie": Api("set-cookie", _COOKIE),
    }


def _configurations() -> dict[str, Api]:
    limit = "litestar.middleware.rate_limit.RateLimitConfig"
    session = "litestar.middleware.session"
    out = {
        "litestar.config.cors.CORSConfig": Api(
            "cors",
            {
                "origins": (0, "allow_origins"),
                "origin_regex": "allow_origin_regex",
                "credentials": "allow_credentials",
                "methods": "allow_methods",
                "headers": "allow_headers",
            },
        ),
        "litestar.config.csrf.CSRFConfig": Api(
            "csrf-protect",
            {"key": (0, "secret"), "exclude": "exclude", "exclude_opt_key": "exclude_from_csrf_key"},
            facts=("csrf",),
            fixed={"opt": "exclude_from_csrf"},
        ),
        f"{limit}.middleware": Api("middleware", facts=("limit",)),
    }
    for name in ("client_side.CookieBackendConfig", "server_side.ServerSideSessionConfig"):
        full = f"{session}.{name}"
        roles = _SESSIONS if "Cookie" in name else {k: v for k, v in _SESSIONS.items() if k != "key"}
        out[full] = Api("session-start", roles, returns=full)
        out[f"{full}.middleware"] = Api("middleware")
    return out


LIBRARY = Library(
    name="litestar",
    framework="litestar",
    calls={
        _APP: Api(
            "app",
            {
                **_LAYER,
                "routes": (0, "route_handlers"),
                "debug": "debug",
                "on_app_init": "on_app_init",
                "plugins": "plugins",
                "cors": "cors_config",
                "csrf": "csrf_config",
                "openapi": "openapi_config",
            },
            returns=_APP,
            fixed={
                "layers": "yes",
                "pages": "/schema /openapi.json /openapi.yaml /openapi.yml /redoc /swagger /elements /rapidoc"
                " /oauth2-redirect.html /{path:str}",
            },
        ),
        _ROUTER: Api(
            "router", {**_LAYER, "prefix": (0, "path"), "routes": "route_handlers"}, returns=_ROUTER, fixed={"layers": "yes"}
        ),
        # Class attributes are to a controller what arguments are to a router.
        _CONTROLLER: Api("router", {**_LAYER, "prefix": "path"}, fixed={"layers": "yes"}),
        f"{_APP}.register": Api("include", {"child": (0, "value")}),
        f"{_ROUTER}.register": Api("include", {"child": (0, "value")}),
        **_decorators(),
        "litestar.static_files.create_static_files_router": Api(
            "static", {"path": (0, "path"), "directory": (1, "directories")}, returns=_ROUTER
        ),
        "litestar.di.Provide": Api("depends", {"dependency": (0, "dependency"), "use_cache": "use_cache"}),
        "litestar.params.Parameter": Api(
            "param",
            {"default": "default", "header": "header", "cookie": "cookie", "alias": "query"}
            | {name: name for name in ("max_length", "min_length", "le", "lt", "ge", "gt", "pattern")},
            fixed={"source": "query"},
        ),
        "litestar.params.Body": Api("param", {"default": "default", "max_length": "max_length"}, fixed={"source": "body"}),
        "litestar.middleware.authentication.AbstractAuthenticationMiddleware": Api(
            "middleware-base", fixed={**_NO_AUTH, "runs": "authenticate_request"}
        ),
        "litestar.middleware.base.ASGIMiddleware": Api("middleware-base", fixed={"runs": "handle"}),
        **_schemes(),
        f"{_JWT}.Token.decode": Api(
            "token-decode",
            {"token": (0, "encoded_token"), "key": (1, "secret"), "algorithms": (2, "algorithm"), "audience": "audience"},
        ),
        f"{_JWT}.Token.encode": Api("token-encode", {"key": (0, "secret"), "algorithm": (1, "algorithm")}),
        **_configurations(),
        **_answers(),
        **{
            f"litestar.exceptions.{name}": Api(
                "http-error", {"message": (0, "detail"), "status": "status_code"}, fixed={"status": status}
            )
            for name, status in _ERRORS.items()
        },
    },
    aliases={
        "litestar.Litestar": _APP,
        "litestar.Router": _ROUTER,
        "litestar.Controller": _CONTROLLER,
        "litestar.Request": "starlette.requests.Request",
        "litestar.WebSocket": "starlette.websockets.WebSocket",
        "litestar.Response": "litestar.response.Response",
        "litestar.connection.Request": "starlette.requests.Request",
        "litestar.connection.ASGIConnection": "starlette.requests.Request",
        "litestar.connection.WebSocket": "starlette.websockets.WebSocket",
        "litestar.datastructures.UploadFile": "starlette.datastructures.UploadFile",
        "litestar.background_tasks.BackgroundTask": "starlette.background.BackgroundTask",
        "litestar.response.base.Response": "litestar.response.Response",
        "litestar.exceptions.http_exceptions": "litestar.exceptions",
        "litestar.handlers.http_handlers": "litestar.handlers",
        "litestar.handlers.websocket_handlers": "litestar.handlers",
        "litestar.middleware.AbstractAuthenticationMiddleware": (
            "litestar.middleware.authentication.AbstractAuthenticationMiddleware"
        ),
        "litestar.middleware.DefineMiddleware": "litestar.middleware.base.DefineMiddleware",
        "litestar.middleware.ASGIMiddleware": "litestar.middleware.base.ASGIMiddleware",
        "litestar.security.jwt.auth": _JWT,
        "litestar.security.jwt.token": _JWT,
        "litestar.security.session_auth.auth": "litestar.security.session_auth",
        **{f"litestar.{name}": f"litestar.handlers.{name}" for name in (*_VERBS, "route", "asgi", "websocket")},
        **{f"litestar.{name}": f"litestar.handlers.{name}" for name in ("websocket_listener", "websocket_stream")},
    },
    constants={f"litestar.enums.HttpMethod.{verb.upper()}": verb.upper() for verb in (*_VERBS, "options")}
    | {f"litestar.HttpMethod.{verb.upper()}": verb.upper() for verb in (*_VERBS, "options")},
    views={"litestar.handlers.WebsocketListener": ViewClass({"on_receive": "WEBSOCKET"})},
)
