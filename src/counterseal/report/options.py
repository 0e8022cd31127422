"""What a caller may ask of a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from counterseal.audit.findings import RuleDoc


@dataclass(frozen=True, slots=True)
class Options:
    """Settings of one report. Each format uses those that mean something to it."""

    color: bool = False
    """ANSI colours (text)."""
    width: int = 100
    """Columns (text)."""
    quiet: bool = False
    """Only what needs attention, one line each (text)."""
    encoding: str = "utf-8"
    """What the reader's terminal can show (text)."""
    rule_docs: Mapping[str, RuleDoc] = field(default_factory=dict)
    """The rules' own words, by rule id (sarif, html)."""
    exit_code: int | None = None
    """What the process will end with; ``None`` when the caller does not know."""
    source_root: str = ""
    """The audited folder's path inside its repository, with forward slashes; empty when it is the repository (sarif)."""
