"""``counterseal ledger``: the commands about the audit trail, together."""

from __future__ import annotations

import click

from counterseal.cli.ledger_export import ledger_export
from counterseal.cli.ledger_show import ledger_show
from counterseal.cli.ledger_verify import ledger_verify


@click.group()
def ledger() -> None:
    """Verify, show and export the audit trail that contracts write.

    LEDGER is a path, sqlite:///PATH, or postgresql://... It is only read.
    """


for _command in (ledger_verify, ledger_show, ledger_export):
    ledger.add_command(_command)
