"""SendGrid, and other services that send mail by HTTP."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

LIBRARY = Library(
    name="sendgrid",
    calls={
        "sendgrid.SendGridAPIClient.send": Api("mail", {"message": (0, "message")}),
        "sendgrid.SendGridAPIClient.client.mail.send.post": Api("mail", {"message": "request_body"}),
        "resend.Emails.send": Api("mail", {"message": 0}),
    },
)
