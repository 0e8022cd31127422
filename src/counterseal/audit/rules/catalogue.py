"""All rules at a glance: for the terminal, for programs, and for the documentation."""

from __future__ import annotations

import json
from dataclasses import dataclass

from counterseal.audit.findings import Rule
from counterseal.audit.rules.docs import area_words
from counterseal.audit.rules.registry import areas, load_rules, rule_files


@dataclass(frozen=True, slots=True)
class Area:
    """The rules about one subject."""

    folder: str
    name: str
    about: str
    rules: tuple[Rule, ...]


def by_area() -> tuple[Area, ...]:
    """All rules, in their areas.

    Raises:
        RuleDefinitionError: a rule's file or an area is not what it has to be.
    """
    area_of = {file.rule_id: file.area for file in rule_files()}
    rules: dict[str, list[Rule]] = {}
    for rule in load_rules():
        rules.setdefault(area_of[rule.id], []).append(rule)
    return tuple(Area(folder, *area_words(folder), tuple(rules[folder])) for folder in areas() if folder in rules)


def as_text() -> str:
    """A table for the terminal."""
    known = by_area()
    width = max((len(rule.id) for area in known for rule in area.rules), default=0)
    lines = []
    for area in known:
        lines.append(f"{area.name}: {area.about}")
        lines += [f"  {rule.id:<{width}}  {rule.severity.label:<8}  {rule.title}" for rule in area.rules]
        lines.append("")
    count = sum(len(area.rules) for area in known)
    return "\n".join([*lines, f"{count} rules. 'counterseal explain RULE' shows one with examples.", ""])


def as_json() -> str:
    """A list of objects, one a rule."""
    rules = [
        {
            "id": rule.id,
            "area": area.folder,
            "title": rule.title,
            "severity": rule.severity.label,
            "confidence": rule.confidence.label,
            "since": rule.since,
            "cwe": list(rule.cwe),
            "owasp": list(rule.owasp),
            "asvs": list(rule.asvs),
        }
        for area in by_area()
        for rule in area.rules
    ]
    return json.dumps(sorted(rules, key=lambda rule: str(rule["id"])), indent=2) + "\n"
