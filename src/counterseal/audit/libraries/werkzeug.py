"""Werkzeug: the HTTP layer under Flask."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_ERRORS = {
    "BadRequest": 400,
    "Unauthorized": 401,
    "Forbidden": 403,
    "NotFound": 404,
    "MethodNotAllowed": 405,
    "NotAcceptable": 406,
    "RequestTimeout": 408,
    "Conflict": 409,
    "Gone": 410,
    "LengthRequired": 411,
    "PreconditionFailed": 412,
    "RequestEntityTooLarge": 413,
    "RequestURITooLarge": 414,
    "UnsupportedMediaType": 415,
    "RequestedRangeNotSatisfiable": 416,
    "ExpectationFailed": 417,
    "ImATeapot": 418,
    "UnprocessableEntity": 422,
    "Locked": 423,
    "FailedDependency": 424,
    "PreconditionRequired": 428,
    "TooManyRequests": 429,
    "RequestHeaderFieldsTooLarge": 431,
    "UnavailableForLegalReasons": 451,
    "InternalServerError": 500,
    "NotImplemented": 501,
    "BadGateway": 502,
    "ServiceUnavailable": 503,
    "GatewayTimeout": 504,
}

LIBRARY = Library(
    name="werkzeug",
    framework="flask",
    calls={
        **{
            f"werkzeug.exceptions.{name}": Api("http-error", {"message": (0, "description")}, fixed={"status": str(status)})
            for name, status in _ERRORS.items()
        },
        "werkzeug.exceptions.HTTPException": Api("http-error", {"message": (0, "description")}),
        "werkzeug.security.generate_password_hash": Api(
            "password-hash",
            {"password": (0, "password"), "method": (1, "method"), "salt_length": (2, "salt_length")},
            gives=("hash:password",),
        ),
        "werkzeug.security.check_password_hash": Api(
            "password-verify", {"hash": (0, "pwhash"), "password": (1, "password")}, true=("password",)
        ),
        "werkzeug.security.safe_str_cmp": Api("compare-digest", {"left": (0, "a"), "right": (1, "b")}),
        "werkzeug.security.gen_salt": Api("random-strong", {"length": (0, "length")}, gives=("random:strong",)),
        "werkzeug.security.safe_join": Api("secure-filename", {"directory": (0, "directory"), "path": 1}, null=True),
        "werkzeug.utils.secure_filename": Api("secure-filename", {"filename": (0, "filename")}),
        "werkzeug.utils.import_string": Api("eval", {"code": (0, "import_name")}),
        "werkzeug.datastructures.FileStorage.save": Api("file-save", {"path": (0, "dst")}),
        "werkzeug.datastructures.FileStorage.read": Api("file-open", gives=("in:file",)),
        "werkzeug.serving.run_simple": Api(
            "server-run",
            {
                "host": (0, "hostname"),
                "port": (1, "port"),
                "app": (2, "application"),
                "debug": "use_debugger",
                "reload": "use_reloader",
                "ssl": "ssl_context",
            },
        ),
        "werkzeug.middleware.dispatcher.DispatcherMiddleware": Api("mount", {"parent": (0, "app"), "mounts": (1, "mounts")}),
    },
    sources={
        "werkzeug.datastructures.FileStorage.filename": ("in:file:filename",),
        "werkzeug.datastructures.FileStorage.content_type": ("in:file:content_type",),
        "werkzeug.datastructures.FileStorage.mimetype": ("in:file:mimetype",),
        "werkzeug.datastructures.FileStorage.stream": ("in:file",),
    },
    aliases={
        "werkzeug.exceptions.abort": "flask.abort",
        "werkzeug.utils.abort": "flask.abort",
        "werkzeug.utils.redirect": "flask.redirect",
        "werkzeug.redirect": "flask.redirect",
        "werkzeug.secure_filename": "werkzeug.utils.secure_filename",
        "werkzeug.generate_password_hash": "werkzeug.security.generate_password_hash",
        "werkzeug.check_password_hash": "werkzeug.security.check_password_hash",
        "werkzeug.FileStorage": "werkzeug.datastructures.FileStorage",
        "werkzeug.datastructures.file_storage.FileStorage": "werkzeug.datastructures.FileStorage",
        "werkzeug.run_simple": "werkzeug.serving.run_simple",
        "werkzeug.wsgi.DispatcherMiddleware": "werkzeug.middleware.dispatcher.DispatcherMiddleware",
        "werkzeug.wrappers.Request": "flask.request",
        "werkzeug.wrappers.request.Request": "flask.request",
        "werkzeug.Request": "flask.request",
        "werkzeug.wrappers.Response": "flask.Response",
        "werkzeug.wrappers.response.Response": "flask.Response",
        "werkzeug.Response": "flask.Response",
    },
)
