"""``counterseal policy check``: say what a policy means, or everything that is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import click

CONFIGURATION_WRONG = 2


@click.group()
def policy() -> None:
    """Check the organisation's security model (counterseal.toml)."""


@policy.command("check")
@click.argument("path", default=".", type=click.Path(path_type=Path))
@click.option("--policy", "policy_file", type=click.Path(path_type=Path), help="Read this file instead of looking in PATH.")
def policy_check(path: Path, policy_file: Path | None) -> None:
    """Explain the security model of the project at PATH, or list everything that is wrong with it.

    Looks for counterseal.toml in PATH, then for [tool.counterseal] in its pyproject.toml; PATH may also be the file itself.
    Without either, it explains the defaults.

    Exit codes: 0 the policy can be used; 2 it cannot.
    """
    from counterseal.audit.rules.registry import rule_files
    from counterseal.policy import PolicyError, explain, load_policy

    root, explicit = path, policy_file
    if path.is_file():
        if policy_file is not None:
            _fail("Error: both PATH and --policy name a file", "give a folder as PATH, or leave out --policy")
        root, explicit = path.parent, path
    elif not path.exists():
        _fail(f"Error: there is no {click.format_filename(path)}", "check the path")
    try:
        loaded = load_policy(root, explicit)
        loaded.check_rule_ids({file.rule_id for file in rule_files()})
    except PolicyError as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        count = len(error.problems)
        _fail(f"The policy cannot be used: {count} problem{'s' if count > 1 else ''}.")
    if loaded.source is None:
        click.echo(f"There is no policy in {click.format_filename(root)}: these are the defaults.\n")
    else:
        click.echo(f"{loaded.source} can be used. It says:\n")
    click.echo(explain(loaded.policy), nl=False)


def _fail(message: str, hint: str = "") -> NoReturn:
    click.echo(f"{message}; {hint}" if hint else message, err=True)
    raise click.exceptions.Exit(CONFIGURATION_WRONG)
