"""``counterseal routes``: the table of routes."""

from __future__ import annotations

from pathlib import Path

import click

from counterseal.audit.verdict import INCOMPLETE, PASS
from counterseal.cli.options import path_argument, quiet_option, reading_options
from counterseal.cli.outputs import STANDARD_OUTPUT, Output, put, stdout_encoding
from counterseal.cli.reading import audit_of
from counterseal.cli.session import Session

_FORMATS = ("text", "json", "openapi")


@click.command(
    short_help="List every route, with what it guarantees.",
    epilog="""\b
Examples:
  counterseal routes .
  counterseal routes . --format json | jq '.[] | select(.guarantees.authenticated == "missing") | .path'
  counterseal routes . --format openapi -o openapi.json

\b
Exit codes: 0 complete; 2 the call or the configuration is wrong; 3 something was not read, or there is no route.""",
)
@path_argument
@click.option("--format", "format_", type=click.Choice(_FORMATS), default="text", show_default=True, help="What to write.")
@click.option(
    "-o", "--output", default=STANDARD_OUTPUT, type=click.Path(readable=False), metavar="FILE", help="Where to write it."
)
@quiet_option
@reading_options
@click.pass_context
def routes(
    context: click.Context,
    path: Path,
    format_: str,
    output: str,
    quiet: bool,
    policy_file: Path | None,
    jobs: int | None,
    no_cache: bool,
) -> int:
    """List every route of the back end at PATH, with what each one guarantees and why.

    JSON is a list of objects; OpenAPI is a document of the routes that were found, whatever the application's own says.
    """
    from counterseal.report.routes import render_routes

    session = context.ensure_object(Session)
    result = audit_of(path, policy_file, jobs=jobs, no_cache=no_cache, quiet=quiet, session=session)
    target = Output(format_, output)
    encoding = stdout_encoding() if target.to_stdout else "utf-8"
    color, width = (None, None) if target.to_stdout else (False, 120)
    put(target, render_routes(result, format_, color=color, width=width, encoding=encoding), encoding)
    unchecked = [item for item in result.not_checked if item.incomplete]
    if unchecked and not quiet:
        click.echo(f"Incomplete: {len(unchecked)} not checked; 'counterseal audit' lists what and why", err=True)
    return INCOMPLETE if unchecked else PASS
