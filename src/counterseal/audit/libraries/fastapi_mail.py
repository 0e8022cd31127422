"""fastapi-mail."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

LIBRARY = Library(
    name="fastapi_mail",
    calls={
        "fastapi_mail.FastMail.send_message": Api("mail", {"message": (0, "message")}),
        "fastapi_mail.ConnectionConfig": Api(
            "tls-context", {"verify": "VALIDATE_CERTS", "password": "MAIL_PASSWORD"}, returns="fastapi_mail.ConnectionConfig"
        ),
    },
)
