"""Rows in a table: SQLite for the processes of one machine, any SQLite or PostgreSQL database through SQLAlchemy."""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from counterseal.enforce.core import clock
from counterseal.enforce.core.errors import Unavailable
from counterseal.enforce.identity.steps import off_loop
from counterseal.enforce.identity.stores.store import Row

if TYPE_CHECKING:
    from sqlite3 import Connection

SCHEMA = (
    """CREATE TABLE IF NOT EXISTS counterseal_rows (
        kind TEXT NOT NULL, id TEXT NOT NULL, owner TEXT NOT NULL, value TEXT NOT NULL, expires_at DOUBLE PRECISION,
        PRIMARY KEY (kind, id))""",
    "CREATE INDEX IF NOT EXISTS counterseal_rows_owner ON counterseal_rows (kind, owner)",
    "CREATE INDEX IF NOT EXISTS counterseal_rows_end ON counterseal_rows (expires_at)",
)
"""The table, for migrations of your own."""

_FETCH = "SELECT id, owner, value, expires_at FROM counterseal_rows WHERE kind = :kind AND id IN "
_PUT = """INSERT INTO counterseal_rows (kind, id, owner, value, expires_at) VALUES (:kind, :id, :owner, :value, :end)
    ON CONFLICT (kind, id) DO UPDATE SET owner = excluded.owner, value = excluded.value, expires_at = excluded.expires_at"""
_SWAP = """UPDATE counterseal_rows SET value = :value, expires_at = :end
    WHERE kind = :kind AND id = :id AND value = :old RETURNING id"""
_TAKE = "DELETE FROM counterseal_rows WHERE kind = :kind AND id = :id RETURNING id, owner, value, expires_at"
_OWNED = """SELECT id, owner, value, expires_at FROM counterseal_rows
    WHERE kind = :kind AND owner = :owner AND (expires_at IS NULL OR expires_at > :now)"""
_CLEAR = "DELETE FROM counterseal_rows WHERE kind = :kind AND owner = :owner AND id <> :keep RETURNING id"
_DROP_ENDED = "DELETE FROM counterseal_rows WHERE expires_at < :now"
_PUTS_BETWEEN_DROPS = 256
_BUSY_SECONDS = 5.0
_BUSY_PAUSE = 0.005

Found = Sequence[Sequence[Any]]


class _Table(ABC):
    """The statements; how they are run is the subclass's business."""

    _reads_block = True

    def __init__(self) -> None:
        self._puts = 0

    @abstractmethod
    def _run(self, statement: str, values: Mapping[str, Any], *, rows: bool = True) -> Found:
        """Run one statement in a transaction of its own."""

    def fetch(self, kind: str, keys: Sequence[str]) -> Sequence[Row | None] | Awaitable[Sequence[Row | None]]:
        """See `Store`."""
        return off_loop(self._fetch, kind, keys) if self._reads_block else self._fetch(kind, keys)

    def put(self, kind: str, row: Row) -> Awaitable[None] | None:
        """See `Store`."""
        return off_loop(self._put, kind, row)

    def swap(self, kind: str, old: Row, new: Row) -> bool | Awaitable[bool]:
        """See `Store`."""
        values = {"kind": kind, "id": old.key, "old": old.value, "value": new.value, "end": new.expires_at}
        return off_loop(lambda: bool(self._run(_SWAP, values)))

    def take(self, kind: str, key: str) -> Row | Awaitable[Row | None] | None:
        """See `Store`."""
        return off_loop(self._take, kind, key)

    def owned(self, kind: str, owner: str) -> Sequence[Row] | Awaitable[Sequence[Row]]:
        """See `Store`."""
        return off_loop(lambda: [Row(*found) for found in self._run(_OWNED, {"kind": kind, "owner": owner, "now": clock.now()})])

    def clear(self, kind: str, owner: str, keep: str = "") -> int | Awaitable[int]:
        """See `Store`."""
        return off_loop(lambda: len(self._run(_CLEAR, {"kind": kind, "owner": owner, "keep": keep})))

    def _fetch(self, kind: str, keys: Sequence[str]) -> list[Row | None]:
        names = {f"k{number}": key for number, key in enumerate(keys)}
        places = ", ".join(f":{name}" for name in names)
        found = {row[0]: Row(*row) for row in self._run(f"{_FETCH}({places})", {"kind": kind, **names})}
        return [found.get(key) for key in keys]

    def _put(self, kind: str, row: Row) -> None:
        values = {"kind": kind, "id": row.key, "owner": row.owner, "value": row.value, "end": row.expires_at}
        self._run(_PUT, values, rows=False)
        self._puts += 1
        if self._puts % _PUTS_BETWEEN_DROPS == 0:
            self._run(_DROP_ENDED, {"now": clock.now()}, rows=False)

    def _take(self, kind: str, key: str) -> Row | None:
        found = self._run(_TAKE, {"kind": kind, "id": key})
        return Row(*found[0]) if found else None


