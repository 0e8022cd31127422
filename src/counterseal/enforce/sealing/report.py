"""What was sealed, for people and for machines."""

from __future__ import annotations

from dataclasses import dataclass

from counterseal.guarantees import Guarantee


@dataclass(frozen=True, slots=True)
class Row:
    """One way into the application."""

    method: str
    path: str
    what: str
    """See `Entry.what`."""
    name: str
    """The function; empty where there is none."""
    where: str
    """``app/main.py:31``."""
    contract: tuple[str, ...]
    """The contract in words; empty where the entry is open."""
    guarantees: frozenset[Guarantee]
    opening: str | None
    """Why the entry is open; ``None``: it is under contract."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What `seal` found: every way in, with what holds there. Prints as a table."""

    framework: str
    rows: tuple[Row, ...]

    @property
    def contracts(self) -> int:
        """How many entries are under contract."""
        return sum(row.opening is None for row in self.rows)

    def __str__(self) -> str:
        method = max((len(row.method) for row in self.rows), default=0)
        path = max((len(row.path) for row in self.rows), default=0)
        lines = [f"{row.method:<{method}}  {row.path:<{path}}  {_says(row)}" for row in self.rows]
        return "\n".join([*lines, f"sealed: {len(self.rows)} entries, {self.contracts} under contract"])

    def json(self) -> dict[str, object]:
        """The same as JSON values."""
        return {
            "framework": self.framework,
            "routes": [
                {
                    "method": row.method,
                    "path": row.path,
                    "what": row.what,
                    "function": row.name,
                    "where": row.where,
                    "contract": list(row.contract),
                    "guarantees": sorted(map(str, row.guarantees)),
                    "open": row.opening,
                }
                for row in self.rows
            ],
        }


def _says(row: Row) -> str:
    if row.opening is not None:
        return f"open: {row.opening}"
    return ", ".join(item.value for item in Guarantee if item in row.guarantees) or "public"
