"""What all formats promise alike."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from counterseal.audit.findings import Severity
from counterseal.audit.result import AuditResult
from counterseal.guarantees import Guarantee, State
from counterseal.report import FORMATS, ReportError, render
from counterseal.report.summary import summarize, verdict
from tests.report import factory

SAMPLES = {
    "small": factory.result(3, 2),
    "usual": factory.result(),
    "large": factory.result(300, 200),
    "clean": factory.clean_result(),
    "empty": factory.empty_result(),
    "hostile": factory.hostile_result(),
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("sample", SAMPLES)
def test_every_format_shows_every_sample_the_same_way_twice(name: str, sample: str) -> None:
    made = render(SAMPLES[sample], name, width=100, rule_docs=factory.RULE_DOCS)
    assert made.endswith("\n")
    assert not made.endswith("\n\n")
    assert made.encode("utf-8")
    assert made == render(SAMPLES[sample], name, width=100, rule_docs=factory.RULE_DOCS)


@pytest.mark.parametrize("name", FORMATS)
def test_hostile_code_cannot_send_control_characters(name: str) -> None:
    made = render(SAMPLES["hostile"], name, width=120)
    for char in ("\x1b", "\x07", "\x00", "\u202e", "\u2066", "\u200b", "\ufeff", "\r"):
        assert char not in made


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_names_every_finding_and_what_was_not_checked(name: str) -> None:
    result = factory.result(20, 8)
    made = render(result, name, width=200, rule_docs=factory.RULE_DOCS)
    for finding in result.findings:
        assert finding.rule in made
    assert "cut off in the middle" in made
    assert "the policy leaves it out" in made


@pytest.mark.parametrize("name", ["text", "html", "markdown", "json"])
def test_no_routes_is_said_loudly(name: str) -> None:
    assert "No routes found: nothing was audited" in render(factory.empty_result(), name, width=100)


def test_unknown_format_names_those_there_are() -> None:
    with pytest.raises(ReportError, match=r"no report format 'pdf'.*text, json, sarif, html, markdown"):
        render(factory.clean_result(), "pdf")


def without(result: AuditResult, guarantee: Guarantee) -> AuditResult:
    """The same result, with one cell that the audit forgot."""
    row = result.routes[0]
    cells = {g: c for g, c in row.guarantees.items() if g is not guarantee}
    return replace(result, routes=(replace(row, guarantees=cells), *result.routes[1:]))


def test_a_cell_that_is_not_there_is_unknown_and_spoils_the_verdict() -> None:
    summary = summarize(without(factory.clean_result(), Guarantee.OWNED))
    assert summary.cells[State.UNKNOWN] == 1
    assert not summary.good
    assert verdict(summary) == "No findings; 1 guarantee unknown"


@pytest.mark.parametrize(
    ("sample", "sentence"),
    [
        ("clean", "No findings, and every guarantee that is asked for is given"),
        ("empty", "No routes found: nothing was audited"),
        ("small", "Incomplete: 2 things were not checked; 2 findings (1 critical, 1 high); 4 guarantees missing"),
    ],
)
def test_verdict(sample: str, sentence: str) -> None:
    assert verdict(summarize(SAMPLES[sample])) == sentence


def test_summary_counts_add_up() -> None:
    result = SAMPLES["large"]
    summary = summarize(result)
    assert summary.routes == 300
    assert sum(summary.cells.values()) == 300 * len(Guarantee)
    assert sum(summary.by_severity.values()) == sum(summary.by_priority.values()) == summary.findings == 200
    assert summary.by_severity[Severity.CRITICAL] == sum(f.severity is Severity.CRITICAL for f in result.findings)
    assert summary.incomplete


def test_importing_the_reports_loads_neither_the_terminal_nor_the_template_library() -> None:
    code = "import sys, json, counterseal.report; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"rich", "jinja2"} & set(json.loads(done.stdout))
