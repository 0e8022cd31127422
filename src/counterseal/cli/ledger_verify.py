"""``counterseal ledger verify``: whether the audit trail is as it was written."""

from __future__ import annotations

from pathlib import Path

import click

from counterseal.cli.options import debug_option
from counterseal.cli.outputs import STANDARD_OUTPUT, Output, put, stdout_encoding

_file = click.Path(path_type=Path, readable=False)


@click.command("verify", epilog="Example: counterseal ledger verify audit.db --public-key-file audit.pub --anchor anchor.jsonl")
@click.argument("ledger")
@click.option("--key-file", "key_files", type=_file, multiple=True, metavar="FILE", help="A key that it is signed with.")
@click.option("--public-key-file", "public_key_files", type=_file, multiple=True, metavar="FILE", help="An Ed25519 public key.")
@click.option("--anchor", "anchor_file", type=_file, metavar="FILE", help="Heads of checkpoints that were kept elsewhere.")
@click.option(
    "--grace", type=click.FloatRange(min=0), default=60.0, metavar="SECONDS", help="How long a record may be unsealed: 60."
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to report.")
@debug_option
def ledger_verify(
    ledger: str,
    key_files: tuple[Path, ...],
    public_key_files: tuple[Path, ...],
    anchor_file: Path | None,
    grace: float,
    form: str,
) -> int:
    """Verify LEDGER: find records and checkpoints that were altered, deleted, inserted or reordered.

    Without a key file, the key in COUNTERSEAL_LEDGER_KEY or COUNTERSEAL_LEDGER_KEY_FILE is used. Without any key, only the chain
    can be checked, which whoever can write the ledger can make anew. --anchor also finds what was cut off at the end.

    Exit codes: 0 intact; 1 tampered with; 2 the call is wrong, or the ledger cannot be opened; 3 something could not be checked:
    no key, or records older than the grace that are not sealed.
    """
    from counterseal.enforce.ledger import read_anchors, read_key, read_public_key, reading, verify
    from counterseal.enforce.ledger.keys import key_from_environment
    from counterseal.report.ledger import EXIT_CODES, verification_json, verification_text

    keys = [*map(read_key, key_files), *map(read_public_key, public_key_files)]
    if not keys:
        keys = [key for key in (key_from_environment(),) if key is not None]
    anchors = read_anchors(anchor_file) if anchor_file is not None else []
    with reading(ledger) as store:
        result = verify(store, keys, anchors, grace=grace)
    text = verification_json(result) if form == "json" else verification_text(result)
    put(Output(form, STANDARD_OUTPUT), text, stdout_encoding())
    return EXIT_CODES[result.state]
