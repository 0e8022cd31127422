"""Flask-Principal: needs and permissions."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_P = "flask_principal.Permission"

LIBRARY = Library(
    name="flask_principal",
    calls={
        f"{_P}.require": Api("role-required", {"status": (0, "http_exception")}, facts=("auth", "role")),
        f"{_P}.test": Api("role-required", {"status": (0, "http_exception")}, facts=("auth", "role"), fixed={"call": "direct"}),
        f"{_P}.can": Api("validate", true=("auth", "role")),
        "flask_principal.IdentityContext.can": Api("validate", true=("auth", "role")),
        "flask_principal.Principal.identity_loader": Api("hook", fixed={"when": "user-loader"}),
    },
    sources={"flask_principal.g.identity": ("who", "self", "anonymous?")},
    aliases={"flask_principal.Denial": _P},
)
