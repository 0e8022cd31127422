"""``counterseal seal``: whether every way into an application is under contract, without starting a server."""

from __future__ import annotations

import json
import sys
import traceback
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from counterseal.cli.options import debug_option
from counterseal.cli.outputs import STANDARD_OUTPUT, Output, put, stdout_encoding
from counterseal.cli.session import Session

if TYPE_CHECKING:
    from counterseal.enforce.sealing.problems import Problem
    from counterseal.enforce.sealing.report import Sealed

_SEALED, _PROBLEMS, _NOTHING = 0, 1, 3


@click.command(
    short_help="Check that every route of an application is under contract.",
    epilog="""\b
Examples:
  counterseal seal app.main:app
  counterseal seal app.main:create_app()
  counterseal seal app.main:app --open "/docs=for our own developers" --format json

\b
Exit codes:
  0  sealed: every entry is under contract, or open for a reason
  1  not sealed: the list says what is missing, where, and what to write
  2  the call is wrong, or the application cannot be imported
  3  nothing to check: the application has no routes""",
)
@click.argument("application", metavar="MODULE:APP")
@click.option("--open", "opened", multiple=True, metavar="PATH=REASON", help="An entry that needs no contract. May be repeated.")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True, help="What to write.")
@debug_option
@click.pass_context
def seal(context: click.Context, application: str, opened: tuple[str, ...], form: str) -> int:
    """Check that every way into APPLICATION is under contract, by the framework's own routing table.

    Imports the application, which runs its modules, and starts no server. Where the application calls seal() itself, the settings
    and openings that it gives there hold here too; otherwise only the contracts are checked.
    """
    from counterseal.enforce.core.errors import ContractError
    from counterseal.enforce.sealing.problems import SealError
    from counterseal.enforce.sealing.seal import adapter_of, examine, seal_of

    openings = dict(_opening(text) for text in opened)
    try:
        app = _imported(application, debug=context.ensure_object(Session).debug)
        kept = seal_of(app)
        adapter = adapter_of(app)
        known = kept.open if kept is not None else {}
        report, _ = examine(app, adapter, None if kept is None else kept.security, {**known, **openings})
    except SealError as error:
        _put(form, None, error.problems)
        return _PROBLEMS
    except ContractError as error:
        raise click.ClickException(str(error)) from error
    _put(form, report, ())
    if any(row.what != "generated" for row in report.rows):
        return _SEALED
    click.echo("Nothing to check: the application has no routes", err=True)
    return _NOTHING


def _opening(text: str) -> tuple[str, str]:
    path, _, reason = text.partition("=")
    if not path.strip() or not reason.strip():
        raise click.UsageError(f"--open {text!r} is not PATH=REASON")
    return path.strip(), reason.strip()


def _imported(application: str, *, debug: bool) -> Any:
    """The application that ``module:name`` or ``module:factory()`` names."""
    from counterseal.enforce.core.errors import ContractError
    from counterseal.enforce.sealing.problems import SealError

    module, _, name = application.partition(":")
    if not module or not name:
        raise click.UsageError(f"{application!r} is not MODULE:APP, as in app.main:app")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        # What the application prints is not the report.
        with redirect_stdout(sys.stderr):
            found: Any = import_module(module)
            for part in name.removesuffix("()").split("."):
                found = getattr(found, part)
            return found() if name.endswith("()") else found
    except SealError:
        raise
    except (Exception, SystemExit) as error:
        if debug:
            traceback.print_exception(error)
        # Other messages may hold what the application read from its environment.
        says = f": {error}" if isinstance(error, (ImportError, AttributeError, SyntaxError, ContractError)) else ""
        what = f"{type(error).__name__}{says}{_place(error)}"
        raise click.ClickException(f"{application} cannot be imported: {' '.join(what.split())}") from error


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    # The last frame of the application's own, past this one.
    own = [frame for frame in frames[1:] if "importlib" not in frame.filename]
    return f" ({own[-1].filename}:{own[-1].lineno})" if own else ""


def _put(form: str, report: Sealed | None, problems: tuple[Problem, ...]) -> None:
    encoding = stdout_encoding() if form == "text" else "utf-8"
    put(Output(form, STANDARD_OUTPUT), _json(report, problems) if form == "json" else _text(report, problems), encoding)


def _text(report: Sealed | None, problems: tuple[Problem, ...]) -> str:
    if report is not None:
        return f"{report}\n"
    count = len(problems)
    return "\n".join([*map(str, problems), f"not sealed: {count} problem{'s' if count != 1 else ''}", ""])


def _json(report: Sealed | None, problems: tuple[Problem, ...]) -> str:
    listed = [
        {"code": item.code, "route": item.route, "message": item.message, "where": item.where, "fix": item.fix}
        for item in problems
    ]
    rest = {"framework": None, "routes": []} if report is None else report.json()
    return json.dumps({"sealed": not listed, "problems": listed, **rest}, indent=2, ensure_ascii=False) + "\n"
