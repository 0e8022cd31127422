"""Reports: one audit result, shown as text, JSON, SARIF, HTML or Markdown.

``render`` makes the report, ``write`` puts it on disk. Each format is one module; it is imported when it is asked for, because
the terminal and the template libraries are slow to load.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from counterseal.audit.findings import RuleDoc
from counterseal.audit.result import AuditResult
from counterseal.report.options import Options
from counterseal.report.output import ReportError, write

__all__ = ["FORMATS", "ReportError", "render", "write"]

FORMATS = ("text", "json", "sarif", "html", "markdown")
"""The names that `render` knows."""


def render(
    result: AuditResult,
    format: str,  # noqa: A002 - the word that users type
    *,
    color: bool | None = None,
    width: int | None = None,
    quiet: bool = False,
    encoding: str = "utf-8",
    rule_docs: Mapping[str, RuleDoc] = MappingProxyType({}),
    exit_code: int | None = None,
    source_root: str = "",
) -> str:
    """Return ``result`` as a report that ends with a line end.

    Args:
        result: what the audit found out.
        format: one of `FORMATS`.
        color: ANSI colours in text; ``None``: when standard output is a terminal and ``NO_COLOR`` is not set.
        width: columns of text; ``None``: those of the terminal.
        quiet: text only: findings and what was not checked, one line each, and the summary.
        encoding: text only: what the reader can show; anything else is escaped.
        rule_docs: the rules' own words by rule id, for SARIF and HTML.
        exit_code: what the process will end with, when the caller knows it.
        source_root: SARIF only: the audited folder's path inside its repository, when it is not the repository itself.

    Raises:
        ReportError: there is no such format.

    """
    if format == "text":
        from counterseal.report.terminal import columns, wants_color

        color = wants_color() if color is None else color
        width = columns() if width is None else width
    return _render(
        result, format, Options(bool(color), width or 0, quiet, encoding, rule_docs, exit_code, source_root.strip("/"))
    )


def _render(result: AuditResult, name: str, options: Options) -> str:
    match name:
        case "text":
            from counterseal.report.text import render_text

            return render_text(result, options)
        case "json":
            from counterseal.report.json_report import render_json

            return render_json(result, options)
        case "sarif":
            from counterseal.report.sarif import render_sarif

            return render_sarif(result, options)
        case "html":
            from counterseal.report.html import render_html

            return render_html(result, options)
        case "markdown":
            from counterseal.report.markdown import render_markdown

            return render_markdown(result, options)
        case _:
            raise ReportError(f"there is no report format {name!r}. Choose one of: {', '.join(FORMATS)}.")
