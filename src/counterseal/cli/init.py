"""``counterseal init``: propose a security model from the code."""

from __future__ import annotations

from pathlib import Path

import click

from counterseal.cli.options import debug_option, path_argument
from counterseal.cli.outputs import STANDARD_OUTPUT, Output, put
from counterseal.cli.progress import progress
from counterseal.cli.reading import policy_of


@click.command(
    epilog="""\b
Then: confirm or change every line that says CONFIRM, and run
  counterseal policy check .
  counterseal audit .""",
)
@path_argument
@click.option(
    "-o",
    "--output",
    type=click.Path(),
    metavar="FILE",
    help="Where to write it; '-': standard output. Default: counterseal.toml in PATH.",
)
@click.option("--force", is_flag=True, help="Replace a policy that is there already.")
@debug_option
def init(path: Path, output: str | None, force: bool) -> int:
    """Propose a security model for the back end at PATH.

    Writes a counterseal.toml with what the code shows: roles, resources and their owners, routes that look public, origins,
    sensitive fields. It is a guess, and each guess is marked: who may do what is yours to say.
    """
    from counterseal.audit.engine import read
    from counterseal.audit.errors import AuditError
    from counterseal.audit.propose import propose
    from counterseal.policy import Policy

    target = output or str((path.parent if path.is_file() else path) / "counterseal.toml")
    policy = Policy()
    if not force:
        loaded = policy_of(path, None)
        if loaded.source is not None and output is None:
            raise AuditError(f"there is a policy already: {loaded.source}", "--force replaces it by a new proposal")
        if target != STANDARD_OUTPUT and Path(target).exists():
            raise AuditError(f"{click.format_filename(target)} is there already", "--force replaces it, -o names another file")
        policy = loaded.policy
    with progress(quiet=False) as report:
        reading = read(path, policy=policy, progress=report)
    text = propose(reading.surface, policy)
    put(Output("toml", target), text)
    if target != STANDARD_OUTPUT:
        click.echo(f"Wrote {click.format_filename(target)}: {text.count('# CONFIRM')} guesses for a person to confirm", err=True)
    return 0
