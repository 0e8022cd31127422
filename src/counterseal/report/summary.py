"""Count what an audit found and say in one sentence what it means. Every format shows these same figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from counterseal.audit.findings import Severity
from counterseal.audit.result import AuditResult, NotChecked, RouteReport
from counterseal.guarantees import Cell, Guarantee, State
from counterseal.report.vocabulary import EXIT_CODES, count

_ABSENT = Cell(State.UNKNOWN)


def cell(route: RouteReport, guarantee: Guarantee) -> Cell:
    """Return the cell of one guarantee. A guarantee that the audit left out of its result is unknown."""
    return route.guarantees.get(guarantee, _ABSENT)


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of one audit. ``exit_code`` is what the process will end with, when that is known."""

    routes: int
    cells: Mapping[State, int]
    by_guarantee: Mapping[Guarantee, Mapping[State, int]]
    by_severity: Mapping[Severity, int]
    by_priority: Mapping[int, int]
    findings: int
    unchecked: tuple[NotChecked, ...]
    """What should have been checked and was not."""
    left_out: tuple[NotChecked, ...]
    """What was left out on purpose."""
    exit_code: int | None

    @property
    def incomplete(self) -> bool:
        """Whether the audit says less than it should: something was not checked, or there was no route to check."""
        return bool(self.unchecked) or not self.routes

    @property
    def refused(self) -> int:
        """Number of cells that are missing, broken or unknown."""
        return sum(number for state, number in self.cells.items() if state.refused)

    @property
    def good(self) -> bool:
        """Whether there is nothing at all to do or to doubt."""
        return not (self.incomplete or self.findings or self.refused)


def summarize(result: AuditResult, exit_code: int | None = None) -> Summary:
    """Count the routes, cells and findings of ``result``."""
    by_guarantee = {g: Counter(cell(route, g).state for route in result.routes) for g in Guarantee}
    cells: Counter[State] = sum(by_guarantee.values(), Counter())
    severities = Counter(finding.severity for finding in result.findings)
    priorities = Counter(finding.priority for finding in result.findings)
    return Summary(
        routes=len(result.routes),
        cells={state: cells[state] for state in State},
        by_guarantee={g: {state: counts[state] for state in State} for g, counts in by_guarantee.items()},
        by_severity={severity: severities[severity] for severity in sorted(Severity, reverse=True)},
        by_priority={priority: priorities[priority] for priority in sorted({1, 2, 3, 4, 5} | priorities.keys())},
        findings=len(result.findings),
        unchecked=tuple(item for item in result.not_checked if item.incomplete),
        left_out=tuple(item for item in result.not_checked if not item.incomplete),
        exit_code=exit_code,
    )


def verdict(summary: Summary) -> str:
    """Return the one sentence that a reader in a hurry needs. It never sounds good while anything is unknown."""
    if not summary.routes:
        return "No routes found: nothing was audited"
    parts = []
    if summary.unchecked:
        parts.append(f"Incomplete: {count(len(summary.unchecked), 'thing was', 'things were')} not checked")
    if summary.findings:
        parts.append(f"{count(summary.findings, 'finding')}{_most(summary)}")
    elif not summary.unchecked and not summary.refused:
        waived = " or waived" if summary.cells[State.WAIVED] else ""
        return f"No findings, and every guarantee that is asked for is given{waived}"
    else:
        parts.append("no findings" if parts else "No findings")
    if summary.refused:
        parts.append(f"{count(summary.refused, 'guarantee')} {_refused_words(summary)}")
    return "; ".join(parts)


def _most(summary: Summary) -> str:
    worst = [f"{summary.by_severity[s]} {s.label}" for s in (Severity.CRITICAL, Severity.HIGH) if summary.by_severity[s]]
    return f" ({', '.join(worst)})" if worst else ""


def _refused_words(summary: Summary) -> str:
    words = [state.value for state in (State.BROKEN, State.MISSING, State.UNKNOWN) if summary.cells[state]]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def severities(summary: Summary) -> str:
    """Return ``"2 critical, 4 high"``; empty when there is no finding."""
    return ", ".join(f"{number} {severity.label}" for severity, number in summary.by_severity.items() if number)


def exit_sentence(summary: Summary) -> str:
    """Return what the exit code is and means; when it is not given, what follows from the result alone."""
    code = summary.exit_code
    if code is None:
        if summary.incomplete:
            return f"exit code 3: {EXIT_CODES[3]}"
        return f"exit code 1: {EXIT_CODES[1]}, else 0" if summary.findings else f"exit code 0: {EXIT_CODES[0]}"
    return f"exit code {code}: {EXIT_CODES.get(code, 'not one of ours')}"
