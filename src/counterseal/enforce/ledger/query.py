"""Which records somebody wants to see."""

from __future__ import annotations

from dataclasses import dataclass

from counterseal.enforce.core.record import Outcome, Record
from counterseal.enforce.ledger.encoding import MICROSECONDS, quoted

# Times since September 2001 have this many digits of microseconds. Texts of equally many digits order as their numbers do.
_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Where:
    """What a database can leave out cheaply. More than what was asked for may come back, never less."""

    needles: tuple[str, ...]
    """Texts that the line contains."""
    since: str | None
    """The least value of the digits with which the line's time begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a record must have. What is ``None`` does not matter."""

    actor: str | None = None
    action: str | None = None
    object_type: str | None = None
    object_id: str | None = None
    outcome: Outcome | None = None
    request_id: str | None = None
    since: float | None = None
    """Seconds since the epoch; records of this time too."""
    until: float | None = None
    """Seconds since the epoch; records of this time not."""

    def fits(self, record: Record) -> bool:
        """Whether a record has all of it."""
        return (
            all(wanted is None or getattr(record, name) == wanted for name, wanted in self._equal())
            and (self.since is None or record.at >= self.since)
            and (self.until is None or record.at < self.until)
        )

    def where(self) -> Where:
        """The part of it that a database can decide on lines: what was written by `encoding` contains these very texts."""
        needles = tuple(f'"{name}":{quoted(wanted)}' for name, wanted in self._equal() if wanted is not None)
        digits = None if self.since is None else str(max(0, round(self.since * MICROSECONDS)))
        return Where(needles, digits if digits is not None and len(digits) == _DIGITS else None)

    def _equal(self) -> tuple[tuple[str, str | None], ...]:
        return (
            ("actor", self.actor),
            ("action", self.action),
            ("object_type", self.object_type),
            ("object_id", self.object_id),
            ("outcome", self.outcome),
            ("request_id", self.request_id),
        )
