"""How soon a finding should be fixed: 1 (first) to 5 (last).

Severity, confidence and exposure are three questions: how bad is it, how sure are we, who can reach it. Priority answers the
fourth, what to do first, and follows from the three by one table:

| severity | anyone | any user | the deployment | an administrator |
|---|---|---|---|---|
| critical | 1 | 1 | 1 | 2 |
| high | 1 | 2 | 2 | 3 |
| medium | 2 | 3 | 3 | 4 |
| low | 4 | 4 | 4 | 5 |

A finding of low confidence comes one later, 5 at most; one on a route that the policy calls sensitive comes one earlier. Where a
rule does not know who can reach the flaw, the guarantees of its route say it: without authentication anyone can; with a checked
role or permission an administrator; otherwise any user. What belongs to no route is the deployment's.
"""

from __future__ import annotations

from collections.abc import Mapping

from counterseal.audit.findings import Confidence, Exposure, Severity
from counterseal.guarantees import Cell, Guarantee, State

FIRST, LAST = 1, 5
_COLUMNS = (Exposure.ANYONE, Exposure.USER, Exposure.OPERATOR, Exposure.ADMIN)
_TABLE: Mapping[Severity, tuple[int, ...]] = {
    Severity.CRITICAL: (1, 1, 1, 2),
    Severity.HIGH: (1, 2, 2, 3),
    Severity.MEDIUM: (2, 3, 3, 4),
    Severity.LOW: (4, 4, 4, 5),
}


def priority(severity: Severity, confidence: Confidence, exposure: Exposure) -> int:
    """The priority of a finding, from `FIRST` to `LAST`."""
    base = _TABLE[severity][_COLUMNS.index(exposure)]
    return min(LAST, base + (confidence is Confidence.LOW))


def exposure_of(cells: Mapping[Guarantee, Cell]) -> Exposure:
    """Who can reach a route with these guarantees. What is unknown counts as absent."""
    if not _holds(cells, Guarantee.AUTHENTICATED):
        return Exposure.ANYONE
    return Exposure.ADMIN if _holds(cells, Guarantee.AUTHORIZED) else Exposure.USER


def widest(exposures: list[Exposure]) -> Exposure:
    """The widest of several exposures; the deployment's when there is none."""
    return min(exposures, key=_COLUMNS.index, default=Exposure.OPERATOR)


def table() -> str:
    """The table above as Markdown."""
    rows = ["| severity | " + " | ".join(exposure.value for exposure in _COLUMNS) + " |", "|---|---|---|---|---|"]
    rows += [
        f"| {severity.label} | " + " | ".join(map(str, _TABLE[severity])) + " |" for severity in sorted(_TABLE, reverse=True)
    ]
    return "\n".join(rows)


def _holds(cells: Mapping[Guarantee, Cell], guarantee: Guarantee) -> bool:
    return cells.get(guarantee, Cell(State.UNKNOWN)).state.holds
