"""structlog."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

LIBRARY = Library(
    name="structlog",
    calls={
        "structlog.get_logger": Api("wait", returns="logging.Logger"),
        "structlog.getLogger": Api("wait", returns="logging.Logger"),
        "structlog.stdlib.get_logger": Api("wait", returns="logging.Logger"),
    },
    aliases={"structlog.stdlib.BoundLogger": "logging.Logger", "structlog.BoundLogger": "logging.Logger"},
)
