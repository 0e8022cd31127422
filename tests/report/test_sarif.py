"""The report for code scanning."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest

from counterseal.audit.findings import Place, RuleDoc
from counterseal.audit.result import AuditResult, NotChecked
from counterseal.report import render
from tests.report import factory
from tests.report.test_render import SAMPLES

OASIS = jsonschema.Draft4Validator(
    json.loads((Path(__file__).parent / "data" / "sarif-schema-2.1.0.json").read_text("utf-8")),
    format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER,
)


def run_of(result: AuditResult, **more: Any) -> dict[str, Any]:
    log = json.loads(render(result, "sarif", **({"rule_docs": factory.RULE_DOCS} | more)))
    OASIS.validate(log)
    assert log["version"] == "2.1.0"
    assert len(log["runs"]) == 1
    run: dict[str, Any] = log["runs"][0]
    return run


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("docs", [{}, factory.RULE_DOCS])
def test_every_report_fits_the_official_schema(sample: str, docs: dict[str, RuleDoc]) -> None:
    run = run_of(SAMPLES[sample], rule_docs=docs)
    assert len(run["results"]) == len(SAMPLES[sample].findings)


@pytest.mark.parametrize("docs", [{}, factory.RULE_DOCS])
def test_rules_have_all_that_github_requires(docs: dict[str, RuleDoc]) -> None:
    rules = run_of(SAMPLES["usual"], rule_docs=docs)["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.id for rule in factory.RULES]
    for rule in rules:
        for text in (rule["shortDescription"]["text"], rule["fullDescription"]["text"]):
            assert 0 < len(text) <= 1024
        assert rule["help"]["text"].strip()
        assert rule["help"]["markdown"].strip()
        assert rule["name"].isalnum()
        assert "helpUri" not in rule
        properties = rule["properties"]
        assert "security" in properties["tags"]
        assert len(properties["tags"]) <= 10
        assert any(re.fullmatch(r"external/cwe/cwe-\d{3,}", tag) for tag in properties["tags"])
        assert properties["precision"] in ("very-high", "high", "medium", "low")
        assert isinstance(properties["security-severity"], str)
        assert 0 < float(properties["security-severity"]) <= 10


def test_scores_and_levels_follow_the_severity() -> None:
    rules = run_of(SAMPLES["usual"])["tool"]["driver"]["rules"]
    shown = [(rule["properties"]["security-severity"], rule["defaultConfiguration"]["level"]) for rule in rules]
    assert shown == [
        ("9.5", "error"),
        ("8.0", "error"),
        ("8.0", "error"),
        ("5.5", "warning"),
        ("5.5", "warning"),
        ("2.5", "note"),
    ]


def test_rule_help_is_the_rules_own_words() -> None:
    rule = run_of(SAMPLES["usual"])["tool"]["driver"]["rules"][0]
    doc = factory.RULE_DOCS["missing-authentication"]
    assert rule["help"]["markdown"] == doc.markdown.strip()
    assert doc.remedy in rule["help"]["text"]
    assert rule["fullDescription"]["text"] == f"{doc.summary} {doc.why}"


def test_long_texts_are_cut_to_what_github_takes() -> None:
    doc = replace(factory.RULE_DOCS["missing-authentication"], summary="long " * 1000)
    rule = run_of(SAMPLES["usual"], rule_docs={doc.rule_id: doc})["tool"]["driver"]["rules"][0]
    assert len(rule["fullDescription"]["text"]) == 1024


def test_results_have_all_that_github_requires() -> None:
    result = SAMPLES["usual"]
    run = run_of(result)
    for made, finding in zip(run["results"], result.findings, strict=True):
        rule = run["tool"]["driver"]["rules"][made["ruleIndex"]]
        assert rule["id"] == made["ruleId"] == finding.rule
        assert made["message"]["text"].startswith(finding.message)
        assert finding.fix in made["message"]["text"]
        assert made["partialFingerprints"] == {"counterseal/v1": finding.fingerprint}
        (location,) = made["locations"]
        region = location["physicalLocation"]["region"]
        assert location["physicalLocation"]["artifactLocation"] == {"uri": finding.place.file, "uriBaseId": "%SRCROOT%"}
        assert (region["startLine"], region["startColumn"], region["endLine"]) == (finding.place.line, 1, finding.place.last)
        assert region["endColumn"] == len(result.snippets[finding.place.file][finding.place.last]) + 1
        properties = made["properties"]
        assert properties["route"] == finding.route
        assert properties["cwe"] == [str(number) for number in finding.cwe]
        assert properties["exposure"] == finding.exposure.value
        assert properties["priority"] == finding.priority


def test_related_places_have_ids_and_reasons() -> None:
    related = [place for made in run_of(SAMPLES["usual"])["results"] for place in made.get("relatedLocations", [])]
    assert related
    for place in related:
        assert place["id"] == 1
        assert place["message"]["text"] == "the guard that the sibling routes use"
        assert place["physicalLocation"]["artifactLocation"]["uri"] == "app/auth.py"


def test_uris_are_relative_encoded_and_name_the_file() -> None:
    result = SAMPLES["hostile"]
    run = run_of(result)
    for made, finding in zip(run["results"], result.findings, strict=True):
        uri = made["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[A-Za-z0-9/._~%@+,=-]+", uri)
        assert not uri.startswith("/")
        expected = finding.place.file.replace("\ud800", "\ufffd")
        assert unquote(uri, errors="surrogateescape") == expected


def test_a_colon_in_a_name_is_no_scheme() -> None:
    base = factory.result(3, 1)
    odd = replace(base.findings[0], place=Place("c:odd.py", 3))
    uri = run_of(replace(base, findings=(odd,)))["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "c%3Aodd.py"


def test_a_folder_of_a_repository_keeps_its_path() -> None:
    run = run_of(factory.result(3, 1), source_root="services/shop api/")
    uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "services/shop%20api/app/routes/users.py"


def test_messages_hold_neither_placeholders_nor_links() -> None:
    base = factory.result(3, 1)
    odd = replace(base.findings[0], message="takes {0} from [here](https://evil.example) in /users/{user_id}")
    text = run_of(replace(base, findings=(odd,)))["results"][0]["message"]["text"]
    assert text.startswith("takes { 0 } from [here] (https://evil.example) in /users/{user_id}. ")


def test_what_was_not_checked_makes_the_run_incomplete_but_not_void() -> None:
    (invocation,) = run_of(SAMPLES["usual"], exit_code=3)["invocations"]
    assert invocation["executionSuccessful"] is True
    assert invocation["exitCode"] == 3
    notes = invocation["toolExecutionNotifications"]
    assert [note["level"] for note in notes] == ["error", "error", "note"]
    assert "cut off in the middle" in notes[0]["message"]["text"]
    place = notes[0]["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("app/legacy/reports.py", 212)


def test_no_route_voids_the_run_so_that_no_alert_is_closed() -> None:
    (invocation,) = run_of(SAMPLES["empty"])["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["level"] == "error"
    assert "nothing was audited" in invocation["toolExecutionNotifications"][0]["message"]["text"]
    assert invocation["toolConfigurationNotifications"][0]["level"] == "note"


def test_a_complete_run_has_no_errors() -> None:
    (invocation,) = run_of(SAMPLES["clean"])["invocations"]
    assert invocation == {"executionSuccessful": True, "toolExecutionNotifications": []}


def test_static_and_later_runs_do_not_overwrite_one_another() -> None:
    assert run_of(SAMPLES["clean"])["automationDetails"]["id"] == "counterseal/audit/"


def test_a_finding_of_a_rule_that_is_not_listed_brings_its_rule() -> None:
    run = run_of(replace(factory.result(3, 2), rules=()))
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["missing-authentication", "missing-ownership"]


def test_a_place_without_line_or_source_is_still_a_location() -> None:
    base = factory.result(3, 1)
    bare = replace(base.findings[0], place=Place("requirements.txt", 0), related=())
    result = replace(base, findings=(bare,), not_checked=(NotChecked("lock file", "there is none", None),))
    region = run_of(result)["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 1, "startColumn": 1, "endLine": 1}
