"""What a rule reports, and how findings are ordered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from counterseal.audit.surface.model import Surface
    from counterseal.policy import Policy


class Severity(IntEnum):
    """How bad it is when the flaw is used, whoever can use it."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def label(self) -> str:
        """Lower-case name, as users write it."""
        return self.name.lower()


class Confidence(IntEnum):
    """How sure the audit is that this is what it says."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3

    @property
    def label(self) -> str:
        """Lower-case name, as users write it."""
        return self.name.lower()


class Exposure(StrEnum):
    """Who can reach the flaw."""

    ANYONE = "anyone"
    USER = "any user"
    ADMIN = "an administrator"
    OPERATOR = "the deployment"
    """Not tied to a route: configuration, dependencies, code outside the routes."""


@dataclass(frozen=True, slots=True)
class Place:
    """A range of lines in a file. ``file`` is relative to the audited root, with forward slashes; lines count from 1."""

    file: str
    line: int
    end_line: int = 0

    @property
    def last(self) -> int:
        """The last line, never before the first."""
        return max(self.line, self.end_line)


@dataclass(frozen=True, slots=True)
class Related:
    """A further place that helps to understand a finding, with the reason why it is shown."""

    place: Place
    why: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One report of one rule; the engine makes a `Finding` of it.

    ``message`` says what is wrong here, in one sentence. ``attack`` says in one sentence what an attacker does with it.
    ``fix`` is the concrete change for this code. ``subject`` names the thing concerned independently of line numbers
    (a route, a setting, a function): it is part of the fingerprint.
    """

    place: Place
    message: str
    attack: str
    fix: str
    subject: str
    route: str | None = None
    """``"METHOD /path"`` when the finding belongs to one route."""
    severity: Severity | None = None
    """Set when it differs from the rule's own."""
    confidence: Confidence | None = None
    """Set when it differs from the rule's own."""
    exposure: Exposure | None = None
    """Set when the rule knows; otherwise derived from the route's guarantees."""
    cwe: int | None = None
    """Set when it is more exact than the rule's first."""
    related: tuple[Related, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that the audit looks for. Each rule lives in a file of its own; the file's name is the id.

    ``title`` reads as a noun phrase ("missing authentication"). ``cwe``: numbers, most exact first. ``owasp``: ids of the
    OWASP Top 10 2025 (``A01:2025``) and API Security Top 10 2023 (``API1:2023``). ``asvs``: ids of ASVS 5.0.0 (``v5.0.0-8.2.2``).
    """

    id: str
    title: str
    cwe: tuple[int, ...]
    severity: Severity
    confidence: Confidence
    since: str
    check: Callable[[Surface, Policy], Iterable[Hit]]
    owasp: tuple[str, ...] = ()
    asvs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """A hit with everything that reports and gates need."""

    rule: str
    title: str
    cwe: tuple[int, ...]
    owasp: tuple[str, ...]
    asvs: tuple[str, ...]
    place: Place
    message: str
    attack: str
    fix: str
    subject: str
    route: str | None
    severity: Severity
    confidence: Confidence
    exposure: Exposure
    priority: int
    """1 (first) to 5 (last), from severity, confidence and exposure."""
    fingerprint: str
    """Stable across line shifts: derived from rule, file, subject and ordinal."""
    related: tuple[Related, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class RuleDoc:
    """What a rule's own file says about it, for reports and documentation pages. Every text is plain, except ``markdown``."""

    rule_id: str
    summary: str
    """What the rule reports, in one sentence."""
    why: str
    """Why it matters."""
    remedy: str
    """How it is fixed."""
    bad: str
    """Source code that the rule reports."""
    good: str
    """The same code, fixed."""
    markdown: str
    """All of it as one Markdown page."""
