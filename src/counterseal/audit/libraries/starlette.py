"""Starlette."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library, ViewClass

_APP = "starlette.applications.Starlette"
_ROUTER = "starlette.routing.Router"
_REQUEST = "starlette.requests.Request"
_SOCKET = "starlette.websockets.WebSocket"
_RESPONSE = "starlette.responses.Response"
_HTTP = {verb: verb.upper() for verb in ("get", "head", "post", "put", "patch", "delete", "options", "trace")}
_ANSWER: dict[str, int | str | tuple[int | str, ...]] = {
    "content": (0, "content"),
    "status": (1, "status_code"),
    "headers": (2, "headers"),
    "media_type": (3, "media_type"),
    "background": (4, "background"),
}
_COOKIE: dict[str, int | str | tuple[int | str, ...]] = {
    "key": (0, "key"),
    "value": (1, "value"),
    "max_age": (2, "max_age"),
    "expires": (3, "expires"),
    "path": (4, "path"),
    "domain": (5, "domain"),
    "secure": (6, "secure"),
    "httponly": (7, "httponly"),
    "samesite": (8, "samesite"),
}
_READ_BY_REQUEST = {
    "query_params": ("in:query",),
    "path_params": ("in:path",),
    "headers": ("in:header",),
    "cookies": ("in:cookie",),
    "session": ("session",),
    "url": ("in:path",),
    "base_url": ("in:header:host",),
    "user": ("who", "self", "anonymous?"),
    "auth": ("who", "anonymous?"),
}
_SUBCLASSES = (
    "JSONResponse",
    "HTMLResponse",
    "PlainTextResponse",
    "RedirectResponse",
    "StreamingResponse",
    "FileResponse",
    "ORJSONResponse",
    "UJSONResponse",
)


def _registrations(cls: str) -> dict[str, Api]:
    return {
        f"{cls}.add_route": Api(
            "route",
            {"path": (0, "path"), "handler": (1, "route", "endpoint"), "methods": (2, "methods")},
            fixed={"methods": "GET"},
        ),
        f"{cls}.add_websocket_route": Api(
            "route", {"path": (0, "path"), "handler": (1, "route", "endpoint")}, fixed={"methods": "WEBSOCKET"}
        ),
        f"{cls}.route": Api("route-decorator", {"path": (0, "path"), "methods": (1, "methods")}, fixed={"methods": "GET"}),
        f"{cls}.websocket_route": Api("websocket-decorator", {"path": (0, "path")}, fixed={"methods": "WEBSOCKET"}),
        f"{cls}.mount": Api("mount", {"path": (0, "path"), "child": (1, "app")}),
        f"{cls}.host": Api("mount", {"host": (0, "host"), "child": (1, "app")}),
        f"{cls}.add_event_handler": Api("hook", {"event": (0, "event_type"), "handler": (1, "func")}, fixed={"when": "lifespan"}),
        f"{cls}.on_event": Api("hook", {"event": (0, "event_type")}, fixed={"when": "lifespan"}),
    }


def _answers() -> dict[str, Api]:
    kinds = {
        "JSONResponse": "json-response",
        "ORJSONResponse": "json-response",
        "UJSONResponse": "json-response",
        "FileResponse": "file-response",
        "RedirectResponse": "redirect",
    }
    out = {f"starlette.responses.{name}": Api(kinds.get(name, "response"), _ANSWER) for name in ("Response", *_SUBCLASSES)}
    out["starlette.responses.HTMLResponse"] = Api("response", _ANSWER, fixed={"type": "html"})
    out["starlette.responses.RedirectResponse"] = Api(
        "redirect", {"url": (0, "url"), "status": (1, "status_code"), "headers": (2, "headers")}
    )
    out["starlette.responses.FileResponse"] = Api(
        "file-response",
        {
            "path": (0, "path"),
            "status": (1, "status_code"),
            "headers": (2, "headers"),
            "media_type": (3, "media_type"),
            "filename": "filename",
        },
    )
    return out


def _socket_reads() -> dict[str, Api]:
    names = ("receive", "receive_text", "receive_bytes", "receive_json", "iter_text", "iter_bytes", "iter_json")
    return {f"{_SOCKET}.{name}": Api("json-load" if "json" in name else "wait", gives=("in:body",)) for name in names}


LIBRARY = Library(
    name="starlette",
    framework="starlette",
    calls={
        _APP: Api(
            "app",
            {name: name for name in ("debug", "routes", "middleware", "exception_handlers", "lifespan")}
            | {"debug": (0, "debug"), "routes": (1, "routes")},
            returns=_APP,
        ),
        _ROUTER: Api("router", {"routes": (0, "routes"), "middleware": "middleware"}, returns=_ROUTER),
        **_registrations(_APP),
        **_registrations(_ROUTER),
        f"{_APP}.add_middleware": Api("middleware", {"class": (0, "middleware_class")}),
        f"{_APP}.middleware": Api("hook", {"type": (0, "middleware_type")}, fixed={"when": "around"}),
        f"{_APP}.add_exception_handler": Api(
            "error-handler", {"error": (0, "exc_class_or_status_code"), "handler": (1, "handler")}
        ),
        f"{_APP}.exception_handler": Api("error-handler", {"error": (0, "exc_class_or_status_code")}),
        "starlette.routing.Route": Api(
            "route",
            {
                "path": (0, "path"),
                "handler": (1, "endpoint"),
                "methods": "methods",
                "middleware": "middleware",
                "include_in_schema": "include_in_schema",
            },
            fixed={"methods": "GET"},
        ),
        "starlette.routing.WebSocketRoute": Api(
            "route", {"path": (0, "path"), "handler": (1, "endpoint"), "middleware": "middleware"}, fixed={"methods": "WEBSOCKET"}
        ),
        "starlette.routing.Mount": Api(
            "mount", {"path": (0, "path"), "child": (1, "app"), "routes": (2, "routes"), "middleware": "middleware"}
        ),
        "starlette.routing.Host": Api("mount", {"host": (0, "host"), "child": (1, "app")}),
        "starlette.staticfiles.StaticFiles": Api(
            "static", {"directory": (0, "directory"), "html": "html", "packages": "packages"}
        ),
        "starlette.middleware.cors.CORSMiddleware": Api(
            "cors",
            {
                "app": (0, "app"),
                "origins": "allow_origins",
                "origin_regex": "allow_origin_regex",
                "credentials": "allow_credentials",
                "methods": "allow_methods",
                "headers": "allow_headers",
            },
        ),
        "starlette.middleware.sessions.SessionMiddleware": Api(
            "session-start",
            {
                "app": (0, "app"),
                "key": (1, "secret_key"),
                "cookie": "session_cookie",
                "max_age": "max_age",
                "samesite": "same_site",
                "secure": "https_only",
            },
        ),
        "starlette.middleware.httpsredirect.HTTPSRedirectMiddleware": Api("security-headers", {"app": (0, "app")}),
        "starlette.middleware.trustedhost.TrustedHostMiddleware": Api(
            "security-headers", {"app": (0, "app"), "hosts": "allowed_hosts"}
        ),
        # The decorator refuses callers without these scopes. "authenticated" is the one for being signed in at all.
        "starlette.authentication.requires": Api(
            "login-required", {"role": (0, "scopes"), "status": "status_code", "redirect": "redirect"}, facts=("auth",)
        ),
        "starlette.exceptions.HTTPException": Api(
            "http-error", {"status": (0, "status_code"), "message": (1, "detail"), "headers": (2, "headers")}
        ),
        "starlette.exceptions.WebSocketException": Api(
            "http-error", {"code": (0, "code"), "message": (1, "reason")}, fixed={"status": "403"}
        ),
        **_answers(),
        f"{_RESPONSE}.set_cookie": Api("set-cookie", _COOKIE, fixed={"samesite": "lax"}),
        f"{_RESPONSE}.delete_cookie": Api("sign-out", {"key": (0, "key")}),
        "starlette.templating.Jinja2Templates.TemplateResponse": Api(
            "template", {"name": ("name", 1, 0), "content": ("context", 2, 1), "status": "status_code"}
        ),
        f"{_REQUEST}.json": Api("json-load", gives=("in:body",)),
        f"{_REQUEST}.form": Api("wait", {"max_files": "max_files", "max_part_size": "max_part_size"}, gives=("in:form",)),
        f"{_REQUEST}.body": Api("wait", gives=("in:body",)),
        f"{_REQUEST}.stream": Api("wait", gives=("in:body",)),
        "starlette.datastructures.UploadFile.read": Api("file-open", {"size": (0, "size")}, gives=("in:file",)),
        **_socket_reads(),
        **{f"{_SOCKET}.send_{name}": Api("response", {"content": (0, "data")}) for name in ("text", "bytes", "json")},
        "starlette.background.BackgroundTasks.add_task": Api("background", {"function": (0, "func")}),
        "starlette.background.BackgroundTask": Api("background", {"function": (0, "func")}),
        "starlette.concurrency.run_in_threadpool": Api("wait", {"function": (0, "func")}, fixed={"calls": "0"}),
        "starlette.config.Config.__call__": Api("env", {"name": (0, "key"), "cast": (1, "cast"), "default": (2, "default")}),
        "starlette.config.Config.get": Api("env", {"name": (0, "key"), "cast": (1, "cast"), "default": (2, "default")}),
    },
    sources={
        **{f"{_REQUEST}.{name}": labels for name, labels in _READ_BY_REQUEST.items()},
        **{f"{_SOCKET}.{name}": labels for name, labels in _READ_BY_REQUEST.items()},
        "starlette.datastructures.UploadFile.filename": ("in:file:filename",),
        "starlette.datastructures.UploadFile.content_type": ("in:file:content_type",),
        "starlette.datastructures.UploadFile.file": ("in:file",),
    },
    types={f"{_APP}.router": _ROUTER},
    aliases={
        "starlette.requests.HTTPConnection": _REQUEST,
        "starlette.templating._TemplateResponse": _RESPONSE,
        "sse_starlette.EventSourceResponse": "starlette.responses.StreamingResponse",
        "sse_starlette.sse.EventSourceResponse": "starlette.responses.StreamingResponse",
        **{
            f"starlette.responses.{name}.{method}": f"{_RESPONSE}.{method}"
            for name in _SUBCLASSES
            for method in ("set_cookie", "delete_cookie", "headers")
        },
    },
    views={
        "starlette.endpoints.HTTPEndpoint": ViewClass(_HTTP),
        "starlette.endpoints.WebSocketEndpoint": ViewClass(
            {"on_connect": "WEBSOCKET", "on_receive": "WEBSOCKET", "on_disconnect": "WEBSOCKET"}, fallback="on_receive"
        ),
    },
    methods={"set_cookie": Api("set-cookie", _COOKIE)},
    weak_defaults={"https_only": "the session cookie is also sent over plain HTTP"},
)
