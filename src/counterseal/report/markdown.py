"""The report for a pull request: short, folded, and never longer than a comment may be.

Everything from audited code is written with character references or inside a fence that it cannot close: it can neither make
markup, links or images, nor mention anyone, nor refer to issues.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from counterseal.audit.findings import Finding
from counterseal.audit.result import AuditResult, NotChecked, RouteReport
from counterseal.guarantees import Guarantee, State
from counterseal.report.clean import code_spans, lines, one_line, visible
from counterseal.report.layout import excerpt, place
from counterseal.report.options import Options
from counterseal.report.summary import Summary, cell, exit_sentence, severities, summarize, verdict
from counterseal.report.vocabulary import GUARANTEES, PRIORITIES, REACH, STATES, count

_T = TypeVar("_T")

LIMIT = 60_000
"""Characters. GitHub refuses comments of more than 65,536."""
_SHARES = {"not checked": 12_000, "findings": 44_000, "routes": LIMIT - 1_500}
"""How far each part may reach, counted from the start; the end is kept for the notes on what was cut."""
_TEXT_LIMIT = 600
"""Characters of one text from audited code; a minified line or a generated name must not crowd out the rest."""
_MARKER = "<!-- counterseal-audit -->"
"""Lets a bot find its own comment and replace it."""

_SPECIAL = re.compile(r"[<>&|*_`\[\]\\~!$#@]")
_TRIGGER = re.compile(r"&#64;|&#35;|:(?=//|[\w+&#;-]+:)|www(?=\.)", re.IGNORECASE)
_ZERO_WIDTH = "&#8203;"


def render_markdown(result: AuditResult, options: Options) -> str:
    """Return the report as GitHub-flavoured Markdown of at most `LIMIT` characters; it says what it had to leave out."""
    summary = summarize(result, options.exit_code)
    page = _Page()
    _head(page, result, summary)
    _not_checked(page, summary)
    _findings(page, result)
    _routes(page, result)
    page.add(f"\n{text(exit_sentence(summary)).capitalize()}.")
    return page.text()


def text(content: str) -> str:
    """Return running text in which only code between backticks is set off; nothing else is markup, a mention or a link."""
    words = (f"<code>{_safe(part)}</code>" if is_code else _safe(part) for is_code, part in code_spans(_cut(one_line(content))))
    # At the start of a line this would begin a list or a rule.
    return re.sub(r"^(\d*)([-.)+=])", lambda found: f"{found[1]}&#{ord(found[2])};", "".join(words))


def code(content: str) -> str:
    """Return inline code that nothing inside it can close."""
    return f"<code>{_safe(_cut(one_line(content)))}</code>"


def _safe(content: str) -> str:
    safe = _SPECIAL.sub(lambda match: f"&#{ord(match[0])};", content)
    # GitHub looks for @names, #numbers, :emoji: and addresses after it has resolved references; a zero-width space hides them.
    return _TRIGGER.sub(lambda match: f"{match[0]}{_ZERO_WIDTH}", safe)


def fence(content: Iterable[str]) -> str:
    """Return a code block; its fence is longer than any run of backticks inside."""
    body = "\n".join(_cut(line) for line in content)
    longest = max((len(run) for run in re.findall("`+", body)), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}\n{body}\n{marks}"


def _cut(content: str) -> str:
    return content if len(content) <= _TEXT_LIMIT else content[: _TEXT_LIMIT - 1] + "…"


class _Page:
    """Collects parts and knows how much room is left."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0

    def add(self, part: str) -> None:
        self._parts.append(part + "\n")
        self._length += len(part) + 1

    def fill(self, items: Iterable[_T], show: Callable[[_T], str], reach: int, noun: str) -> None:
        """Add items until the page would grow over ``reach`` characters, and say how many more there are."""
        pending = list(items)
        for number, item in enumerate(pending):
            part = show(item)
            if self._length + len(part) + 1 > reach:
                left = f"{len(pending) - number:,} more {noun if len(pending) - number == 1 else noun + 's'}"
                self.add(f"\n**{left} not shown: a comment has no room for them.** See the full report.")
                return
            self.add(part)

    def text(self) -> str:
        return "".join(self._parts)


