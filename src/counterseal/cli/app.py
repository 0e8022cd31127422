"""The commands together, and what their failures look like."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from counterseal import __version__
from counterseal.cli.audit import audit
from counterseal.cli.explain import explain
from counterseal.cli.init import init
from counterseal.cli.ledger import ledger
from counterseal.cli.options import debug_option
from counterseal.cli.policy_check import policy
from counterseal.cli.routes import routes
from counterseal.cli.rules import rules
from counterseal.cli.seal import seal
from counterseal.cli.session import Session

WRONG = 2


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Start here:
  counterseal audit .              what every route guarantees, and what to fix first
  counterseal init .               propose a security model (counterseal.toml) from the code
  counterseal explain RULE         why a finding matters, with bad and good code

\b
Exit codes:
  0  pass
  1  findings at or above the threshold
  2  the call or the configuration is wrong
  3  incomplete: something was not checked""",
)
@click.version_option(__version__, prog_name="counterseal")
@debug_option
def counterseal() -> None:
    """Audit the back end that AI wrote, before it ships.

    Reads the code of a FastAPI, Starlette, Litestar, aiohttp, Flask, Quart or Django application, without running it, and shows
    every route, what each one guarantees, what is missing, and what to fix first.
    """


for _command in (audit, routes, init, rules, explain, policy, seal, ledger):
    counterseal.add_command(_command)


def run(session: Session, arguments: Sequence[str] | None) -> int:
    """Run one command and return its exit code. What went wrong is said in one line, unless it is a defect of our own."""
    from counterseal.audit.errors import AuditError
    from counterseal.audit.rules.registry import RuleDefinitionError
    from counterseal.enforce.core.errors import ContractError, Unavailable
    from counterseal.report.clean import one_line
    from counterseal.report.output import ReportError

    try:
        # Not counterseal.main: it answers an interruption by itself, in another form.
        given = list(sys.argv[1:] if arguments is None else arguments)
        with counterseal.make_context("counterseal", given, obj=session) as context:
            code = counterseal.invoke(context)
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        error.show()
    except (AuditError, ReportError, ContractError, Unavailable) as error:
        click.echo(f"Error: {one_line(str(error))}", err=True)
    except RuleDefinitionError as error:
        click.echo(f"Error: {error}; this is a defect of Counterseal, please report it", err=True)
    return WRONG
