"""What stops an audit before it can say anything."""

from __future__ import annotations


class AuditError(Exception):
    """The audit cannot be done as it was asked for. ``message``: what is wrong; ``hint``: what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """One line."""
        return f"{self.message}; {self.hint}" if self.hint else self.message
