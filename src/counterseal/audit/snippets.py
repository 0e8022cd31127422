"""The source lines that reports show: around findings, what belongs to them, and evidence. Secrets are redacted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from counterseal.audit.assess import is_secret
from counterseal.audit.facts.python.tolerant.decode import decode
from counterseal.audit.findings import Finding, Place
from counterseal.audit.inputs import Inputs
from counterseal.audit.result import RouteReport
from counterseal.audit.rules.redact import Redactor
from counterseal.guarantees import Cell, Evidence, Guarantee

AROUND = 2
"""Lines shown before and after."""
_LONGEST = 12
"""Lines of a place that are shown, from its first."""
_WIDTH = 300
"""Characters of a line that are kept, after redaction."""
_REDACTED_WIDTH = 2000
"""Characters of a line that are redacted: more than are kept, so that no secret is cut before it is recognised."""


def snippets(
    inputs: Inputs, findings: Iterable[Finding], routes: Iterable[RouteReport], redactor: Redactor
) -> dict[str, dict[int, str]]:
    """Source lines by file and number."""
    wanted: dict[str, set[int]] = {}
    secret: set[tuple[str, int]] = set()
    for finding in findings:
        for place in (finding.place, *(related.place for related in finding.related)):
            _add(wanted, place)
        if is_secret(finding):
            secret.update((finding.place.file, line) for line in range(finding.place.line, finding.place.last + 1))
    for route in routes:
        _add(wanted, Place(route.file, route.line))
        for cell in route.guarantees.values():
            for item in cell.evidence:
                _add(wanted, Place(item.file, item.line))
    locations = {file.path: file.location for file in (*inputs.code, *inputs.documents)}
    found: dict[str, dict[int, str]] = {}
    for path in sorted(wanted.keys() & locations.keys()):
        lines = _lines(locations[path])
        for number in sorted(wanted[path]):
            if 0 < number <= len(lines):
                clean = redactor.secret_line if (path, number) in secret else redactor.line
                found.setdefault(path, {})[number] = clean(lines[number - 1][:_REDACTED_WIDTH])[:_WIDTH]
    return found


def redacted_cells(cells: Mapping[Guarantee, Cell], redactor: Redactor) -> dict[Guarantee, Cell]:
    """The cells of a route with no secret in the reasons."""
    return {
        guarantee: replace(
            cell, evidence=tuple(Evidence(each.file, each.line, redactor.text(each.why)) for each in cell.evidence)
        )
        for guarantee, cell in cells.items()
    }


def _add(wanted: dict[str, set[int]], place: Place) -> None:
    if place.line > 0:
        last = min(place.last, place.line + _LONGEST - 1)
        wanted.setdefault(place.file, set()).update(range(place.line - AROUND, last + AROUND + 1))


def _lines(location: str) -> list[str]:
    """The lines of a file, counted as the parser counts them; none when it has become unreadable since it was parsed."""
    try:
        content = Path(location).read_bytes()
    except OSError:
        return []
    return decode(content).text.split("\n")
