"""What one run of the command line knows about itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Session:
    """Settings that concern every command."""

    debug: bool = False
    """Show tracebacks, and do not catch what a rule raises."""
