"""Flask-BasicAuth: one user name and password for the whole application."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

LIBRARY = Library(
    name="flask_basicauth",
    calls={"flask_basicauth.BasicAuth.required": Api("login-required", facts=("auth",))},
)
