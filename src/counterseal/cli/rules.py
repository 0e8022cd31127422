"""``counterseal rules``: everything that the audit looks for."""

from __future__ import annotations

import click

from counterseal.cli.options import debug_option
from counterseal.cli.outputs import STANDARD_OUTPUT, Output, put


@click.command(epilog="See also: counterseal explain RULE")
@click.option(
    "--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True, help="What to write."
)
@debug_option
def rules(format_: str) -> int:
    """List every rule, by area: its id, severity and title."""
    from counterseal.audit.rules.catalogue import as_json, as_text

    put(Output(format_, STANDARD_OUTPUT), as_json() if format_ == "json" else as_text())
    return 0
