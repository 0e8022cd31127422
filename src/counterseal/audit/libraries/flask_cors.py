"""Flask-CORS."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_OPTIONS: dict[str, int | str | tuple[int | str, ...]] = {
    "origins": "origins",
    "credentials": "supports_credentials",
    "methods": "methods",
    "headers": "allow_headers",
    "resources": "resources",
    "send_wildcard": "send_wildcard",
}

LIBRARY = Library(
    name="flask_cors",
    calls={
        "flask_cors.CORS": Api("cors", {"app": (0, "app"), **_OPTIONS}),
        "flask_cors.CORS.init_app": Api("cors", {"app": (0, "app"), **_OPTIONS}),
        "flask_cors.cross_origin": Api("wraps", _OPTIONS),
    },
    aliases={
        "flask_cors.extension.CORS": "flask_cors.CORS",
        "flask_cors.decorator.cross_origin": "flask_cors.cross_origin",
        "flask.ext.cors": "flask_cors",
    },
    weak_defaults={"origins": "pages of every origin may call"},
)
