"""Surface -> findings: run the rules and make of each hit what reports and gates need."""

from __future__ import annotations

import hashlib
import re
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from counterseal.audit import priority
from counterseal.audit.findings import Exposure, Finding, Hit, Related, Rule, Severity
from counterseal.audit.result import NotChecked
from counterseal.audit.rules.redact import Redactor
from counterseal.audit.surface.model import Surface
from counterseal.policy import Policy

_SECRETS = frozenset({259, 321, 547, 798})
"""CWE numbers of flaws that are a secret in the source: hard-coded password, key, constant, credentials."""
_QUOTED = re.compile(r"""(["'`]).*?\1|\d{3,}""", re.DOTALL)


@dataclass(slots=True)
class Assessment:
    """What the rules found, and which of them could not say."""

    findings: tuple[Finding, ...] = ()
    not_checked: list[NotChecked] = field(default_factory=list)
    redactor: Redactor = field(default_factory=Redactor)
    """Knows the secrets that were found."""


def configured(rules: Iterable[Rule], policy: Policy) -> tuple[Rule, ...]:
    """The rules that the policy leaves on."""
    return tuple(rule for rule in rules if policy.rule_setting(rule.id).enabled)


def assess(
    surface: Surface,
    policy: Policy,
    rules: Sequence[Rule],
    *,
    debug: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Assessment:
    """Run ``rules``. One that raises is put on record as not checked; with ``debug`` its exception goes through."""
    outcome = Assessment()
    hits: list[tuple[Rule, Hit]] = []
    for number, rule in enumerate(rules, 1):
        try:
            hits += [(rule, hit) for hit in rule.check(surface, policy)]
        except Exception as error:
            if debug:
                raise
            outcome.not_checked.append(NotChecked(f"rule {rule.id}", _crash(error)))
        if progress is not None:
            progress(number, len(rules))
    # Where the analysis broke off, what is missing may only not have been seen: the route is on record as not checked.
    broken = {route.name for route in surface.routes if route.flow.failed}
    hits = _distinct([(rule, hit) for rule, hit in hits if hit.route not in broken])
    outcome.redactor = Redactor(_secrets(surface, hits))
    exposures = _exposures(surface)
    ordinals: Counter[tuple[str, str, str]] = Counter()
    found = []
    for rule, hit in hits:
        identity = (rule.id, hit.place.file, hit.subject)
        found.append(_finding(rule, hit, policy, exposures, ordinals[identity], outcome.redactor))
        ordinals[identity] += 1
    outcome.findings = tuple(sorted(found, key=_order))
    return outcome


def is_secret(finding: Finding) -> bool:
    """Whether a finding is about a secret that stands in the source."""
    return not _SECRETS.isdisjoint(finding.cwe)


def fingerprint(rule: str, file: str, subject: str, ordinal: int) -> str:
    """The identity of a finding, the same wherever in its file it stands. ``ordinal`` tells equal ones in a file apart."""
    text = "\0".join((rule, file, subject, str(ordinal)))
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def _finding(rule: Rule, hit: Hit, policy: Policy, exposures: dict[str, Exposure], ordinal: int, redactor: Redactor) -> Finding:
    cwe = rule.cwe if hit.cwe is None else (hit.cwe, *(number for number in rule.cwe if number != hit.cwe))
    words = redactor.secret_text if not _SECRETS.isdisjoint(cwe) else redactor.text
    level = policy.rule_setting(rule.id).severity
    severity = (hit.severity or rule.severity) if level is None else Severity[level.name]
    confidence = hit.confidence or rule.confidence
    exposure = hit.exposure or _exposure(hit, exposures)
    first = _sensitive(hit, policy)
    return Finding(
        rule=rule.id,
        title=rule.title,
        cwe=cwe,
        owasp=rule.owasp,
        asvs=rule.asvs,
        place=hit.place,
        message=words(hit.message),
        attack=words(hit.attack),
        fix=words(hit.fix),
        subject=words(hit.subject),
        route=hit.route,
        severity=severity,
        confidence=confidence,
        exposure=exposure,
        priority=max(priority.FIRST, priority.priority(severity, confidence, exposure) - first),
        fingerprint=fingerprint(rule.id, hit.place.file, hit.subject, ordinal),
        related=tuple(Related(each.place, words(each.why)) for each in hit.related),
    )


def _distinct(hits: Iterable[tuple[Rule, Hit]]) -> list[tuple[Rule, Hit]]:
    """Hits in a fixed order, each rule, place and subject once: the worst and surest of those that are equal."""
    worst_first = sorted(
        hits,
        key=lambda pair: (
            pair[0].id, pair[1].place.file, pair[1].place.line, pair[1].place.last, pair[1].subject,
            -(pair[1].severity or pair[0].severity), -(pair[1].confidence or pair[0].confidence),
            pair[1].route or "", pair[1].message,
        ),
    )  # fmt: skip
    kept: dict[tuple[str, str, int, str], tuple[Rule, Hit]] = {}
    for rule, hit in worst_first:
        kept.setdefault((rule.id, hit.place.file, hit.place.line, hit.subject), (rule, hit))
    return list(kept.values())


def _order(finding: Finding) -> tuple[int, str, int, str, str, str]:
    return (finding.priority, finding.place.file, finding.place.line, finding.rule, finding.subject, finding.fingerprint)


def _exposures(surface: Surface) -> dict[str, Exposure]:
    """Who can reach each route, by its name: the widest when several have one name."""
    found: dict[str, list[Exposure]] = {}
    for route in surface.routes:
        found.setdefault(route.name, []).append(priority.exposure_of(route.cells))
    return {name: priority.widest(each) for name, each in found.items()}


def _exposure(hit: Hit, exposures: dict[str, Exposure]) -> Exposure:
    return Exposure.OPERATOR if hit.route is None else exposures.get(hit.route, Exposure.ANYONE)


def _sensitive(hit: Hit, policy: Policy) -> bool:
    if hit.route is None:
        return False
    method, _, path = hit.route.partition(" ")
    return bool(policy.route_rule(method, path).sensitive)


def _secrets(surface: Surface, hits: Iterable[tuple[Rule, Hit]]) -> set[str]:
    """The string literals on the lines that findings about secrets point at."""
    lines = {
        (hit.place.file, line)
        for rule, hit in hits
        if not _SECRETS.isdisjoint((*rule.cwe, hit.cwe or 0))
        for line in range(hit.place.line, min(hit.place.last, hit.place.line + 200) + 1)
    }
    return {each.value for each in surface.literals if (each.place.file, each.place.line) in lines}


def _crash(error: Exception) -> str:
    """What happened to a rule, without what could be a value of the audited code."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    message = _QUOTED.sub("…", " ".join(str(error).split()))[:160]
    detail = f": {message}" if message else ""
    where = f"{Path(frame.filename).name}:{frame.lineno}"
    return f"the rule failed with {type(error).__name__}{detail} ({where}); this is a defect of Counterseal, please report it"
