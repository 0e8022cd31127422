"""The outcome of one audit: what every report and the gate read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from counterseal.audit.findings import Finding, Rule
from counterseal.guarantees import Cell, Guarantee


class RouteKind(StrEnum):
    """What kind of entry point a route is."""

    HTTP = "http"
    WEBSOCKET = "websocket"
    GENERATED = "generated"
    """Added by the framework itself: documentation pages, schema documents."""
    STATIC = "static"


@dataclass(frozen=True, slots=True)
class RouteReport:
    """One row of the matrix."""

    method: str
    path: str
    handler: str
    file: str
    line: int
    kind: RouteKind
    framework: str
    guarantees: Mapping[Guarantee, Cell]

    @property
    def name(self) -> str:
        """``"METHOD /path"``."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class NotChecked:
    """Something that was not checked, and why. Any of these makes the audit incomplete (exit code 3)."""

    what: str
    """A file, rule, route or service."""
    why: str
    file: str | None = None
    line: int = 0
    incomplete: bool = True
    """False for what was left out on purpose (a path that the policy excludes): shown, but not held against the run."""


@dataclass(frozen=True, slots=True)
class Stats:
    """Figures of one run."""

    files: int
    lines: int
    cached_files: int
    seconds: float
    frameworks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AuditResult:
    """Everything that one audit found out."""

    root: str
    """Name of the audited folder (never its absolute path)."""
    routes: tuple[RouteReport, ...]
    findings: tuple[Finding, ...]
    """By priority, then file and line."""
    not_checked: tuple[NotChecked, ...]
    rules: tuple[Rule, ...]
    """The rules that ran."""
    policy_source: str | None
    """File that the policy came from, relative to the root; ``None``: the defaults."""
    stats: Stats
    snippets: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    """Source lines around findings and evidence, by file and line number. Secrets are redacted."""

    @property
    def incomplete(self) -> bool:
        """Whether anything that should have been checked was not."""
        return any(item.incomplete for item in self.not_checked)
