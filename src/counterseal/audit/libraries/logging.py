"""logging."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_LEVELS = ("debug", "info", "warning", "warn", "error", "exception", "critical", "fatal")
_WRITE = Api("log", {"message": (0, "msg")})

LIBRARY = Library(
    name="logging",
    calls={
        "logging.getLogger": Api("wait", {"name": (0, "name")}, returns="logging.Logger"),
        **{f"{owner}.{level}": _WRITE for owner in ("logging", "logging.Logger") for level in _LEVELS},
        "logging.log": Api("log", {"message": (1, "msg")}),
        "logging.Logger.log": Api("log", {"message": (1, "msg")}),
    },
    aliases={"logging.LoggerAdapter": "logging.Logger"},
)
