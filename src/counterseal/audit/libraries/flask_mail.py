"""Flask-Mail."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

LIBRARY = Library(
    name="flask_mail",
    calls={
        "flask_mail.Mail.send": Api("mail", {"message": (0, "message")}),
        "flask_mail.Mail.send_message": Api("mail"),
        "flask_mail.Connection.send": Api("mail", {"message": (0, "message")}),
    },
    aliases={"flask_mailman.Mail": "flask_mail.Mail", "flask.ext.mail": "flask_mail"},
)
