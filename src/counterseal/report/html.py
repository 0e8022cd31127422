"""The report for a browser: one self-contained file.

The template escapes everything; the page's own policy (Content-Security-Policy) allows the one script and the one style sheet
that are in it, by their hashes, and nothing else: no network, no inline handler, no style attribute. Without scripts the page is
complete and every cell is a link to its evidence; the script adds filters, the keyboard and the side panel.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup, escape

from counterseal.audit.findings import Finding, RuleDoc, Severity
from counterseal.audit.result import AuditResult, NotChecked, RouteReport
from counterseal.guarantees import Cell, Guarantee, State
from counterseal.report.clean import code_spans, lines, one_line, visible
from counterseal.report.layout import SourceLine, excerpt, group_routes, place
from counterseal.report.options import Options
from counterseal.report.summary import Summary, cell, exit_sentence, summarize, verdict
from counterseal.report.version import VERSION
from counterseal.report.vocabulary import GUARANTEES, PRIORITIES, REACH, STATES, count

View = dict[str, Any]

_CONTEXT = 1
"""Lines of code shown before and after the one that is meant."""


def render_html(result: AuditResult, options: Options) -> str:
    """Return the report as one HTML document."""
    summary = summarize(result, options.exit_code)
    style, script = _asset("style.css"), _asset("script.js")
    policy = f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'"
    findings = [_finding(number, finding, result) for number, finding in enumerate(_ordered(result.findings))]
    by_route: dict[str, list[View]] = {}
    for view in findings:
        by_route.setdefault(view["route"], []).append(view)
    rules = _rules(result, options)
    routes = {id(route): _route(number, route, by_route, result) for number, route in enumerate(result.routes)}
    text = _template().render(
        policy=policy,
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        root=visible(result.root),
        version=VERSION,
        facts=_facts(result),
        mood=_mood(summary),
        verdict=verdict(summary),
        exit_sentence=exit_sentence(summary),
        summary=summary,
        states=[_state(state, summary) for state in State],
        guarantees=[_guarantee(guarantee, result, summary) for guarantee in Guarantee],
        groups=[
            {
                "file": visible(group.file),
                "prefix": visible(group.prefix),
                "routes": [routes[id(route)] for route in group.routes],
            }
            for group in group_routes(result.routes)
        ],
        unchecked=[_unchecked(item) for item in summary.unchecked],
        left_out=[_unchecked(item) for item in summary.left_out],
        priorities=[
            {"number": priority, "asks": PRIORITIES.get(priority, "later"), "findings": list(members)}
            for priority, members in groupby(findings, key=lambda view: view["priority"])
        ],
        severities=[severity.label for severity in sorted(Severity, reverse=True)],
        exposures=[(exposure.value, reach) for exposure, reach in REACH.items()],
        rules=rules,
        documented={rule["id"] for rule in rules},
    )
    return text.strip("\n") + "\n"


@cache
def _asset(name: str) -> str:
    return files("counterseal.report").joinpath("page", name).read_text("utf-8")


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["prose"] = _prose
    environment.filters["steps"] = _steps
    environment.filters["breakable"] = _breakable
    environment.filters["count"] = count
    return environment.from_string(_asset("template.html"))


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _prose(text: str) -> Markup:
    """Return running text with code between backticks set off; everything in it is escaped."""
    return _spans(one_line(text))


def _spans(line: str) -> Markup:
    parts = (Markup("<code>{}</code>").format(part) if is_code else escape(part) for is_code, part in code_spans(line))
    return Markup("").join(parts)


def _steps(text: str) -> Markup:
    """Return text that may be several lines; their indentation is kept."""
    return Markup("\n").join(_spans(line) for line in lines(text))


def _breakable(path: str) -> Markup:
    """Return a path that may be broken over two lines after its slashes."""
    return Markup("/<wbr>").join(path.split("/"))


def _ordered(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: finding.priority)


def _facts(result: AuditResult) -> list[str]:
    stats = result.stats
    return [
        f"{count(stats.files, 'file')}, {count(stats.lines, 'line')}",
        ", ".join(visible(name) for name in stats.frameworks) or "no framework seen",
        f"policy {visible(result.policy_source)}" if result.policy_source else "no policy found: built-in defaults apply",
        f"{count(len(result.rules), 'rule')} in {stats.seconds:.1f} s",
    ]


def _mood(summary: Summary) -> str:
    if summary.good:
        return "good"
    return "doubt" if summary.routes and not summary.findings and summary.incomplete else "bad"


def _slug(text: str) -> str:
    return text.replace(" ", "-")


def _state(state: State, summary: Summary) -> View:
    look = STATES[state]
    return {
        "name": state.value,
        "slug": _slug(state.value),
        "glyph": look.glyph,
        "meaning": look.meaning,
        "cells": summary.cells[state],
        "refused": state.refused,
    }


def _guarantee(guarantee: Guarantee, result: AuditResult, summary: Summary) -> View:
    counts = summary.by_guarantee[guarantee]
    given = sum(number for state, number in counts.items() if state.holds)
    refused = [f"{counts[state]} {state.value}" for state in (State.BROKEN, State.MISSING, State.UNKNOWN) if counts[state]]
    return {
        "name": guarantee.value,
        "short": GUARANTEES[guarantee].short,
        "promise": GUARANTEES[guarantee].promise,
        "given": given,
        "refused": refused,
        "waived": counts[State.WAIVED],
        "runs": _runs([cell(route, guarantee).state for route in result.routes]),
    }


_HEIGHTS = {State.NOT_REQUIRED: 2, State.WAIVED: 5, State.UNKNOWN: 12, State.MISSING: 16, State.BROKEN: 16}
"""Height of a route's bar on the overview, of 16: what needs attention stands out by size, not by colour alone."""


