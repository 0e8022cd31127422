"""The report for people at a terminal: the matrix, the findings by priority, what was not checked, one line to sum up."""

from __future__ import annotations

from itertools import groupby

from rich.cells import cell_len
from rich.text import Text

from counterseal.audit.findings import Finding, Severity
from counterseal.audit.result import AuditResult, NotChecked, RouteKind, RouteReport
from counterseal.guarantees import Guarantee, State
from counterseal.report.clean import encodable, lines, one_line, visible
from counterseal.report.layout import Group, excerpt, group_routes, place
from counterseal.report.options import Options
from counterseal.report.summary import Summary, cell, exit_sentence, severities, summarize, verdict
from counterseal.report.terminal import STATE_STYLES, Page, fold_path, pad
from counterseal.report.vocabulary import GUARANTEES, PRIORITIES, REACH, STATES, count

_FULL_NAMES = 112
"""From this width on, columns carry the guarantees' full names."""
_WORDS = 168
"""From this width on, cells carry the states' names."""
_REPEAT_HEADER = 32
"""Rows after which the column heads are shown again."""

_SEVERITY_STYLES = {
    Severity.CRITICAL: "bold white on red",
    Severity.HIGH: "bold red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
}


def render_text(result: AuditResult, options: Options) -> str:
    """Return the report as text of ``options.width`` columns, with ANSI colours when ``options.color`` says so."""
    page = Page(options.width, color=options.color)
    summary = summarize(result, options.exit_code)
    ascii_only = encodable("★●✓✗·─│", options.encoding) != "★●✓✗·─│"
    if options.quiet:
        _quiet(page, result, summary)
    else:
        _title(page, result, summary)
        if result.routes:
            _Matrix(page, plain=ascii_only).print(result.routes, summary)
        _findings(page, result)
        _not_checked(page, summary)
        page.line()
    _last_line(page, summary)
    text = page.text()
    if ascii_only:
        text = text.replace("─", "-").replace("│", "|").replace("·", "-").replace("…", ">")
    return encodable(text, options.encoding)


def _title(page: Page, result: AuditResult, summary: Summary) -> None:
    stats = result.stats
    page.line(("Counterseal audit of ", "bold"), (visible(result.root), "bold"))
    facts = [count(stats.files, "file"), count(stats.lines, "line"), ", ".join(stats.frameworks) or "no framework seen"]
    page.paragraph(Text(" · ".join([*map(visible, facts), f"{stats.seconds:.1f} s"]), style="dim"))
    policy = f"policy: {visible(result.policy_source)}" if result.policy_source else "policy: none found, built-in defaults apply"
    page.paragraph(Text(policy, style="dim"))
    page.line()
    page.paragraph(Text(verdict(summary), style=_mood(summary)))
    if not summary.routes:
        page.paragraph(
            "Counterseal found no way into this application, so it can promise nothing about it. If this is a back end, check "
            "that the path is right, that the policy does not leave the application out, and that its framework is supported.",
        )


def _mood(summary: Summary) -> str:
    if summary.good:
        return "bold green"
    return "bold white on red" if not summary.routes else "bold red" if summary.findings else "bold yellow"


