"""``counterseal ledger show``: records of the audit trail as a table."""

from __future__ import annotations

from typing import Any

import click

from counterseal.cli.ledger_options import filter_options, wanted
from counterseal.cli.options import debug_option
from counterseal.cli.outputs import STANDARD_OUTPUT, Output, put, stdout_encoding

_INTERVAL = 0.5


@click.command("show", epilog="Example: counterseal ledger show audit.db --actor alice --since 2h --follow")
@click.argument("ledger")
@filter_options
@click.option("-n", "--limit", type=click.IntRange(min=0), default=50, metavar="N", help="The newest N records: 50.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what is added, until interrupted.")
@debug_option
def ledger_show(ledger: str, limit: int, follow: bool, **filters: Any) -> int:
    """Show the newest records of LEDGER, oldest first. Control characters in them are made visible.

    It shows what is stored, whether or not somebody has changed it: `counterseal ledger verify` says.
    """
    from counterseal.enforce.ledger import follow as follow_entries
    from counterseal.enforce.ledger import last_place, latest, reading
    from counterseal.report.ledger import heading, row

    output, encoding = Output("text", STANDARD_OUTPUT), stdout_encoding()
    with reading(ledger) as store:
        place = last_place(store)
        entries = latest(store, wanted(**filters), limit)
        if follow:  # what is newer comes with what may still come before it
            entries = [entry for entry in entries if place is not None and entry.place <= place]
        put(output, heading() + "".join(map(row, entries)), encoding)
        if follow:
            for entry in follow_entries(store, wanted(**filters), place, interval=_INTERVAL, stop=lambda: False):
                put(output, row(entry), encoding)
    return 0
