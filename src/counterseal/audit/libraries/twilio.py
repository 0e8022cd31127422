"""Twilio: text messages, calls and one-time codes."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_C = "twilio.rest.Client"
_SEND: dict[str, int | str | tuple[int | str, ...]] = {"to": "to", "message": "body"}

LIBRARY = Library(
    name="twilio",
    calls={
        f"{_C}.messages.create": Api("sms", _SEND),
        f"{_C}.calls.create": Api("sms", {"to": "to", "url": "url"}),
        f"{_C}.api.account.messages.create": Api("sms", _SEND),
    },
)
