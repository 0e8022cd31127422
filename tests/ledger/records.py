"""Records, keys and what else several tests of the ledger need."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from counterseal.enforce.core.record import Outcome, Record

KEY = "3f9c1d0a7be25468" * 4
OTHER_KEY = "0a1b2c3d4e5f6789" * 4
START = 1_790_000_000.0


def record(number: int = 0, **fields: Any) -> Record:
    """A record like those of an application; different for every number."""
    defaults: dict[str, Any] = {
        "action": "profile_update",
        "outcome": Outcome.SUCCEEDED,
        "at": START + number,
        "actor": f"user-{number % 7}",
        "scheme": "bearer",
        "object_type": "User",
        "object_id": str(number),
        "route": "PATCH /users/{user_id}",
        "client": "203.0.113.9",
        "request_id": f"request-{number}",
        "status": 200,
    }
    return Record(**(defaults | fields))


def lines(path: Path) -> list[str]:
    """The stored lines of a ledger in SQLite, in order."""
    with closing(sqlite3.connect(path)) as connection:
        return [line for (line,) in connection.execute("SELECT line FROM counterseal_records ORDER BY position")]