class _Matrix:
    """Prints routes as rows and guarantees as columns."""

    def __init__(self, page: Page, *, plain: bool) -> None:
        self.page = page
        self.plain = plain
        self.words = page.width >= _WORDS
        self.staggered = page.width < _FULL_NAMES
        self.heads = {g: look.short if self.staggered else g.value for g, look in GUARANTEES.items()}
        least = max(len(state.value) for state in State) + 2 if self.words else 0
        self.widths = {g: 3 if self.staggered else max(len(head), least) for g, head in self.heads.items()}
        self.label = page.width - sum(width + 1 for width in self.widths.values()) - 1
        self.method = 0

    def print(self, routes: tuple[RouteReport, ...], summary: Summary) -> None:
        self.page.heading("Routes and their guarantees", count(len(routes), "route"))
        self.method = min(max(cell_len(_method(route)) for route in routes), 10)
        longest = max(cell_len(_path(route)) for route in routes)
        self.label = max(min(self.label, self.method + 1 + longest), 24)
        since = _REPEAT_HEADER
        for group in group_routes(routes):
            if since >= _REPEAT_HEADER:
                self._head()
                since = 0
            self._group(group)
            since += len(group.routes)
        self._totals(summary)
        self._legend()

    def _head(self) -> None:
        if not self.staggered:
            self.page.line(" " * self.label, *((" " + self._fit(head, g), "bold") for g, head in self.heads.items()))
            return
        # Five-letter heads over three-letter columns: every other one goes a line lower, centred over its column like the rest.
        heads = list(self.heads.values())
        self.page.line(" " * self.label, ("".join(f"{head:<8}" for head in heads[::2]), "bold"))
        self.page.line(" " * self.label, ("    " + "".join(f"{head:<8}" for head in heads[1::2]), "bold"))

    def _group(self, group: Group) -> None:
        where = visible(group.file) + (f"  {visible(group.prefix)}/…" if group.prefix else "")
        self.page.line((where, "dim italic"))
        for route in group.routes:
            self._row(route)

    def _row(self, route: RouteReport) -> None:
        room = self.label - self.method - 1
        first, *rest = fold_path(_path(route), room)
        parts: list[str | tuple[str, str]] = [(pad(_method(route), self.method), "bold"), " ", pad(first, room)]
        for guarantee in Guarantee:
            parts += [" ", *self._cell(guarantee, cell(route, guarantee).state)]
        self.page.line(*parts)
        for line in rest:
            self.page.line(" " * (self.method + 3), line)

    def _cell(self, guarantee: Guarantee, state: State) -> list[str | tuple[str, str]]:
        glyph = STATES[state].plain if self.plain else STATES[state].glyph
        shown = f"{glyph} {state.value}" if self.words else glyph
        room = self.widths[guarantee] - len(shown)
        left = 0 if self.words else room // 2
        return [" " * left, (shown, STATE_STYLES[state]), " " * (room - left)]

    def _fit(self, text: str, guarantee: Guarantee) -> str:
        width = self.widths[guarantee]
        left = 0 if self.words else (width - len(text)) // 2
        return (" " * left + text).ljust(width)

    def _totals(self, summary: Summary) -> None:
        self.page.line()
        for title, states, style in (
            ("given", (State.PROVED, State.ENFORCED, State.FOUND), "green"),
            ("missing or broken", (State.MISSING, State.BROKEN), "red"),
            ("unknown", (State.UNKNOWN,), "yellow"),
        ):
            parts: list[str | tuple[str, str]] = [(pad(title.rjust(self.label - 1), self.label), "dim")]
            for guarantee in Guarantee:
                number = sum(summary.by_guarantee[guarantee][state] for state in states)
                parts.append((" " + self._fit(str(number), guarantee), style if number else "dim"))
            self.page.line(*parts)

    def _legend(self) -> None:
        self.page.line()
        looks = ((look.plain if self.plain else look.glyph, state) for state, look in STATES.items())
        self.page.items([Text.assemble((glyph, STATE_STYLES[state]), f" {state.value}") for glyph, state in looks])
        if self.staggered:
            self.page.items([Text(f"{head}: {g.value}", style="dim") for g, head in self.heads.items() if head != g.value])


def _method(route: RouteReport) -> str:
    return "WS" if route.method.upper() == "WEBSOCKET" else visible(route.method)


def _path(route: RouteReport) -> str:
    said = route.kind is RouteKind.HTTP or _method(route) == "WS"
    return visible(route.path) + ("" if said else f" ({route.kind.value})")