class SqliteStore(_Table):
    """A store in a SQLite file, shared by the processes of one machine. The table is made when it is first used.

    Reads run where they are asked for: they take microseconds and wait for no writer. Writes, which wait for the disk, run in
    a thread when an event loop asks. A write is durable when it returns: no revocation is lost to a power cut.

    Args:
        path: the file; its folder has to exist.
    """

    _reads_block = False

    def __init__(self, path: str | Path) -> None:
        super().__init__()
        self._path = Path(path)
        self._idle: deque[Connection] = deque()
        self._process = os.getpid()

    def close(self) -> None:
        """Close the connections that are not in use."""
        while self._idle:
            self._idle.pop().close()

    def _run(self, statement: str, values: Mapping[str, Any], *, rows: bool = True) -> Found:
        import sqlite3

        try:
            connection = self._borrow()
        except (sqlite3.Error, OSError) as problem:
            raise Unavailable(f"the store cannot be opened ({type(problem).__name__})") from problem
        try:
            found = connection.execute(statement, values).fetchall()
        except sqlite3.Error as problem:
            connection.close()
            raise Unavailable(f"the store does not answer ({type(problem).__name__})") from problem
        self._idle.append(connection)
        return found

    def _borrow(self) -> Connection:
        """A connection that nobody else uses. One that a fork left behind is not used again: SQLite forbids it."""
        if self._process != os.getpid():
            self._idle, self._process = deque(), os.getpid()
        try:
            return self._idle.pop()
        except IndexError:
            return self._open()

    def _open(self) -> Connection:
        import sqlite3

        if not self._path.exists():
            self._path.touch(mode=0o600)
        deadline = time.monotonic() + _BUSY_SECONDS
        while True:
            connection = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            try:
                for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", *SCHEMA):
                    connection.execute(statement)
            except sqlite3.Error as problem:
                connection.close()
                # SQLite's own waiting does not cover the change to WAL, which the first to open a file all attempt.
                if getattr(problem, "sqlite_errorcode", None) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(_BUSY_PAUSE)
            else:
                return connection


class SqlStore(_Table):
    """A store in a database that SQLAlchemy reaches: PostgreSQL, or SQLite from version 3.35 on.

    On an event loop every call runs in a thread.

    Args:
        engine: a (synchronous) SQLAlchemy engine.
    """

    def __init__(self, engine: Any) -> None:
        super().__init__()
        self._engine = engine

    def create(self) -> None:
        """Make the table, if it is not there. Call it when the application starts, or put `SCHEMA` into a migration.

        Raises:
            Unavailable: the database refuses or does not answer.
        """
        for statement in SCHEMA:
            self._run(statement, {}, rows=False)

    def _run(self, statement: str, values: Mapping[str, Any], *, rows: bool = True) -> Found:
        from sqlalchemy import text
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with self._engine.begin() as connection:
                result = connection.execute(text(statement), dict(values))
                return [tuple(row) for row in result] if rows else ()
        except SQLAlchemyError as problem:  # its message holds the statement's values
            raise Unavailable(f"the store does not answer ({type(problem).__name__})") from None
