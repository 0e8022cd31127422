"""``counterseal audit``: the matrix, the findings by priority, and what was not checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from counterseal.audit.verdict import DEFAULT_THRESHOLD, THRESHOLDS, exit_code
from counterseal.cli.options import path_argument, quiet_option, reading_options, split
from counterseal.cli.outputs import OrderedCommand, Output, pair, put, stdout_encoding
from counterseal.cli.reading import audit_of
from counterseal.cli.session import Session
from counterseal.report import FORMATS, render

if TYPE_CHECKING:
    from counterseal.audit.result import AuditResult

_SHOWN = 10
"""Things not checked that are listed when no text report shows them."""


@click.command(
    cls=OrderedCommand,
    short_help="Audit a back end: the matrix, and what to fix first.",
    epilog="""\b
Examples:
  counterseal audit .
  counterseal audit services/api --fail-on high
  counterseal audit . --format html -o report.html --format sarif -o audit.sarif
  counterseal audit . --format text --format json -o audit.json
  counterseal audit . --select missing-authentication,missing-ownership

\b
Exit codes:
  0  pass
  1  findings at or above the threshold (--fail-on), whether or not something was not checked
  2  the call or the configuration is wrong
  3  no such findings, but something was not checked: a file, a rule, a route""",
)
@path_argument
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(FORMATS),
    help="What to report as; may be given several times. Default: text.",
)
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    type=click.Path(readable=False),
    metavar="FILE",
    help="Where the report of the --format before it goes; '-' is standard output, the default.",
)
@click.option(
    "--fail-on",
    type=click.Choice(THRESHOLDS),
    default=DEFAULT_THRESHOLD,
    show_default=True,
    help="The lowest severity that makes the exit code 1.",
)
@click.option("--select", multiple=True, callback=split, metavar="RULE", help="Run only these rules. May be repeated.")
@click.option("--ignore", multiple=True, callback=split, metavar="RULE", help="Do not run these rules. May be repeated.")
@quiet_option
@reading_options
@click.pass_context
def audit(
    context: click.Context,
    path: Path,
    formats: tuple[str, ...],
    outputs: tuple[str, ...],
    fail_on: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    quiet: bool,
    policy_file: Path | None,
    jobs: int | None,
    no_cache: bool,
) -> int:
    """Audit the back end at PATH (default: this folder).

    Shows every route with what it guarantees, the findings by priority, and what was not checked. Reads the code only: nothing of
    it is imported or run, and nothing is sent anywhere.
    """
    wanted = pair(context, formats, outputs)
    session = context.ensure_object(Session)
    result = audit_of(path, policy_file, jobs=jobs, no_cache=no_cache, quiet=quiet, session=session, select=select, ignore=ignore)
    code = exit_code(result, fail_on)
    for output in wanted:
        _report(result, output, code, path, quiet=quiet)
    if Output("text", "-") not in wanted:
        _summary(result, wanted, code, quiet=quiet)
    return code


def _report(result: AuditResult, output: Output, code: int, path: Path, *, quiet: bool) -> None:
    from counterseal.audit.inputs import repository_path
    from counterseal.audit.rules.docs import rule_docs

    encoding = stdout_encoding() if output.to_stdout and output.format == "text" else "utf-8"
    text = render(
        result,
        output.format,
        color=None if output.to_stdout else False,
        width=None if output.to_stdout else 120,
        quiet=quiet,
        encoding=encoding,
        rule_docs=rule_docs(result.rules) if output.format in ("sarif", "html") else {},
        exit_code=code,
        source_root=repository_path(path),
    )
    put(output, text, encoding)


def _summary(result: AuditResult, wanted: list[Output], code: int, *, quiet: bool) -> None:
    """Say on standard error how it went, because no text report does."""
    from counterseal.report.clean import one_line
    from counterseal.report.summary import exit_sentence, summarize, verdict

    summary = summarize(result, code)
    if not quiet:
        for output in wanted:
            if not output.to_stdout:
                click.echo(f"Wrote {click.format_filename(output.path)} ({output.format})", err=True)
    if not quiet or summary.incomplete:
        click.echo(f"{verdict(summary)}; {exit_sentence(summary)}", err=True)
    for item in summary.unchecked[:_SHOWN]:
        click.echo(f"Not checked: {one_line(item.what)}: {one_line(item.why)}", err=True)
    if len(summary.unchecked) > _SHOWN:
        click.echo(f"... and {len(summary.unchecked) - _SHOWN} more, all in the report", err=True)
