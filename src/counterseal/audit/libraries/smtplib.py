"""smtplib: mail."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_SEND: dict[str, int | str | tuple[int | str, ...]] = {"to": (1, "to_addrs"), "message": (2, "msg")}

LIBRARY = Library(
    name="smtplib",
    calls={
        "smtplib.SMTP.sendmail": Api("mail", _SEND),
        "smtplib.SMTP.send_message": Api("mail", {"message": (0, "msg"), "to": (2, "to_addrs")}),
        "smtplib.SMTP.starttls": Api("tls-context", {"context": "context"}),
        "aiosmtplib.send": Api("mail", {"message": (0, "message")}),
    },
    aliases={"smtplib.SMTP_SSL": "smtplib.SMTP", "aiosmtplib.SMTP": "smtplib.SMTP"},
    methods={"sendmail": Api("mail", _SEND)},
)
