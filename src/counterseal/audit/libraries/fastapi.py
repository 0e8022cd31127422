"""FastAPI. What it inherits from Starlette stands in ``starlette``."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_VERBS = ("get", "post", "put", "patch", "delete", "options", "head", "trace")
_OPERATION: dict[str, int | str | tuple[int | str, ...]] = {
    "path": (0, "path"),
    "dependencies": "dependencies",
    "response_model": "response_model",
    "status_code": "status_code",
    "include_in_schema": "include_in_schema",
    "response_class": "response_class",
    "response_model_include": "response_model_include",
    "response_model_exclude": "response_model_exclude",
    "tags": "tags",
}
_ADDED = {**_OPERATION, "handler": (1, "endpoint"), "methods": "methods"}
_SOCKET: dict[str, int | str | tuple[int | str, ...]] = {"path": (0, "path"), "dependencies": "dependencies"}
_INHERITED_BY_APP = (
    "add_middleware",
    "add_exception_handler",
    "add_event_handler",
    "add_route",
    "add_websocket_route",
    "mount",
    "host",
    "route",
    "websocket_route",
    "middleware",
    "exception_handler",
    "on_event",
    "state",
)
_INHERITED_BY_ROUTER = ("add_event_handler", "add_route", "add_websocket_route", "mount", "host", "on_event")
_DOCUMENT = ("query", "path", "body", "form", "header", "cookie", "file")
_SCHEMES = {
    "OAuth2PasswordBearer": "header",
    "OAuth2AuthorizationCodeBearer": "header",
    "OAuth2": "header",
    "OpenIdConnect": "header",
    "HTTPBearer": "header",
    "HTTPBasic": "header",
    "HTTPDigest": "header",
    "APIKeyHeader": "header",
    "APIKeyCookie": "cookie",
    "APIKeyQuery": "query",
}


def _registrations(cls: str) -> dict[str, Api]:
    """The decorators and methods that an application and a router share."""
    out = {f"{cls}.{verb}": Api("route-decorator", _OPERATION, fixed={"methods": verb.upper()}) for verb in _VERBS}
    out[f"{cls}.api_route"] = Api("route-decorator", {**_OPERATION, "methods": "methods"}, fixed={"methods": "GET"})
    out[f"{cls}.websocket"] = Api("websocket-decorator", _SOCKET, fixed={"methods": "WEBSOCKET"})
    out[f"{cls}.add_api_route"] = Api("route", _ADDED, fixed={"methods": "GET"})
    socket = {**_SOCKET, "handler": (1, "endpoint")}
    out[f"{cls}.add_api_websocket_route"] = Api("route", socket, fixed={"methods": "WEBSOCKET"})
    out[f"{cls}.include_router"] = Api(
        "include",
        {"child": (0, "router"), "prefix": "prefix", "dependencies": "dependencies", "include_in_schema": "include_in_schema"},
    )
    return out


def _parameters() -> dict[str, Api]:
    bounds: dict[str, int | str | tuple[int | str, ...]] = {
        "default": (0, "default"),
        "default_factory": "default_factory",
        "alias": "alias",
        "embed": "embed",
        **{name: name for name in ("max_length", "min_length", "le", "lt", "ge", "gt", "pattern", "regex")},
    }
    return {f"fastapi.{name.capitalize()}": Api("param", bounds, fixed={"source": name}) for name in _DOCUMENT}


def _schemes() -> dict[str, Api]:
    out: dict[str, Api] = {}
    for name, source in _SCHEMES.items():
        roles: dict[str, int | str | tuple[int | str, ...]] = {
            "auto_error": "auto_error",
            "name": "name",
            "token_url": "tokenUrl",
        }
        out[f"fastapi.security.{name}"] = Api("credential", roles, fixed={"source": source})
        out[f"fastapi.security.{name}.__call__"] = Api("credential", gives=("cred", f"in:{source}:authorization"))
    return out


LIBRARY = Library(
    name="fastapi",
    framework="fastapi",
    calls={
        "fastapi.FastAPI": Api(
            "app",
            {
                **{
                    name: name
                    for name in (
                        "docs_url",
                        "redoc_url",
                        "openapi_url",
                        "debug",
                        "dependencies",
                        "routes",
                        "middleware",
                        "root_path",
                        "lifespan",
                    )
                },
                "exception_handlers": "exception_handlers",
            },
            returns="fastapi.FastAPI",
        ),
        "fastapi.APIRouter": Api(
            "router",
            {"prefix": "prefix", "dependencies": "dependencies", "routes": "routes", "include_in_schema": "include_in_schema"},
            returns="fastapi.APIRouter",
        ),
        **_registrations("fastapi.FastAPI"),
        **_registrations("fastapi.APIRouter"),
        "fastapi.APIRouter.route": Api(
            "route-decorator", {"path": (0, "path"), "methods": (1, "methods")}, fixed={"methods": "GET"}
        ),
        "fastapi.APIRouter.websocket_route": Api("websocket-decorator", {"path": (0, "path")}, fixed={"methods": "WEBSOCKET"}),
        "fastapi.routing.APIRoute": Api("route", _ADDED, fixed={"methods": "GET"}),
        "fastapi.routing.APIWebSocketRoute": Api(
            "route", {**_SOCKET, "handler": (1, "endpoint")}, fixed={"methods": "WEBSOCKET"}
        ),
        "fastapi.Depends": Api("depends", {"dependency": (0, "dependency"), "use_cache": "use_cache"}),
        "fastapi.Security": Api("depends", {"dependency": (0, "dependency"), "scopes": "scopes", "use_cache": "use_cache"}),
        **_parameters(),
        **_schemes(),
        "fastapi.encoders.jsonable_encoder": Api(
            "serialize", {"data": (0, "obj"), "include": "include", "exclude": "exclude"}, passes=True
        ),
    },
    types={"fastapi.FastAPI.router": "fastapi.APIRouter"},
    sources={
        "fastapi.security.OAuth2PasswordRequestForm": ("in:form",),
        "fastapi.security.HTTPAuthorizationCredentials.credentials": ("cred", "in:header:authorization"),
        "fastapi.security.HTTPAuthorizationCredentials.scheme": ("in:header:authorization",),
        "fastapi.security.HTTPBasicCredentials.username": ("cred", "in:header:authorization"),
        "fastapi.security.HTTPBasicCredentials.password": ("cred", "in:header:authorization"),
        "fastapi.UploadFile.filename": ("in:file:filename",),
        "fastapi.UploadFile.content_type": ("in:file:content_type",),
        "fastapi.UploadFile.size": ("in:file:size",),
        "fastapi.UploadFile.file": ("in:file",),
    },
    aliases={
        "fastapi.applications.FastAPI": "fastapi.FastAPI",
        "fastapi.routing.APIRouter": "fastapi.APIRouter",
        "fastapi.routing.Mount": "starlette.routing.Mount",
        "fastapi.routing.BaseRoute": "starlette.routing.BaseRoute",
        "fastapi.param_functions": "fastapi",
        "fastapi.params.Depends": "fastapi.Depends",
        "fastapi.params.Security": "fastapi.Security",
        "fastapi.security.oauth2": "fastapi.security",
        "fastapi.security.http": "fastapi.security",
        "fastapi.security.api_key": "fastapi.security",
        "fastapi.security.open_id_connect_url": "fastapi.security",
        "fastapi.security.OAuth2PasswordRequestFormStrict": "fastapi.security.OAuth2PasswordRequestForm",
        "fastapi.datastructures.UploadFile": "fastapi.UploadFile",
        "fastapi.Request": "starlette.requests.Request",
        "fastapi.requests": "starlette.requests",
        "fastapi.Response": "starlette.responses.Response",
        "fastapi.responses": "starlette.responses",
        "fastapi.WebSocket": "starlette.websockets.WebSocket",
        "fastapi.WebSocketDisconnect": "starlette.websockets.WebSocketDisconnect",
        "fastapi.websockets": "starlette.websockets",
        "fastapi.HTTPException": "starlette.exceptions.HTTPException",
        "fastapi.exceptions.HTTPException": "starlette.exceptions.HTTPException",
        "fastapi.exceptions.StarletteHTTPException": "starlette.exceptions.HTTPException",
        "fastapi.WebSocketException": "starlette.exceptions.WebSocketException",
        "fastapi.exceptions.WebSocketException": "starlette.exceptions.WebSocketException",
        "fastapi.BackgroundTasks": "starlette.background.BackgroundTasks",
        "fastapi.background": "starlette.background",
        "fastapi.staticfiles": "starlette.staticfiles",
        "fastapi.templating": "starlette.templating",
        "fastapi.status": "starlette.status",
        "fastapi.middleware": "starlette.middleware",
        "fastapi.concurrency": "starlette.concurrency",
        **{f"fastapi.FastAPI.{name}": f"starlette.applications.Starlette.{name}" for name in _INHERITED_BY_APP},
        **{f"fastapi.APIRouter.{name}": f"starlette.routing.Router.{name}" for name in _INHERITED_BY_ROUTER},
        **{
            f"fastapi.UploadFile.{name}": f"starlette.datastructures.UploadFile.{name}"
            for name in ("read", "write", "seek", "close")
        },
    },
    weak_defaults={
        "docs_url": "interactive documentation of every route is served at /docs",
        "redoc_url": "documentation of every route is served at /redoc",
        "openapi_url": "the schema of every route is served at /openapi.json",
    },
)
