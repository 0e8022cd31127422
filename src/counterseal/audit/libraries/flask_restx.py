"""Flask-RESTX, and Flask-RESTPlus, which it continues."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library, ViewClass

_HTTP = {verb: verb.upper() for verb in ("get", "head", "post", "put", "patch", "delete", "options")}
_A, _N = "flask_restx.Api", "flask_restx.Namespace"


def _shared(cls: str) -> dict[str, Api]:
    return {
        f"{cls}.route": Api("route-decorator", {"path": 0}, fixed={"paths": "rest"}),
        f"{cls}.add_resource": Api("resource", {"class": (0, "resource"), "path": 1}, fixed={"paths": "rest"}),
        f"{cls}.abort": Api("abort", {"status": (0, "code"), "message": (1, "message")}),
        f"{cls}.errorhandler": Api("error-handler", {"error": (0, "exception")}),
        f"{cls}.marshal_with": Api("serialize", {"schema": (0, "fields")}),
        f"{cls}.marshal": Api("serialize", {"data": (0, "data"), "schema": (1, "fields")}, passes=True),
        f"{cls}.expect": Api("validate", {"schema": 0, "validate": "validate"}),
    }


LIBRARY = Library(
    name="flask_restx",
    framework="flask",
    calls={
        _A: Api(
            "router",
            {"app": (0, "app"), "prefix": "prefix", "decorators": "decorators", "docs_url": "doc", "security": "security"},
            returns=_A,
        ),
        f"{_A}.init_app": Api("include", {"parent": (0, "app")}, fixed={"attach": "yes"}),
        # Without ``path`` a namespace is served under its name.
        _N: Api(
            "router",
            {"name": (0, "name"), "prefix": ("path", 2), "decorators": "decorators"},
            returns=_N,
            fixed={"default_prefix": "name"},
        ),
        f"{_A}.namespace": Api(
            "router",
            {"name": (0, "name"), "prefix": "path", "decorators": "decorators"},
            returns=_N,
            fixed={"default_prefix": "name", "attach": "receiver"},
        ),
        f"{_A}.add_namespace": Api("include", {"child": (0, "ns"), "prefix": (1, "path")}, fixed={"prefix": "replaces"}),
        **_shared(_A),
        **_shared(_N),
        "flask_restx.abort": Api("abort", {"status": (0, "code"), "message": (1, "message")}),
        "flask_restx.reqparse.RequestParser.parse_args": Api("validate", {"strict": "strict"}, gives=("in:body",)),
        "flask_restx.marshal": Api("serialize", {"data": (0, "data"), "schema": (1, "fields")}, passes=True),
        "flask_restx.marshal_with": Api("serialize", {"schema": (0, "fields")}),
    },
    sources={f"{_A}.payload": ("in:body",), f"{_N}.payload": ("in:body",), "flask_restx.Resource.api.payload": ("in:body",)},
    aliases={
        "flask_restplus": "flask_restx",
        "flask_restx.api.Api": _A,
        "flask_restx.namespace.Namespace": _N,
        "flask_restx.resource.Resource": "flask_restx.Resource",
    },
    views={"flask_restx.Resource": ViewClass(_HTTP, decorators="method_decorators")},
)
