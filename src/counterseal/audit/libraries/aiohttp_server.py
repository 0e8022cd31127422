"""aiohttp, as a server. Its requests are described where Starlette's are: attributes that both have mean the same."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library, ViewClass

_APP = "aiohttp.web.Application"
_TABLE = "aiohttp.web.RouteTableDef"
_ROUTER = "aiohttp.web.UrlDispatcher"
_REQUEST = "starlette.requests.Request"
_VERBS = ("get", "post", "put", "patch", "delete", "head", "options")
_ANSWER: dict[str, int | str | tuple[int | str, ...]] = {
    "content": ("text", "body"),
    "status": "status",
    "headers": "headers",
    "media_type": "content_type",
}
_ERRORS = {
    "HTTPMovedPermanently": "301",
    "HTTPFound": "302",
    "HTTPSeeOther": "303",
    "HTTPTemporaryRedirect": "307",
    "HTTPPermanentRedirect": "308",
    "HTTPBadRequest": "400",
    "HTTPUnauthorized": "401",
    "HTTPPaymentRequired": "402",
    "HTTPForbidden": "403",
    "HTTPNotFound": "404",
    "HTTPMethodNotAllowed": "405",
    "HTTPNotAcceptable": "406",
    "HTTPConflict": "409",
    "HTTPGone": "410",
    "HTTPRequestEntityTooLarge": "413",
    "HTTPUnsupportedMediaType": "415",
    "HTTPUnprocessableEntity": "422",
    "HTTPTooManyRequests": "429",
    "HTTPInternalServerError": "500",
    "HTTPNotImplemented": "501",
    "HTTPBadGateway": "502",
    "HTTPServiceUnavailable": "503",
}


def _registrations() -> dict[str, Api]:
    added: dict[str, int | str | tuple[int | str, ...]] = {"path": (0, "path"), "handler": (1, "handler")}
    any_method: dict[str, int | str | tuple[int | str, ...]] = {
        "methods": (0, "method"),
        "path": (1, "path"),
        "handler": (2, "handler"),
    }
    out: dict[str, Api] = {}
    for verb in _VERBS:
        methods = {"methods": verb.upper()}
        out[f"{_ROUTER}.add_{verb}"] = Api("route", added, fixed=methods)
        out[f"aiohttp.web.{verb}"] = Api("route", added, fixed=methods)
        out[f"{_TABLE}.{verb}"] = Api("route-decorator", {"path": (0, "path")}, fixed=methods)
    out[f"{_ROUTER}.add_route"] = Api("route", any_method)
    out["aiohttp.web.route"] = Api("route", any_method)
    out[f"{_TABLE}.route"] = Api("route-decorator", {"methods": (0, "method"), "path": (1, "path")})
    out[f"{_ROUTER}.add_view"] = Api("route", added)
    out["aiohttp.web.view"] = Api("route", added)
    out[f"{_TABLE}.view"] = Api("route-decorator", {"path": (0, "path")})
    for name in (f"{_ROUTER}.add_static", "aiohttp.web.static", f"{_TABLE}.static"):
        out[name] = Api("mount", {"path": (0, "prefix"), "directory": (1, "path")}, fixed={"static": "yes"})
    for name in (_APP, _ROUTER):
        out[f"{name}.add_routes"] = Api("include", {"child": (0, "routes")}, fixed={"listed": "yes"})
    return out


LIBRARY = Library(
    name="aiohttp.web",
    framework="aiohttp",
    calls={
        _APP: Api(
            "app",
            {"middleware": "middlewares", "client_max_size": "client_max_size"},
            returns=_APP,
            fixed={"middleware": "around"},
        ),
        _TABLE: Api("router", returns=_TABLE),
        **_registrations(),
        f"{_APP}.add_subapp": Api("mount", {"path": (0, "prefix"), "child": (1, "subapp")}),
        "aiohttp.web.Middlewares.append": Api("hook", fixed={"when": "around"}),
        "aiohttp.web.run_app": Api("server-run", {"host": "host", "port": "port", "ssl": "ssl_context"}),
        "aiohttp.web.Response": Api("response", _ANSWER),
        "aiohttp.web.StreamResponse": Api("response", _ANSWER),
        "aiohttp.web.WebSocketResponse": Api("response"),
        "aiohttp.web.json_response": Api("json-response", {"content": (0, "data"), "status": "status", "headers": "headers"}),
        "aiohttp.web.FileResponse": Api("file-response", {"path": (0, "path"), "status": "status", "headers": "headers"}),
        **{
            f"aiohttp.web.{name}": Api("http-error", {"message": ("text", "reason"), "url": "location"}, fixed={"status": status})
            for name, status in _ERRORS.items()
        },
        f"{_REQUEST}.post": Api("wait", gives=("in:form",)),
        f"{_REQUEST}.text": Api("wait", gives=("in:body",)),
        f"{_REQUEST}.read": Api("wait", gives=("in:body",)),
        f"{_REQUEST}.multipart": Api("wait", gives=("in:form",)),
    },
    sources={
        f"{_REQUEST}.query": ("in:query",),
        f"{_REQUEST}.query_string": ("in:query",),
        f"{_REQUEST}.rel_url": ("in:path", "in:query"),
        f"{_REQUEST}.rel_url.query": ("in:query",),
        f"{_REQUEST}.match_info": ("in:path",),
        f"{_REQUEST}.path": ("in:path",),
        f"{_REQUEST}.content": ("in:body",),
    },
    types={f"{_APP}.router": _ROUTER, f"{_APP}.middlewares": "aiohttp.web.Middlewares"},
    aliases={
        "aiohttp.web.Request": _REQUEST,
        "aiohttp.web.BaseRequest": _REQUEST,
        "aiohttp.web_request.Request": _REQUEST,
        "aiohttp.web_app.Application": _APP,
        "aiohttp.web_urldispatcher.View": "aiohttp.web.View",
        "aiohttp.web_urldispatcher.UrlDispatcher": _ROUTER,
        "aiohttp.web_routedef": "aiohttp.web",
        "aiohttp.web_response": "aiohttp.web",
        "aiohttp.web_exceptions": "aiohttp.web",
    },
    views={"aiohttp.web.View": ViewClass({verb: verb.upper() for verb in _VERBS}, request="request")},
)
