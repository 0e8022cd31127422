"""The process's exit code: what an audit's outcome means for whoever called it.

0 pass; 1 findings at or above the threshold; 2 the call or the configuration is wrong; 3 incomplete: something was not checked.
Findings come before incompleteness: both refuse, and what is found can be fixed now. Incompleteness is said in either case.
"""

from __future__ import annotations

from counterseal.audit.findings import Severity
from counterseal.audit.result import AuditResult

PASS, FINDINGS, WRONG, INCOMPLETE, INTERRUPTED = 0, 1, 2, 3, 130
"""`INTERRUPTED`: 128 and the number of SIGINT, as shells have it."""
THRESHOLDS = ("critical", "high", "medium", "low", "never")
DEFAULT_THRESHOLD = "medium"


def exit_code(result: AuditResult, threshold: str = DEFAULT_THRESHOLD) -> int:
    """The exit code of an audit. ``threshold``: one of `THRESHOLDS`; with ``never`` no finding counts; incompleteness does."""
    if threshold != "never":
        least = Severity[threshold.upper()]
        if any(finding.severity >= least for finding in result.findings):
            return FINDINGS
    return INCOMPLETE if result.incomplete else PASS
