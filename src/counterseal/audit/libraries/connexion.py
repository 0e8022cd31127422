"""Connexion: routes that stand in an OpenAPI document."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_APP: dict[str, int | str | tuple[int | str, ...]] = {
    "import_name": (0, "import_name"),
    "specification_dir": "specification_dir",
    "options": "options",
}
_SPEC: dict[str, int | str | tuple[int | str, ...]] = {
    "spec": (0, "specification"),
    "prefix": "base_path",
    "arguments": "arguments",
    "auth_all_paths": "auth_all_paths",
    "strict": "strict_validation",
}
_CLASSES = ("connexion.FlaskApp", "connexion.AsyncApp")


def _application(cls: str) -> dict[str, Api]:
    return {
        cls: Api("app", _APP, returns=cls),
        f"{cls}.add_api": Api("openapi-app", _SPEC),
        f"{cls}.add_url_rule": Api(
            "route", {"path": (0, "rule"), "handler": (2, "view_func"), "methods": "methods"}, fixed={"methods": "GET"}
        ),
        f"{cls}.route": Api("route-decorator", {"path": (0, "rule"), "methods": "methods"}, fixed={"methods": "GET"}),
        f"{cls}.add_middleware": Api("middleware", {"class": (0, "middleware_class")}),
        f"{cls}.add_error_handler": Api("error-handler", {"error": (0, "code_or_exception"), "handler": (1, "function")}),
        f"{cls}.run": Api("server-run", {"port": "port", "host": "host", "debug": "debug", "server": "server"}),
    }


LIBRARY = Library(
    name="connexion",
    framework="connexion",
    calls={
        **{key: api for cls in _CLASSES for key, api in _application(cls).items()},
        "connexion.problem": Api("json-response", {"status": (0, "status"), "content": (2, "detail")}),
    },
    types={"connexion.FlaskApp.app": "flask.Flask"},
    aliases={
        "connexion.App": "connexion.FlaskApp",
        "connexion.apps.flask.FlaskApp": "connexion.FlaskApp",
        "connexion.apps.flask_app.FlaskApp": "connexion.FlaskApp",
        "connexion.apps.asynchronous.AsyncApp": "connexion.AsyncApp",
        "connexion.request": "flask.request",
    },
)