def _runs(states: list[State]) -> list[View]:
    """Return neighbouring routes of the same state as one bar each."""
    bars = []
    start = 0
    for state, members in groupby(states):
        width = len(list(members))
        height = _HEIGHTS.get(state, 7)
        bars.append({"x": start, "width": width, "y": 16 - height, "height": height, "slug": _slug(state.value)})
        start += width
    return bars


def _route(number: int, route: RouteReport, by_route: dict[str, list[View]], result: AuditResult) -> View:
    findings = by_route.get(visible(route.name), [])
    return {
        "id": number,
        "method": visible(route.method),
        "path": visible(route.path),
        "handler": visible(route.handler),
        "place": place(visible(route.file), route.line),
        "kind": route.kind.value,
        "framework": visible(route.framework),
        "code": _code(result, route.file, route.line),
        "cells": [_cell(cell(route, guarantee), guarantee, result) for guarantee in Guarantee],
        "findings": findings,
        "worst": findings[0]["severity"] if findings else "",
    }


def _cell(one: Cell, guarantee: Guarantee, result: AuditResult) -> View:
    return {
        "guarantee": guarantee.value,
        "promise": GUARANTEES[guarantee].promise,
        "state": one.state.value,
        "slug": _slug(one.state.value),
        "glyph": STATES[one.state].glyph,
        "meaning": STATES[one.state].meaning,
        "evidence": [
            {"place": place(visible(item.file), item.line), "why": item.why, "code": _code(result, item.file, item.line)}
            for item in one.evidence
        ],
    }


def _code(result: AuditResult, file: str, line: int, last: int = 0) -> tuple[SourceLine, ...]:
    return excerpt(result.snippets, file, line, last, context=_CONTEXT) if line > 0 else ()


def _finding(number: int, finding: Finding, result: AuditResult) -> View:
    where = finding.place
    return {
        "id": number,
        "rule": visible(finding.rule),
        "title": one_line(finding.title),
        "priority": finding.priority,
        "severity": finding.severity.label,
        "confidence": finding.confidence.label,
        "exposure": finding.exposure.value,
        "reach": REACH[finding.exposure],
        "route": visible(finding.route) if finding.route else "",
        "place": place(visible(where.file), where.line),
        "message": finding.message,
        "attack": finding.attack,
        "fix": finding.fix,
        "code": _code(result, where.file, where.line, where.last),
        "related": [
            {
                "place": place(visible(item.place.file), item.place.line),
                "why": item.why,
                "code": _code(result, item.place.file, item.place.line, item.place.last),
            }
            for item in finding.related
        ],
        "standards": [f"CWE-{number}" for number in finding.cwe] + [*finding.owasp, *(f"ASVS {name}" for name in finding.asvs)],
        "fingerprint": finding.fingerprint,
    }


def _unchecked(item: NotChecked) -> View:
    at = place(visible(item.file), item.line) if item.file else ""
    what = one_line(item.what)
    return {"what": at if item.file and what == visible(item.file) else what, "place": at, "why": item.why}


def _paragraphs(text: str) -> list[str]:
    return [part for part in text.split("\n\n") if part.strip()]


def _rules(result: AuditResult, options: Options) -> list[View]:
    """Return what the rules that found something say of themselves."""
    titles = {finding.rule: finding.title for finding in result.findings}
    docs: list[tuple[str, RuleDoc | None]] = [(rule, options.rule_docs.get(rule)) for rule in sorted(titles)]
    return [
        {
            "id": visible(rule),
            "title": one_line(titles[rule]),
            "summary": doc.summary,
            "paragraphs": _paragraphs(doc.why) + _paragraphs(doc.remedy),
            "bad": doc.bad.strip("\n"),
            "good": doc.good.strip("\n"),
        }
        for rule, doc in docs
        if doc
    ]