def _head(page: _Page, result: AuditResult, summary: Summary) -> None:
    page.add(f"{_MARKER}\n## Counterseal: {text(verdict(summary))}\n")
    if not summary.routes:
        page.add("**No route was found in this application, so nothing can be said about it. This is not a pass.**\n")
    cells = [f"{summary.cells[s]} {s.value}" for s in (State.BROKEN, State.MISSING, State.UNKNOWN) if summary.cells[s]]
    findings = f"{summary.findings} ({severities(summary)})" if summary.findings else "0"
    policy = code(result.policy_source) if result.policy_source else "none found: built-in defaults"
    rows = {
        "Application": code(result.root),
        "Routes": f"{summary.routes:,}",
        "Findings": findings,
        "Guarantees": ", ".join(cells) or ("none missing, broken or unknown" if summary.routes else "unknown"),
        "Not checked": f"**{len(summary.unchecked)}**" if summary.unchecked else ("0" if summary.routes else "**everything**"),
        "Policy": policy,
    }
    page.add("| | |\n|---|---|\n" + "\n".join(f"| {name} | {value} |" for name, value in rows.items()))


def _not_checked(page: _Page, summary: Summary) -> None:
    if summary.unchecked:
        page.add("\n### Not checked: this audit is incomplete\n")
        page.fill(summary.unchecked, _unchecked_line, _SHARES["not checked"], "thing")
    if summary.left_out:
        page.add(f"\n<details><summary>{count(len(summary.left_out), 'thing')} left out on purpose</summary>\n")
        page.fill(summary.left_out, _unchecked_line, _SHARES["not checked"] + 2_000, "thing")
        page.add("\n</details>")


def _unchecked_line(item: NotChecked) -> str:
    at = place(item.file, item.line)
    if item.file == item.what:
        return f"- {code(at)}: {text(item.why)}"
    return f"- {text(item.what)}{f' ({code(at)})' if at else ''}: {text(item.why)}"


def _findings(page: _Page, result: AuditResult) -> None:
    if not result.findings:
        return
    page.add("\n### Findings\n")
    before = 0

    def show(finding: Finding) -> str:
        nonlocal before
        heading = (
            f"**Priority {finding.priority}: {PRIORITIES.get(finding.priority, 'later')}**\n\n"
            if finding.priority != before
            else ""
        )
        before = finding.priority
        return heading + _finding(finding, result)

    page.fill(sorted(result.findings, key=lambda finding: finding.priority), show, _SHARES["findings"], "finding")


def _finding(finding: Finding, result: AuditResult) -> str:
    at = place(finding.place.file, finding.place.line)
    title = f"<b>{finding.severity.label}</b> {code(finding.rule)} {code(finding.route or at)}"
    source = excerpt(result.snippets, finding.place.file, finding.place.line, finding.place.last, limit=4)
    fix = lines(finding.fix)
    parts = [
        f"<details><summary>{title}</summary>\n",
        f"{text(finding.message)}\n",
        f"{code(at)}, {finding.confidence.label} confidence, {REACH[finding.exposure]}\n",
    ]
    if source:
        parts.append(fence(f"{line.number:>5}  {line.text}" for line in source) + "\n")
    parts.append(f"**Attack:** {text(finding.attack)}\n")
    parts.append(f"**Fix:** {text(finding.fix)}\n" if len(fix) == 1 else f"**Fix:**\n\n{fence(fix)}\n")
    parts += [f"- {code(place(item.place.file, item.place.line))}: {text(item.why)}" for item in finding.related]
    return "\n".join([*parts, "\n</details>\n" if finding.related else "</details>\n"])


def _routes(page: _Page, result: AuditResult) -> None:
    bad = [route for route in result.routes if any(cell(route, g).state.refused for g in Guarantee)]
    if not bad:
        return
    page.add(f"\n### Routes with a guarantee broken, missing or unknown ({len(bad)} of {len(result.routes)})\n")
    page.add(", ".join(f"{look.glyph} {state.value}" for state, look in STATES.items()) + "\n")
    page.add("| Route | " + " | ".join(look.short for look in GUARANTEES.values()) + " |\n|---|" + ":-:|" * len(GUARANTEES))
    page.fill(bad, _row, _SHARES["routes"], "route")


def _row(route: RouteReport) -> str:
    glyphs = (STATES[cell(route, guarantee).state] for guarantee in Guarantee)
    shown = (f"&#{ord(look.glyph)};" if look.glyph in "~!" else look.glyph for look in glyphs)
    return f"| {code(visible(route.name))} | " + " | ".join(shown) + " |"
