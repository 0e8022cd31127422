"""Flask-HTTPAuth: Basic, Digest and Token authentication. What the verifying function checks is the program's own."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_CLASSES = ("HTTPBasicAuth", "HTTPDigestAuth", "HTTPTokenAuth", "MultiAuth", "HTTPAuth")


def _scheme(cls: str) -> dict[str, Api]:
    name = f"flask_httpauth.{cls}"
    return {
        f"{name}.login_required": Api("login-required", {"role": "role", "optional": "optional"}, facts=("auth",)),
        f"{name}.verify_password": Api("hook", fixed={"when": "verify"}),
        f"{name}.verify_token": Api("hook", fixed={"when": "verify"}),
        f"{name}.get_password": Api("hook", fixed={"when": "verify"}),
        f"{name}.hash_password": Api("hook", fixed={"when": "verify"}),
        f"{name}.get_user_roles": Api("hook", fixed={"when": "roles"}),
        f"{name}.error_handler": Api("hook", fixed={"when": "refuse"}),
        f"{name}.current_user": Api("current-user", gives=("who", "self"), null=True),
        f"{name}.username": Api("current-user", gives=("who", "self"), null=True),
    }


LIBRARY = Library(
    name="flask_httpauth",
    calls={key: api for cls in _CLASSES for key, api in _scheme(cls).items()},
    aliases={"flask.ext.httpauth": "flask_httpauth"},
)
