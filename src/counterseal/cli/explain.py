"""``counterseal explain``: one rule with all that its file says."""

from __future__ import annotations

import sys

import click

from counterseal.cli.options import debug_option
from counterseal.cli.outputs import STANDARD_OUTPUT, Output, put, stdout_encoding


@click.command(short_help="Explain a rule, with bad and good code.", epilog="Example: counterseal explain missing-ownership")
@click.argument("rule")
@debug_option
def explain(rule: str) -> int:
    """Explain RULE: what it reports, why that matters, how to fix it, and code that it reports and does not report."""
    from counterseal.audit.engine import unknown_rule
    from counterseal.audit.rules.docs import rule_doc
    from counterseal.audit.rules.registry import load_rules

    known = {each.id: each for each in load_rules()}
    if rule not in known:
        raise unknown_rule(rule, known)
    text = rule_doc(known[rule]).markdown
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.markdown import Markdown

        Console().print(Markdown(text, hyperlinks=False))
    else:
        put(Output("markdown", STANDARD_OUTPUT), text, stdout_encoding())
    return 0
