"""Flask-Session: sessions kept on the server."""

from __future__ import annotations

from counterseal.audit.libraries.model import Library

LIBRARY = Library(
    name="flask_session",
    aliases={"flask.ext.session": "flask_session"},
    weak_defaults={"SESSION_TYPE": "the session lives in a signed cookie that the client keeps"},
)