def _findings(page: Page, result: AuditResult) -> None:
    page.heading("Findings", count(len(result.findings), "finding"))
    if not result.findings:
        page.line("No rule found anything in what was read." if result.routes else "None, because nothing was audited.")
    ordered = sorted(result.findings, key=lambda finding: finding.priority)
    for priority, members in groupby(ordered, key=lambda finding: finding.priority):
        these = list(members)
        page.line()
        page.line((f"Priority {priority}: {PRIORITIES.get(priority, 'later')}", "bold underline"), (f"  {len(these)}", "dim"))
        for finding in these:
            page.line()
            _finding(page, finding, result)


def _finding(page: Page, finding: Finding, result: AuditResult) -> None:
    page.paragraph(
        Text.assemble((finding.rule, "bold"), (f"  {finding.confidence.label} confidence · {REACH[finding.exposure]}", "dim")),
        label=Text.assemble((f" {finding.severity.label} ", _SEVERITY_STYLES[finding.severity]), " "),
    )
    where = place(visible(finding.place.file), finding.place.line)
    page.paragraph(Text.assemble((where, "cyan"), f"  {visible(finding.route)}" if finding.route else ""), indent=4)
    page.paragraph(one_line(finding.message), indent=4)
    for line in excerpt(result.snippets, finding.place.file, finding.place.line, finding.place.last, limit=4):
        page.line("    ", (f"{line.number:>5} │ ", "dim"), line.text)
    page.paragraph(one_line(finding.attack), label=Text("Attack  ", style="red"), indent=4)
    for number, step in enumerate(lines(finding.fix)):
        page.paragraph(step, label=Text("        " if number else "Fix     ", style="green"), indent=4)
    for related in finding.related:
        at = place(visible(related.place.file), related.place.line)
        page.paragraph(f"{at}  {one_line(related.why)}", label=Text("See     ", style="dim"), indent=4)


def _not_checked(page: Page, summary: Summary) -> None:
    if summary.unchecked:
        page.heading("Not checked", "this audit is incomplete", "bold red")
        for item in summary.unchecked:
            _unchecked_item(page, item, "yellow")
    elif not summary.routes:
        page.heading("Not checked", "this audit is incomplete", "bold red")
        page.line("? the whole application: no route was found")
    else:
        page.heading("Not checked")
        page.line("Nothing: everything that was asked for was read.")
    if summary.left_out:
        page.line()
        page.line(("Left out on purpose:", "bold"))
        for item in summary.left_out:
            _unchecked_item(page, item, "dim")


def _unchecked_item(page: Page, item: NotChecked, style: str) -> None:
    page.paragraph(Text(_unchecked_line(item)), label=Text("? " if item.incomplete else "- ", style=style))


def _unchecked_line(item: NotChecked) -> str:
    at = place(visible(item.file) if item.file else None, item.line)
    what = one_line(item.what)
    if item.file and visible(item.file) == what:
        what, at = at, ""
    return f"{what}{f' ({at})' if at and at != what else ''}: {one_line(item.why)}"


def _quiet(page: Page, result: AuditResult, summary: Summary) -> None:
    for finding in sorted(result.findings, key=lambda finding: finding.priority):
        where = place(visible(finding.place.file), finding.place.line)
        route = f" [{visible(finding.route)}]" if finding.route else ""
        page.whole_line(f"{where}: {finding.severity.label} {finding.rule}{route} {one_line(finding.message)}")
    for item in summary.unchecked:
        page.whole_line(f"not checked: {_unchecked_line(item)}")
    if not summary.routes:
        page.whole_line("not checked: the whole application: no route was found")


def _last_line(page: Page, summary: Summary) -> None:
    numbers = [count(summary.routes, "route"), count(summary.findings, "finding")]
    if summary.findings:
        numbers[-1] += f" ({severities(summary)})"
    numbers += [f"{summary.cells[s]} {s.value}" for s in (State.BROKEN, State.MISSING, State.UNKNOWN) if summary.cells[s]]
    numbers.append(f"{len(summary.unchecked)} not checked" if summary.routes else "nothing was checked")
    page.paragraph(Text.assemble((" · ".join(numbers), "bold"), " · ", (exit_sentence(summary), _mood(summary))))
