"""Flask."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library, ViewClass

_APP = "flask.Flask"
_BLUEPRINT = "flask.Blueprint"
_HTTP = {verb: verb.upper() for verb in ("get", "head", "post", "put", "patch", "delete", "options", "trace")}
_RULE: dict[str, int | str | tuple[int | str, ...]] = {
    "path": (0, "rule"),
    "methods": "methods",
    "endpoint": "endpoint",
    "defaults": "defaults",
}
_ADDED: dict[str, int | str | tuple[int | str, ...]] = {
    "path": (0, "rule"),
    "endpoint": (1, "endpoint"),
    "handler": (2, "view_func"),
    "methods": "methods",
    "defaults": "defaults",
}
_BEFORE = ("before_request", "url_value_preprocessor")
_AFTER = ("after_request", "teardown_request")


def _registrations(cls: str) -> dict[str, Api]:
    """What an application and a blueprint share."""
    out = {
        f"{cls}.{verb}": Api("route-decorator", _RULE, fixed={"methods": verb.upper()})
        for verb in ("get", "post", "put", "patch", "delete")
    }
    out[f"{cls}.route"] = Api("route-decorator", _RULE, fixed={"methods": "GET"})
    out[f"{cls}.add_url_rule"] = Api("route", _ADDED, fixed={"methods": "GET"})
    # Registering with a prefix replaces the blueprint's own prefix.
    out[f"{cls}.register_blueprint"] = Api(
        "include", {"child": (0, "blueprint"), "prefix": "url_prefix"}, fixed={"prefix": "replaces"}
    )
    out |= {f"{cls}.{name}": Api("hook", fixed={"when": "before"}) for name in _BEFORE}
    out |= {f"{cls}.{name}": Api("hook", fixed={"when": "after"}) for name in _AFTER}
    out[f"{cls}.errorhandler"] = Api("error-handler", {"error": (0, "code_or_exception")})
    out[f"{cls}.register_error_handler"] = Api("error-handler", {"error": (0, "code_or_exception"), "handler": (1, "f")})
    out[f"{cls}.send_static_file"] = Api("file-response", {"path": (0, "filename")})
    out[f"{cls}.open_resource"] = Api("file-open", {"path": (0, "resource")})
    return out


LIBRARY = Library(
    name="flask",
    framework="flask",
    calls={
        _APP: Api(
            "app",
            {
                "import_name": (0, "import_name"),
                "static_url_path": ("static_url_path", 1),
                "static_folder": ("static_folder", 2),
                "template_folder": "template_folder",
            },
            returns=_APP,
        ),
        _BLUEPRINT: Api(
            "router", {"name": (0, "name"), "import_name": (1, "import_name"), "prefix": ("url_prefix", 5)}, returns=_BLUEPRINT
        ),
        **_registrations(_APP),
        **_registrations(_BLUEPRINT),
        f"{_APP}.before_first_request": Api("hook", fixed={"when": "lifespan"}),
        f"{_APP}.teardown_appcontext": Api("hook", fixed={"when": "after"}),
        f"{_BLUEPRINT}.before_app_request": Api("hook", fixed={"when": "before", "scope": "app"}),
        f"{_BLUEPRINT}.after_app_request": Api("hook", fixed={"when": "after", "scope": "app"}),
        f"{_BLUEPRINT}.app_errorhandler": Api("error-handler", {"error": (0, "code")}, fixed={"scope": "app"}),
        f"{_APP}.run": Api(
            "server-run",
            {"host": (0, "host"), "port": (1, "port"), "debug": (2, "debug"), "ssl": "ssl_context", "reload": "use_reloader"},
        ),
        **{
            f"flask.Config.{name}": Api("config-set", {"source": 0})
            for name in (
                "from_object",
                "from_mapping",
                "from_pyfile",
                "from_envvar",
                "from_file",
                "from_json",
                "from_prefixed_env",
                "update",
            )
        },
        "flask.request.get_json": Api("json-load", {"force": (0, "force"), "silent": (1, "silent")}, gives=("in:body",)),
        "flask.request.get_data": Api("wait", gives=("in:body",)),
        "flask.jsonify": Api("json-response"),
        "flask.make_response": Api("response", {"content": 0, "status": 1, "headers": 2}),
        "flask.Response": Api(
            "response",
            {
                "content": (0, "response"),
                "status": (1, "status"),
                "headers": (2, "headers"),
                "media_type": ("mimetype", 3, "content_type"),
            },
        ),
        "flask.Response.set_cookie": Api(
            "set-cookie",
            {
                "key": (0, "key"),
                "value": (1, "value"),
                "max_age": (2, "max_age"),
                "expires": (3, "expires"),
                "path": (4, "path"),
                "domain": (5, "domain"),
                "secure": (6, "secure"),
                "httponly": (7, "httponly"),
                "samesite": (8, "samesite"),
            },
        ),
        "flask.Response.delete_cookie": Api("sign-out", {"key": (0, "key")}),
        "flask.abort": Api("abort", {"status": (0, "code"), "message": (1, "description")}),
        "flask.redirect": Api("redirect", {"url": (0, "location"), "status": (1, "code")}),
        "flask.render_template": Api("template", {"name": (0, "template_name_or_list")}),
        "flask.stream_template": Api("template", {"name": (0, "template_name_or_list")}),
        "flask.render_template_string": Api("template-string", {"source": (0, "source")}),
        "flask.stream_template_string": Api("template-string", {"source": (0, "source")}),
        "flask.send_file": Api("file-response", {"path": (0, "path_or_file", "filename_or_fp")}),
        "flask.send_from_directory": Api("file-response", {"directory": (0, "directory"), "filename": (1, "path", "filename")}),
        "flask.after_this_request": Api("hook", fixed={"when": "after"}),
        "flask.json.dumps": Api("serialize", {"data": 0}, passes=True),
        "flask.json.loads": Api("json-load", {"data": 0}, passes=True),
        "flask.stream_with_context": Api("convert", passes=True),
        "flask.copy_current_request_context": Api("convert", passes=True),
        "flask.session.clear": Api("sign-out"),
    },
    sources={
        "flask.request.args": ("in:query",),
        "flask.request.form": ("in:form",),
        "flask.request.values": ("in:query", "in:form"),
        "flask.request.json": ("in:body",),
        "flask.request.data": ("in:body",),
        "flask.request.stream": ("in:body",),
        "flask.request.headers": ("in:header",),
        "flask.request.cookies": ("in:cookie",),
        "flask.request.files": ("in:file",),
        "flask.request.view_args": ("in:path",),
        "flask.request.path": ("in:path",),
        "flask.request.full_path": ("in:path",),
        "flask.request.url": ("in:path",),
        "flask.request.query_string": ("in:query",),
        "flask.request.host": ("in:header:host",),
        "flask.request.host_url": ("in:header:host",),
        "flask.request.url_root": ("in:header:host",),
        "flask.request.base_url": ("in:header:host",),
        "flask.request.referrer": ("in:header:referer",),
        "flask.request.origin": ("in:header:origin",),
        "flask.request.user_agent": ("in:header:user-agent",),
        "flask.request.access_route": ("in:header:x-forwarded-for",),
        "flask.request.authorization": ("cred", "in:header:authorization"),
        "flask.session": ("session",),
    },
    types={
        "flask.current_app": _APP,
        f"{_APP}.config": "flask.Config",
        f"{_APP}.logger": "logging.Logger",
    },
    aliases={
        "flask.app.Flask": _APP,
        "flask.blueprints.Blueprint": _BLUEPRINT,
        "flask.sansio.blueprints.Blueprint": _BLUEPRINT,
        "flask.config.Config": "flask.Config",
        "flask.globals": "flask",
        "flask.helpers": "flask",
        "flask.templating": "flask",
        "flask.ctx": "flask",
        "flask.wrappers.Response": "flask.Response",
        "flask.wrappers.Request": "flask.request",
        "flask.Request": "flask.request",
        "flask.json.jsonify": "flask.jsonify",
        "flask.sessions.session": "flask.session",
        "flask.escape": "markupsafe.escape",
        "flask.Markup": "markupsafe.Markup",
        "flask.safe_join": "werkzeug.security.safe_join",
    },
    bases={"flask.Config": "config"},
    views={
        "flask.views.MethodView": ViewClass(_HTTP, decorators="decorators", factory="as_view"),
        "flask.views.View": ViewClass({}, decorators="decorators", fallback="dispatch_request", factory="as_view"),
    },
    methods={"delete_cookie": Api("sign-out", {"key": (0, "key")})},
    weak_defaults={
        "SESSION_COOKIE_SECURE": "the session cookie is also sent over plain HTTP",
        "SESSION_COOKIE_SAMESITE": "the session cookie carries no SameSite attribute",
        "MAX_CONTENT_LENGTH": "request bodies of any size are read",
    },
)
