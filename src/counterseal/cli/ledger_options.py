"""Which records a command of the ledger is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from counterseal.enforce.ledger import Filter

Command = TypeVar("Command", bound=Callable[..., Any])
_OUTCOMES = ("intent", "succeeded", "denied", "failed")


class Time(click.ParamType[float]):
    """A point in time."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds since the epoch."""
        from counterseal.enforce.ledger.times import parse_time

        try:
            return parse_time(str(value))
        except ValueError:
            self.fail("give ISO 8601 (2026-11-20T16:30Z) or how long ago (90s, 2h, 7d)", param, ctx)


def filter_options(command: Command) -> Command:
    """The options that choose records."""
    for option in (
        click.option("--until", type=Time(), metavar="TIME", help="Only what was before this time."),
        click.option("--since", type=Time(), metavar="TIME", help="Only what is newer: 2026-11-20T16:30Z, or 2h."),
        click.option("--request", "request_id", metavar="ID", help="Only records of this request."),
        click.option("--outcome", type=click.Choice(_OUTCOMES), help="Only records with this outcome."),
        click.option("--object", "thing", metavar="TYPE[:ID]", help="Only records about this object or type."),
        click.option("--action", help="Only records of this action."),
        click.option("--actor", help="Only records of this actor."),
    ):
        command = option(command)
    return command


def wanted(*, thing: str | None, outcome: str | None, **fields: Any) -> Filter:
    """What the options ask for."""
    from counterseal.enforce.core.record import Outcome
    from counterseal.enforce.ledger import Filter

    kind, colon, identifier = (thing or "").partition(":")
    return Filter(
        object_type=kind or None,
        object_id=identifier if colon else None,
        outcome=Outcome(outcome) if outcome else None,
        **fields,
    )
