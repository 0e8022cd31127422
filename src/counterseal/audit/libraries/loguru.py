"""Loguru."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_LEVELS = ("trace", "debug", "info", "success", "warning", "error", "exception", "critical")

LIBRARY = Library(
    name="loguru",
    calls={f"loguru.logger.{level}": Api("log", {"message": 0}) for level in _LEVELS},
)
