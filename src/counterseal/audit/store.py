"""An audit's result as bytes and back, so that an audit of unchanged code need not be done again.

JSON, because it is read from a cache: unlike pickle it cannot run anything. What is read back equals what was written.
Rules are stored by id and severity only; reading takes them from the registry, which the cache's key holds still.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import astuple, replace
from typing import Any

from counterseal.audit.findings import Confidence, Exposure, Finding, Place, Related, Rule, Severity
from counterseal.audit.result import AuditResult, NotChecked, RouteKind, RouteReport, Stats
from counterseal.guarantees import Cell, Evidence, Guarantee, State

_Json = Any


def dump(result: AuditResult) -> bytes:
    """Write a result."""
    document = {
        "root": result.root,
        "routes": [_route(route) for route in result.routes],
        "findings": [_finding(finding) for finding in result.findings],
        "not_checked": [astuple(item) for item in result.not_checked],
        "rules": [(rule.id, int(rule.severity)) for rule in result.rules],
        "policy_source": result.policy_source,
        "stats": astuple(result.stats),
        "snippets": [(file, list(lines.items())) for file, lines in result.snippets.items()],
    }
    return json.dumps(document, separators=(",", ":")).encode()


def load(data: bytes, rules: Iterable[Rule]) -> AuditResult | None:
    """Read what `dump` wrote; ``None`` when it is something else. ``rules``: all that the registry holds."""
    by_id = {rule.id: rule for rule in rules}
    try:
        document = json.loads(data)
        count, lines, cached, seconds, frameworks = document["stats"]
        return AuditResult(
            root=document["root"],
            routes=tuple(_read_route(item) for item in document["routes"]),
            findings=tuple(_read_finding(item) for item in document["findings"]),
            not_checked=tuple(NotChecked(*item) for item in document["not_checked"]),
            rules=tuple(replace(by_id[rule_id], severity=Severity(level)) for rule_id, level in document["rules"]),
            policy_source=document["policy_source"],
            stats=Stats(count, lines, cached, seconds, tuple(frameworks)),
            snippets={file: dict(map(tuple, lines)) for file, lines in document["snippets"]},
        )
    except (ValueError, KeyError, TypeError):
        return None


def _route(route: RouteReport) -> _Json:
    cells = [
        (guarantee.value, cell.state.value, [astuple(each) for each in cell.evidence])
        for guarantee, cell in route.guarantees.items()
    ]
    return [route.method, route.path, route.handler, route.file, route.line, route.kind.value, route.framework, cells]


def _read_route(item: _Json) -> RouteReport:
    method, path, handler, file, line, kind, framework, cells = item
    guarantees = {
        Guarantee(guarantee): Cell(State(state), tuple(Evidence(*each) for each in evidence))
        for guarantee, state, evidence in cells
    }
    return RouteReport(method, path, handler, file, line, RouteKind(kind), framework, guarantees)


def _finding(one: Finding) -> _Json:
    return [
        one.rule, one.title, one.cwe, one.owasp, one.asvs, astuple(one.place), one.message, one.attack, one.fix, one.subject,
        one.route, int(one.severity), int(one.confidence), one.exposure.value, one.priority, one.fingerprint,
        [(astuple(each.place), each.why) for each in one.related],
    ]  # fmt: skip


def _read_finding(item: _Json) -> Finding:
    rule, title, cwe, owasp, asvs, place, message, attack, fix, subject, route, *rest = item
    severity, confidence, exposure, priority, identity, related = rest
    return Finding(
        rule, title, tuple(cwe), tuple(owasp), tuple(asvs), Place(*place), message, attack, fix, subject, route,
        Severity(severity), Confidence(confidence), Exposure(exposure), priority, identity,
        tuple(Related(Place(*where), why) for where, why in related),
    )  # fmt: skip
