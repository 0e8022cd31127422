"""flask-smorest."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_B = "flask_smorest.Blueprint"

LIBRARY = Library(
    name="flask_smorest",
    framework="flask",
    calls={
        _B: Api("router", {"name": (0, "name"), "import_name": (1, "import_name"), "prefix": ("url_prefix", 5)}, returns=_B),
        f"{_B}.route": Api("route-decorator", {"path": (0, "rule"), "methods": "methods"}, fixed={"methods": "GET"}),
        f"{_B}.arguments": Api("validate", {"schema": (0, "schema"), "location": "location"}, gives=("in:body",)),
        f"{_B}.response": Api("serialize", {"status": (0, "status_code"), "schema": (1, "schema")}),
        f"{_B}.paginate": Api("serialize"),
        "flask_smorest.Api": Api("router", {"app": (0, "app")}, returns="flask_smorest.Api"),
        "flask_smorest.Api.init_app": Api("include", {"parent": (0, "app")}, fixed={"attach": "yes"}),
        "flask_smorest.Api.register_blueprint": Api(
            "include", {"child": (0, "blp"), "prefix": "url_prefix"}, fixed={"prefix": "replaces"}
        ),
        "flask_smorest.abort": Api("abort", {"status": (0, "http_status_code"), "message": "message"}),
    },
    aliases={
        "flask_rest_api": "flask_smorest",
        **{
            f"{_B}.{name}": f"flask.Blueprint.{name}"
            for name in (
                "before_request",
                "after_request",
                "errorhandler",
                "add_url_rule",
                "register_blueprint",
                "before_app_request",
            )
        },
    },
)
