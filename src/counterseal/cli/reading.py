"""Policy and audit, as the commands that read code ask for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from counterseal.cli.progress import progress
from counterseal.cli.session import Session

if TYPE_CHECKING:
    from counterseal.audit.engine import CacheChoice
    from counterseal.audit.result import AuditResult
    from counterseal.policy import LoadedPolicy


def policy_of(path: Path, policy_file: Path | None) -> LoadedPolicy:
    """The policy of the project at ``path``.

    Raises:
        AuditError: there is nothing at ``path`` that may be read.
        click.ClickException: it cannot be used; the message lists everything that is wrong with it.
    """
    from counterseal.audit.inputs import check
    from counterseal.audit.rules.registry import rule_files
    from counterseal.policy import PolicyError, load_policy

    check(path)
    try:
        loaded = load_policy(path.parent if path.is_file() else path, policy_file)
        loaded.check_rule_ids({file.rule_id for file in rule_files()})
    except PolicyError as error:
        lines = "\n  ".join(("", *map(str, error.problems))) if len(error.problems) > 1 else f" {error}"
        raise click.ClickException(f"the policy cannot be used:{lines}") from None
    return loaded


def audit_of(
    path: Path,
    policy_file: Path | None,
    *,
    jobs: int | None,
    no_cache: bool,
    quiet: bool,
    session: Session,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
) -> AuditResult:
    """Audit the back end at ``path``, with a progress bar where one can be seen.

    Raises:
        click.ClickException: the policy cannot be used.
        AuditError: the path, a rule's id or the code is not what an audit can work with.
    """
    from counterseal.audit.engine import audit

    loaded = policy_of(path, policy_file)
    with progress(quiet=quiet) as report:
        return audit(
            path,
            policy=loaded.policy,
            policy_source=loaded.source,
            policy_text=loaded.text,
            select=select,
            ignore=ignore,
            jobs=jobs,
            cache_dir=cache_choice(no_cache),
            progress=report,
            debug=session.debug,
        )


def cache_choice(no_cache: bool) -> CacheChoice:
    """Where the cache lies."""
    return False if no_cache else None
