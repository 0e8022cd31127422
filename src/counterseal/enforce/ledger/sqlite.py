# ruff: noqa: S608  (what is put into statements are names of tables, constants of ours)
"""A ledger in a SQLite file.

Write-ahead logging lets readers and the writer pass each other (https://sqlite.org/wal.html). ``synchronous=FULL`` flushes that
log at every commit, so that a power cut loses nothing; ``NORMAL`` survives the end of the process, but not that of the machine.

Records are ordered by their row id. There is one writer at a time, so row ids appear in order and without gaps, also those of the
application's own transactions.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from time import monotonic
from uuid import uuid4

from counterseal.enforce.core.errors import ConfigurationError, Unavailable
from counterseal.enforce.ledger.query import Where
from counterseal.enforce.ledger.seals import MOST, Checkpoint, Place, Row, end_of
from counterseal.enforce.ledger.store import CHECKPOINTS, FORMAT, IDENTITY, RECORDS, Store, explain, stored_checkpoint

_SCHEMA = f"""
CREATE TABLE {IDENTITY} (id TEXT NOT NULL, format INTEGER NOT NULL);
CREATE TABLE {RECORDS} (position INTEGER PRIMARY KEY, line TEXT NOT NULL);
CREATE TABLE {CHECKPOINTS} (number INTEGER PRIMARY KEY, body TEXT NOT NULL, leaves BLOB NOT NULL, signature TEXT NOT NULL);
"""
_PRUNED = (RECORDS, CHECKPOINTS)
_TRIGGERS = {
    f"{table}_{verb.lower()}": f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} "
    f"BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
    for table in (*_PRUNED, IDENTITY)
    for verb in ("UPDATE", "DELETE")
}
# Statements that insert many rows at once. One step of one statement gives up the interpreter's lock once, not once a row: a busy
# event loop would keep it for its switch interval (5 ms) each time.
_LARGEST_INSERT = 512
_PATIENCE_TO_CREATE = 30.0
# Seconds for which a quick connection believes that its file is where it was. Had the file been deleted that much later, the
# records of that time would be gone too.
_TRUST = 0.1


class SqliteStore(Store):
    """A connection to a ledger in a SQLite file."""

    kind = "sqlite"
    errors = (sqlite3.Error, OSError)

    def __init__(self, path: str, *, full: bool, patience: float, quick: bool = False) -> None:
        """Args:
        path: the file.
        full: whether commits survive a power cut.
        patience: seconds to wait for another writer.
        quick: leave to others what takes longer than the commit itself: moving the write-ahead log into the file, which takes
            milliseconds at times, and looking at every commit whether the file still stands where it stood.
        """
        self._path = path
        self._full = full
        self._patience = patience
        self._quick = quick
        self._trusted_until = 0.0
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    # ------------------------------------------------------------------ connecting

    def create(self) -> None:
        """Connect; make the file and the ledger in it when they are not there."""
        parent = Path(self._path).parent
        if not parent.is_dir():
            raise ConfigurationError(f"the folder of the ledger {self._path} does not exist", "Create it first")
        try:
            self._make_file()
            self._connect(read_only=False)
            self._make()
        except self.errors as error:
            self.close()
            if isinstance(error, sqlite3.DatabaseError) and getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_NOTADB:
                raise ConfigurationError(f"{self._path} is not a SQLite database", "Give the ledger a file of its own") from error
            raise self.unavailable(error) from error

    def _make_file(self) -> None:
        """For nobody else to read, whatever the umask says. An existing file keeps its mode.

        One that is there is not opened: to close it would drop the locks of all connections that this process has to it (POSIX
        locks belong to the process), and the next process to end would take its log away from under them.
        Source: https://www.sqlite.org/howtocorrupt.html section 2.2.
        """
        with suppress(FileExistsError):
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))

    def _make(self) -> None:
        connection = self.connection
        connection.execute(f"PRAGMA busy_timeout = {int(_PATIENCE_TO_CREATE * 1000)}")
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode not in (b"wal", "wal"):
            raise ConfigurationError(f"{self._path} cannot have a write-ahead log", "Put the ledger on a local disk")
        with self._transaction():
            if not self._has_ledger():
                for statement in (*_SCHEMA.strip().split("\n"), *_TRIGGERS.values()):
                    connection.execute(statement)
                connection.execute(f"INSERT INTO {IDENTITY} VALUES (?, ?)", (uuid4().hex, FORMAT))
        connection.execute(f"PRAGMA busy_timeout = {int(self._patience * 1000)}")
        self._identify()

    def _has_ledger(self) -> bool:
        query = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?"
        return bool(self.connection.execute(query, (IDENTITY,)).fetchone()[0])

    def _identify(self) -> None:
        rows = self.connection.execute(f"SELECT CAST(id AS BLOB), format FROM {IDENTITY}").fetchall()
        if len(rows) != 1:
            raise ConfigurationError(f"the table {IDENTITY} has {len(rows)} rows instead of one", "It was changed")
        identifier, version = rows[0]
        if version != FORMAT:
            raise ConfigurationError(f"{self._path} has format {version}, which this version does not know", "Update Counterseal")
        name = identifier.decode("ascii", "replace")
        if self.ledger and self.ledger != name:
            self.close()
            raise Unavailable(f"the ledger cannot be used: another one stands in place of {self._path}")
        self.ledger = name

    def open(self, *, read_only: bool = False) -> None:
        """Connect to the file, unless connected to that very file."""
        if self._connection is not None:
            if self._stands():
                return
            self.close()
        if self._standing() is None:
            raise Unavailable(f"the ledger cannot be used: there is no {self._path}")
        try:
            self._connect(read_only=read_only)
            self._identify()
        except self.errors as error:
            self.close()
            raise self.unavailable(error) from error

    def direct(self) -> SqliteStore:
        """A second connection for writing on an event loop: it waits for nobody, and leaves what takes long to this one."""
        other = SqliteStore(self._path, full=False, patience=0.0, quick=True)
        other.ledger = self.ledger
        return other

    def _connect(self, *, read_only: bool) -> None:
        self._file = self._standing()
        connection = self._connection = self._opened("?mode=ro" if read_only else "?mode=rw")
        if read_only:
            self._read_without_log()
            return
        connection.execute(f"PRAGMA synchronous = {'FULL' if self._full else 'NORMAL'}")
        if self._quick:
            connection.execute("PRAGMA wal_autocheckpoint = 0")

    def _opened(self, options: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            Path(self._path).absolute().as_uri() + options,
            uri=True,
            isolation_level=None,
            timeout=self._patience,
            check_same_thread=False,
            cached_statements=64,
        )
        connection.text_factory = bytes
        return connection

    def _read_without_log(self) -> None:
        """Readers need the log's index beside the file too. A read-only disk has none, and without a log nothing can change."""
        try:
            self.connection.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.OperationalError:
            log = Path(f"{self._path}-wal")
            if log.exists() and log.stat().st_size:
                raise
            self.close()
            self._connection = self._opened("?immutable=1")

    def _stands(self) -> bool:
        """Whether the file that is open is the one at the path."""
        if self._quick:
            moment = monotonic()
            if moment < self._trusted_until:
                return True
            self._trusted_until = moment + _TRUST
        return self._file == self._standing()

    def _standing(self) -> tuple[int, int] | None:
        """Which file stands at the path now."""
        try:
            found = os.stat(self._path)  # noqa: PTH116  a Path costs as much as the call
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection. Raises Unavailable: there is none."""
        if self._connection is None:
            raise Unavailable("the ledger cannot be used: it is closed")
        return self._connection

    def close(self) -> None:
        """Disconnect."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    # ------------------------------------------------------------------ writing

    def write(self, lines: Sequence[str]) -> None:
        """Append lines. A file that was deleted or moved away meanwhile has not got them."""
        if len(lines) == 1:  # a statement alone is a transaction, and spares two more
            self.connection.execute(_insert(1), lines)
        else:
            with self._transaction():
                self._insert(lines)
        if not self._stands():
            self.close()
            raise Unavailable(f"the ledger cannot be used: {self._path} was moved or deleted")

    def _insert(self, lines: Sequence[str]) -> None:
        position, size = 0, _LARGEST_INSERT
        while position < len(lines):
            while size > len(lines) - position:
                size //= 2
            self.connection.execute(_insert(size), lines[position : position + size])
            position += size

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        connection = self.connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    @contextmanager
    def sealing(self) -> Iterator[bool]:
        """A transaction: whoever writes at all is alone."""
        with self._transaction():
            yield True

    def last_checkpoint(self) -> Checkpoint | None:
        """The newest checkpoint."""
        row = self.connection.execute(f"{_SELECT_CHECKPOINTS} ORDER BY number DESC LIMIT 1").fetchone()
        return None if row is None else _checkpoint(row)

    def sealable(self, after: int, limit: int) -> list[Row]:
        """The first rows after a key."""
        return self.rows(end_of(after), None, limit=limit)

    def unsettled(self) -> bool:
        """Whatever can be seen can be sealed."""
        return False

    def add_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Append a checkpoint."""
        values = (checkpoint.number, checkpoint.body.decode("ascii"), checkpoint.leaves, checkpoint.signature.hex())
        self.connection.execute(f"INSERT INTO {CHECKPOINTS} VALUES (?, ?, ?, ?)", values)

    def remove(self, upto_key: int, upto_checkpoint: int, line: str) -> None:
        """Remove records and checkpoints from the start. The new line keeps the highest row id in use, or SQLite reuses it."""
        connection = self.connection
        connection.execute(_insert(1), (line,))
        guards = [f"{table}_delete" for table in _PRUNED]
        for guard in guards:
            connection.execute(f"DROP TRIGGER IF EXISTS {guard}")
        connection.execute(f"DELETE FROM {RECORDS} WHERE position <= ?", (upto_key,))
        connection.execute(f"DELETE FROM {CHECKPOINTS} WHERE number <= ?", (upto_checkpoint,))
        for guard in guards:
            connection.execute(_TRIGGERS[guard])

    # ------------------------------------------------------------------ reading

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """A read transaction."""
        connection = self.connection
        connection.execute("BEGIN")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")

    def checkpoints(self, first: int = -MOST) -> Iterator[Checkpoint]:
        """All checkpoints from a number on."""
        query = f"{_SELECT_CHECKPOINTS} WHERE number >= ? ORDER BY number"
        for row in self.connection.execute(query, (first,)):
            yield _checkpoint(row)

    def rows(self, after: Place, upto: int | None, *, limit: int | None) -> list[Row]:
        """Rows in order. A key belongs to one record here."""
        values = (after[0], MOST if upto is None else upto, -1 if limit is None else limit)
        return self.connection.execute(_SELECT_ROWS, values).fetchall()

    def tail(self, after: int) -> tuple[int, bytes | None]:
        """How many records follow a key, and the first one's line."""
        count = self.connection.execute(f"SELECT count(*) FROM {RECORDS} WHERE position > ?", (after,)).fetchone()[0]
        query = f"SELECT line FROM {RECORDS} WHERE position > ? ORDER BY position LIMIT 1"
        row = self.connection.execute(query, (after,)).fetchone()
        return count, None if row is None else row[0]

    def lines(
        self, where: Where, after: Place | None, upto: int | None, *, limit: int, newest: bool
    ) -> list[tuple[int, int, bytes]]:
        """Lines that may fit."""
        conditions, values = ["position <= ?"], list[str | int]([MOST if upto is None else upto])
        if after is not None:
            conditions.append(f"position {'<' if newest else '>'} ?")
            values.append(after[0])
        for needle in where.needles:
            conditions.append("instr(line, ?) > 0")
            values.append(needle)
        if where.since is not None:
            conditions.append("substr(line, 7, 16) >= ?")
            values.append(where.since)
        order = "DESC" if newest else "ASC"
        query = (
            f"SELECT position, position, line FROM {RECORDS} WHERE {' AND '.join(conditions)} ORDER BY position {order} LIMIT ?"
        )
        return self.connection.execute(query, [*values, limit]).fetchall()

    def damaged(self, error: Exception) -> bool:
        """Pages that do not fit together, or no database at all."""
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

    def settled(self) -> int | None:
        """Row ids appear in order."""
        return None

    def unavailable(self, error: Exception) -> Unavailable:
        """What callers are told; the file's name helps, its content is not in it."""
        return Unavailable(f"the ledger {self._path} cannot be used: {explain(error)}")


_SELECT_ROWS = (
    f"SELECT position, position, position || ':' || line FROM {RECORDS} "
    "WHERE position > ? AND position <= ? ORDER BY position LIMIT ?"
)
_SELECT_CHECKPOINTS = f"SELECT number, CAST(body AS BLOB), CAST(leaves AS BLOB), CAST(signature AS BLOB) FROM {CHECKPOINTS}"


@cache
def _insert(count: int) -> str:
    return f"INSERT INTO {RECORDS} (line) VALUES {','.join(['(?)'] * count)}"


def _checkpoint(row: tuple[int, bytes, bytes, bytes]) -> Checkpoint:
    return stored_checkpoint(*row)
