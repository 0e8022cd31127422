"""The report for code scanning: SARIF 2.1.0 (OASIS), with everything that GitHub reads of it.

Three places where the standard leaves a choice, or the readers of it disagree:

* *What was not checked* becomes tool execution notifications of level ``error``: by section 3.20.21 and appendix I a reader must
  then not take the results for complete. ``executionSuccessful`` stays true as long as any route was read, because GitHub throws
  the whole upload away otherwise, true findings with it. With no route at all it is false: nothing was audited, and an accepted
  upload without results would close every alert that is open.
* *Braces.* The standard wants literal braces in messages doubled (3.11.5). GitHub and most viewers show the text as it stands,
  and paths are full of braces, so they are left single; only what would be a placeholder (``{0}``) or a link is taken apart.
* *Fingerprints.* GitHub's own key, ``primaryLocationLineHash``, is left to its upload action, which computes it from the file.
  Ours does not depend on line numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from counterseal.audit.findings import Finding, Place, Rule, RuleDoc, Severity
from counterseal.audit.result import AuditResult, NotChecked
from counterseal.report.clean import one_line, visible
from counterseal.report.jsontext import dump
from counterseal.report.layout import excerpt
from counterseal.report.options import Options
from counterseal.report.summary import exit_sentence, summarize, verdict
from counterseal.report.version import NAME, VERSION
from counterseal.report.vocabulary import count

Json = dict[str, Any]

SCHEMA_URI = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "counterseal/v1"
_ROOT = "%SRCROOT%"
_DESCRIPTION_LIMIT = 1024
"""GitHub's bound on short and full descriptions."""
_TAG_LIMIT = 10
"""GitHub shows no more tags than this."""

_LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note"}
_SCORES = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "2.5"}
"""Middle of the range that GitHub shows under the same name: over 9 critical, 7 to 8.9 high, 4 to 6.9 medium, below low."""


def render_sarif(result: AuditResult, options: Options) -> str:
    """Return the report as one SARIF run."""
    rules = _rules(result)
    index = {rule.id: number for number, rule in enumerate(rules)}
    driver = {
        "name": NAME,
        "version": VERSION,
        "semanticVersion": VERSION,
        "rules": [_descriptor(rule, options.rule_docs.get(rule.id)) for rule in rules],
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": "counterseal/audit/"},
        "invocations": [_invocation(result, options)],
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, index[finding.rule], result, options) for finding in result.findings],
        "properties": {"root": visible(result.root), "policy": result.policy_source, "routes": len(result.routes)},
    }
    return dump({"$schema": SCHEMA_URI, "version": "2.1.0", "runs": [run]})


def _rules(result: AuditResult) -> list[Rule]:
    """Return the rules that ran, and one made up from the finding for any that is missing, so that no result lacks its rule."""
    rules = {rule.id: rule for rule in result.rules}
    for finding in result.findings:
        if finding.rule not in rules:
            rules[finding.rule] = Rule(
                finding.rule,
                finding.title,
                finding.cwe,
                finding.severity,
                finding.confidence,
                "",
                lambda _s, _p: (),
                finding.owasp,
            )
    return list(rules.values())


def _descriptor(rule: Rule, doc: RuleDoc | None) -> Json:
    title = rule.title[:1].upper() + rule.title[1:]
    full = " ".join(one_line(part) for part in (doc.summary, doc.why) if part.strip()) if doc else ""
    help_text = "\n\n".join(part for part in (doc.summary, doc.why, doc.remedy) if part.strip()) if doc else ""
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.id.split("-")),
        "shortDescription": {"text": _capped(title)},
        "fullDescription": {"text": _capped(full or f"{title}.")},
        "help": {"text": help_text or f"{title}.", "markdown": (doc.markdown.strip() if doc else "") or f"**{title}**"},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "tags": _tags(rule.cwe, rule.owasp),
            "precision": rule.confidence.label,
            "security-severity": _SCORES[rule.severity],
        },
    }


def _tags(cwe: Iterable[int], owasp: Iterable[str]) -> list[str]:
    tags = ["security", *(f"external/cwe/cwe-{number:03d}" for number in cwe), *(f"external/owasp/{name}" for name in owasp)]
    return list(dict.fromkeys(tags))[:_TAG_LIMIT]


