"""Flask-RESTful."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library, ViewClass

_HTTP = {verb: verb.upper() for verb in ("get", "head", "post", "put", "patch", "delete", "options")}

LIBRARY = Library(
    name="flask_restful",
    framework="flask",
    calls={
        "flask_restful.Api": Api(
            "router", {"app": (0, "app"), "prefix": ("prefix", 1), "decorators": "decorators"}, returns="flask_restful.Api"
        ),
        "flask_restful.Api.init_app": Api("include", {"parent": (0, "app")}, fixed={"attach": "yes"}),
        "flask_restful.Api.add_resource": Api(
            "resource", {"class": (0, "resource"), "path": 1, "endpoint": "endpoint"}, fixed={"paths": "rest"}
        ),
        "flask_restful.Api.resource": Api("route-decorator", {"path": 0}, fixed={"paths": "rest"}),
        "flask_restful.abort": Api("abort", {"status": (0, "http_status_code"), "message": ("message", "error", "description")}),
        "flask_restful.reqparse.RequestParser.parse_args": Api("validate", {"strict": "strict"}, gives=("in:body",)),
        "flask_restful.marshal": Api("serialize", {"data": (0, "data"), "schema": (1, "fields")}, passes=True),
        "flask_restful.marshal_with": Api("serialize", {"schema": (0, "fields")}),
    },
    aliases={
        "flask_restful.utils.cors.crossdomain": "flask_cors.cross_origin",
        "flask.ext.restful": "flask_restful",
    },
    views={"flask_restful.Resource": ViewClass(_HTTP, decorators="method_decorators")},
)
