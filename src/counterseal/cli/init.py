"""``counterseal init``: propose a security model from the code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from counterseal.cli.options import debug_option, path_argument
from counterseal.cli.outputs import STANDARD_OUTPUT, Output, put
from counterseal.cli.progress import progress
from counterseal.cli.reading import policy_of

if TYPE_CHECKING:
    from counterseal.policy import Policy

FILE_NAME = "counterseal.toml"


@click.command(
    short_help="Propose a security model from the code.",
    epilog="""\b
Then: confirm or change every line that says CONFIRM, and run
  counterseal policy check .
  counterseal audit .""",
)
@path_argument
@click.option(
    "-o",
    "--output",
    type=click.Path(readable=False),
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
    from counterseal.audit.engine import CONFIRM, read
    from counterseal.audit.propose import propose

    target = output or str((path.parent if path.is_file() else path) / FILE_NAME)
    policy = _policy_before(path, target, force=force)
    with progress(quiet=False) as report:
        reading = read(path, policy=policy, progress=report)
    text = propose(reading.surface, policy)
    put(Output("toml", target), text)
    if target != STANDARD_OUTPUT:
        guesses = sum(CONFIRM in line for line in text.splitlines())
        click.echo(f"Wrote {click.format_filename(target)}: {guesses} guesses for a person to confirm", err=True)
    return 0


def _policy_before(path: Path, target: str, *, force: bool) -> Policy:
    """The policy that is there; the defaults when there is none, or when it is to be replaced.

    Raises:
        AuditError: a policy is there and may not be replaced.
    """
    from counterseal.audit.errors import AuditError
    from counterseal.policy import Policy

    if force:
        return Policy()
    loaded = policy_of(path, None)
    name = click.format_filename(target)
    if target != STANDARD_OUTPUT and (Path(target).exists() or Path(target).is_symlink()):
        raise AuditError(f"{name} is there already", "--force replaces it, -o names another file")
    if loaded.source is not None and Path(target).name == FILE_NAME:
        raise AuditError(f"there is a policy already, in {loaded.source}", "-o FILE writes the proposal beside it, -o - shows it")
    return loaded.policy