def _result(finding: Finding, rule_index: int, result: AuditResult, options: Options) -> Json:
    properties: Json = {
        "priority": finding.priority,
        "severity": finding.severity.label,
        "confidence": finding.confidence.label,
        "exposure": finding.exposure.value,
        "cwe": [str(number) for number in finding.cwe],
        "owasp": list(finding.owasp),
        "asvs": list(finding.asvs),
        "subject": finding.subject,
        "attack": finding.attack,
        "fix": finding.fix,
    }
    if finding.route:
        properties["route"] = finding.route
    made: Json = {
        "ruleId": finding.rule,
        "ruleIndex": rule_index,
        "level": _LEVELS[finding.severity],
        "rank": float(max(0, 100 - 20 * (finding.priority - 1))),
        "message": {"text": _message(finding)},
        "locations": [_location(finding.place, result, options)],
        "partialFingerprints": {FINGERPRINT: finding.fingerprint},
        "properties": properties,
    }
    if finding.related:
        made["relatedLocations"] = [
            {"id": number, **_location(related.place, result, options), "message": {"text": _literal(related.why) or "related"}}
            for number, related in enumerate(finding.related, start=1)
        ]
    return made


def _message(finding: Finding) -> str:
    """Return what is wrong, what an attacker does with it and the fix. GitHub shows the first sentence as the title."""
    parts = (finding.message or finding.title, finding.attack, f"Fix: {finding.fix}" if finding.fix.strip() else "")
    sentences = (_literal(part).strip() for part in parts)
    return " ".join(part if part.endswith((".", "!", "?")) else f"{part}." for part in sentences if part)


def _literal(text: str) -> str:
    """Return ``text`` without anything that SARIF would read as a placeholder or a link."""
    return re.sub(r"\{(\d+)\}", r"{ \1 }", one_line(text)).replace("](", "] (")


def _location(place: Place, result: AuditResult, options: Options) -> Json:
    region: Json = {"startLine": max(1, place.line), "startColumn": 1, "endLine": max(1, place.last)}
    length = place.last - place.line + 1
    code = excerpt(result.snippets, place.file, place.line, place.last, limit=length)
    if len(code) == length:
        region["endColumn"] = len(result.snippets[place.file][place.last].rstrip("\r\n")) + 1
        region["snippet"] = {"text": "\n".join(line.text for line in code)}
    return {"physicalLocation": {"artifactLocation": _artifact(place.file, options), "region": region}}


def _artifact(file: str, options: Options) -> Json:
    path = f"{options.source_root}/{file}" if options.source_root else file
    # A name with a colon in its first segment would read as a scheme; quote() encodes it. Undecodable bytes keep their value.
    known = re.sub("[\ud800-\udc7f\udd00-\udfff]", "\ufffd", path)
    return {"uri": quote(known.encode("utf-8", "surrogateescape"), safe="/~@+,="), "uriBaseId": _ROOT}


def _invocation(result: AuditResult, options: Options) -> Json:
    summary = summarize(result, options.exit_code)
    notes = [_notification(item, options) for item in result.not_checked]
    if not result.routes:
        notes.insert(0, {"level": "error", "message": {"text": f"{verdict(summary)}."}})
    invocation: Json = {"executionSuccessful": bool(result.routes), "toolExecutionNotifications": notes}
    if options.exit_code is not None:
        invocation |= {"exitCode": options.exit_code, "exitCodeDescription": exit_sentence(summary)}
    if result.policy_source is None:
        text = f"No policy was found: the built-in defaults were applied to {count(len(result.routes), 'route')}."
        invocation["toolConfigurationNotifications"] = [{"level": "note", "message": {"text": text}}]
    return invocation


def _notification(item: NotChecked, options: Options) -> Json:
    made: Json = {
        "level": "error" if item.incomplete else "note",
        "message": {"text": f"{'Not checked' if item.incomplete else 'Left out'}: {_literal(item.what)}: {_literal(item.why)}"},
    }
    if item.file:
        location: Json = {"artifactLocation": _artifact(item.file, options)}
        if item.line > 0:
            location["region"] = {"startLine": item.line}
        made["locations"] = [{"physicalLocation": location}]
    return made


def _capped(text: str) -> str:
    return text if len(text) <= _DESCRIPTION_LIMIT else text[: _DESCRIPTION_LIMIT - 1] + "…"
