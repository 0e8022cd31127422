"""The report for programs: one JSON object, described by ``audit.schema.json`` beside this file.

The schema's name, ``counterseal-audit/1``, changes when a program that reads it would break: a field removed, renamed or given
another meaning. New fields come without a new name, so programs must ignore fields that they do not know.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from counterseal.audit.findings import Finding, Rule
from counterseal.audit.result import AuditResult, NotChecked
from counterseal.guarantees import Guarantee
from counterseal.report.jsontext import dump
from counterseal.report.layout import excerpt
from counterseal.report.options import Options
from counterseal.report.routes import route_object
from counterseal.report.summary import Summary, summarize, verdict
from counterseal.report.version import NAME, VERSION

SCHEMA = "counterseal-audit/1"
"""Name and version of the format."""

Json = dict[str, Any]


def schema() -> Json:
    """Return the JSON Schema (draft 2020-12) of the report."""
    loaded: Json = json.loads(files("counterseal.report").joinpath("audit.schema.json").read_text("utf-8"))
    return loaded


def render_json(result: AuditResult, options: Options) -> str:
    """Return the report as JSON. The same result always gives the same text."""
    return dump(report_object(result, options.exit_code))


def report_object(result: AuditResult, exit_code: int | None = None) -> Json:
    """Return the report as the object that the schema describes."""
    summary = summarize(result, exit_code)
    return {
        "schema": SCHEMA,
        "tool": {"name": NAME, "version": VERSION},
        "root": result.root,
        "policy": result.policy_source,
        "incomplete": summary.incomplete,
        "exit_code": exit_code,
        "summary": _summary(summary),
        "stats": {
            "files": result.stats.files,
            "lines": result.stats.lines,
            "cached_files": result.stats.cached_files,
            "seconds": round(result.stats.seconds, 3),
            "frameworks": list(result.stats.frameworks),
        },
        "routes": [route_object(route) for route in result.routes],
        "findings": [_finding(finding, result) for finding in result.findings],
        "not_checked": [_not_checked(item) for item in result.not_checked],
        "rules": [_rule(rule) for rule in result.rules],
    }


def _summary(summary: Summary) -> Json:
    return {
        "verdict": verdict(summary),
        "routes": summary.routes,
        "findings": summary.findings,
        "findings_by_severity": {severity.label: number for severity, number in summary.by_severity.items()},
        "findings_by_priority": {str(priority): number for priority, number in summary.by_priority.items()},
        "cells_by_state": {state.value: number for state, number in summary.cells.items()},
        "states_by_guarantee": {
            guarantee.value: {state.value: number for state, number in summary.by_guarantee[guarantee].items()}
            for guarantee in Guarantee
        },
        "not_checked": len(summary.unchecked),
        "left_out": len(summary.left_out),
    }


def _finding(finding: Finding, result: AuditResult) -> Json:
    place = finding.place
    code = excerpt(result.snippets, place.file, place.line, place.last)
    return {
        "rule": finding.rule,
        "title": finding.title,
        "priority": finding.priority,
        "severity": finding.severity.label,
        "confidence": finding.confidence.label,
        "exposure": finding.exposure.value,
        "route": finding.route,
        "subject": finding.subject,
        "file": place.file,
        "line": place.line,
        "end_line": place.last,
        "message": finding.message,
        "attack": finding.attack,
        "fix": finding.fix,
        "code": [{"line": line.number, "text": line.text} for line in code],
        "related": [
            {"file": item.place.file, "line": item.place.line, "end_line": item.place.last, "why": item.why}
            for item in finding.related
        ],
        "cwe": list(finding.cwe),
        "owasp": list(finding.owasp),
        "asvs": list(finding.asvs),
        "fingerprint": finding.fingerprint,
    }


def _not_checked(item: NotChecked) -> Json:
    return {
        "what": item.what,
        "why": item.why,
        "file": item.file,
        "line": item.line,
        "incomplete": item.incomplete,
    }


def _rule(rule: Rule) -> Json:
    return {
        "id": rule.id,
        "title": rule.title,
        "severity": rule.severity.label,
        "confidence": rule.confidence.label,
        "since": rule.since,
        "cwe": list(rule.cwe),
        "owasp": list(rule.owasp),
        "asvs": list(rule.asvs),
    }
