"""``counterseal ledger export``: records of the audit trail, or the heads of its checkpoints, for other programs."""

from __future__ import annotations

from itertools import islice
from typing import Any

import click

from counterseal.cli.ledger_options import filter_options, wanted
from counterseal.cli.options import debug_option
from counterseal.cli.outputs import STANDARD_OUTPUT, Output, put

_AT_ONCE = 1000


@click.command("export", epilog="Example: counterseal ledger export audit.db --anchors > /mnt/worm/anchor.jsonl")
@click.argument("ledger")
@filter_options
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", help="JSON lines, or CSV.")
@click.option("--anchors", is_flag=True, help="The heads of the checkpoints instead of records, to be kept elsewhere.")
@debug_option
def ledger_export(ledger: str, form: str, anchors: bool, **filters: Any) -> int:
    """Write all records of LEDGER that fit to standard output, oldest first, in bounded memory.

    CSV cells that a spreadsheet would take for a formula begin with an apostrophe.
    """
    from counterseal.enforce.ledger import entries, reading
    from counterseal.enforce.ledger.anchors import anchor_lines
    from counterseal.report.ledger import comma_separated, json_lines

    with reading(ledger) as store:
        found = entries(store, wanted(**filters))
        lines = anchor_lines(store) if anchors else comma_separated(found) if form == "csv" else json_lines(found)
        while chunk := "".join(islice(lines, _AT_ONCE)):
            put(Output(form, STANDARD_OUTPUT), chunk)
    return 0
