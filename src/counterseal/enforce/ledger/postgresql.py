# ruff: noqa: S608  (what is put into statements are names of tables, constants of ours)
"""A ledger in PostgreSQL 13 or newer, by psycopg 3.

Transactions become visible in another order than they began, and serial numbers come in yet another one. So records are ordered
by the transaction that wrote them, and sealed only up to the oldest one still running: below that horizon nothing can appear any
more (https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT, ``pg_snapshot_xmin``). Nothing is ever
updated.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from counterseal.enforce.core.errors import ConfigurationError, Unavailable
from counterseal.enforce.ledger.query import Where
from counterseal.enforce.ledger.seals import MOST, Checkpoint, Place, Row, end_of
from counterseal.enforce.ledger.store import CHECKPOINTS, FORMAT, IDENTITY, RECORDS, Store, explain, stored_checkpoint

if TYPE_CHECKING:
    import psycopg

_GUARD = "counterseal_append_only"
_PRUNING = "counterseal.pruning"
_SCHEMA = (
    f"CREATE TABLE {IDENTITY} (id text NOT NULL, format integer NOT NULL)",
    f"""CREATE TABLE {RECORDS} (
        xact bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
        id bigint GENERATED ALWAYS AS IDENTITY,
        line text NOT NULL,
        PRIMARY KEY (xact, id))""",
    f"CREATE TABLE {CHECKPOINTS} (number bigint PRIMARY KEY, body text NOT NULL, leaves bytea NOT NULL, signature text NOT NULL)",
    f"""CREATE OR REPLACE FUNCTION {_GUARD}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' AND current_setting('{_PRUNING}', true) = 'on' THEN RETURN OLD; END IF;
        RAISE EXCEPTION 'the ledger is append-only';
    END $$""",
    *(
        f"CREATE TRIGGER {table}_{what} BEFORE {events} ON {table} FOR EACH {each} EXECUTE FUNCTION {_GUARD}()"
        for table in (IDENTITY, RECORDS, CHECKPOINTS)
        for what, events, each in (("change", "UPDATE OR DELETE", "ROW"), ("truncate", "TRUNCATE", "STATEMENT"))
    ),
)
# Not to_regclass: the server remembers for the rest of a transaction that a name did not exist.
_EXISTS = f"SELECT count(*) FROM pg_tables WHERE tablename = '{IDENTITY}' AND schemaname = ANY (current_schemas(false))"
_PAGE = 100
# Seconds after which a connection that nobody used is asked whether it still works.
_STALE = 1.0
_HORIZON = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


class PostgresStore(Store):
    """A connection to a ledger in PostgreSQL."""

    kind = "postgresql"

    def __init__(self, url: str, *, full: bool, patience: float) -> None:
        """Args:
        url: as libpq takes it.
        full: whether commits wait until they are on disk.
        patience: seconds to wait for an answer.

        Raises:
            ConfigurationError: psycopg is not installed.
        """
        try:
            import psycopg
        except ImportError as error:
            raise ConfigurationError(
                "a ledger in PostgreSQL needs psycopg", "Run: pip install 'counterseal[postgres]'"
            ) from error
        self._psycopg = psycopg
        self.errors = (psycopg.Error, OSError)
        self._url = url
        self._full = full
        self._patience = patience
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._used = 0.0

    # ------------------------------------------------------------------ connecting

    def create(self) -> None:
        """Connect; make the tables when they are not there."""
        try:
            self._connect()
            with self.connection.transaction():
                if not self._value(_EXISTS):
                    # Two processes that start together: the second one waits here, and looks again.
                    self.connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('counterseal ledger', 0))")
                    if not self._value(_EXISTS):
                        self._make()
            self._identify()
            self._check_counter()
        except self.errors as error:
            self.close()
            raise self.unavailable(error) from error

    def _make(self) -> None:
        version = self.connection.info.server_version
        if version < 130000:
            raise ConfigurationError(f"PostgreSQL {version // 10000} is too old for a ledger", "It takes PostgreSQL 13 or newer")
        for statement in _SCHEMA:
            self.connection.execute(statement.encode())
        self.connection.execute(f"INSERT INTO {IDENTITY} VALUES (%s, %s)", (uuid4().hex, FORMAT))

    def _identify(self) -> None:
        rows = self.connection.execute(f"SELECT id, format FROM {IDENTITY}").fetchall()
        if len(rows) != 1:
            raise ConfigurationError(
                f"the table {IDENTITY} has {len(rows)} rows instead of one", "It is not as a ledger leaves it"
            )
        identifier, version = rows[0]
        if version != FORMAT:
            raise ConfigurationError(f"the ledger has format {version}, which this version does not know", "Update Counterseal")
        if self.ledger and self.ledger != identifier:
            self.close()
            raise Unavailable("the ledger cannot be used: another one stands in its place")
        self.ledger = identifier

    def _check_counter(self) -> None:
        """A dump restored into another server meets another counter of transactions: new records would sort before old ones."""
        last = self.last_checkpoint()
        if last is not None and last.upto >= int(self._value("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")):
            raise ConfigurationError(
                "this ledger comes from another PostgreSQL server and cannot be continued here",
                f"Rename the tables {IDENTITY}, {RECORDS} and {CHECKPOINTS}, and a new one begins",
            )

    def open(self, *, read_only: bool = False) -> None:
        """Connect, unless connected; a connection that was idle is tried first."""
        if self._connection is not None:
            if monotonic() - self._used < _STALE or self._works():
                return
            self.close()
        try:
            self._connect(read_only=read_only)
            self._identify()
        except self.errors as error:
            self.close()
            raise self.unavailable(error) from error

    def _works(self) -> bool:
        try:
            self._value("SELECT 1")
        except self.errors:
            return False
        return True

    def _connect(self, *, read_only: bool = False) -> None:
        milliseconds = max(1, int(self._patience * 1000))
        connection = self._psycopg.connect(
            self._url,
            autocommit=True,
            prepare_threshold=None,  # nothing stays on the server that a connection pool could mix up
            connect_timeout=max(2, int(self._patience)),  # libpq takes no less
            tcp_user_timeout=milliseconds,
            application_name="counterseal ledger",
        )
        self._connection = connection
        connection.isolation_level = self._psycopg.IsolationLevel.READ_COMMITTED
        if read_only:
            connection.execute("SET default_transaction_read_only = on")
            return
        connection.execute(f"SET statement_timeout = {milliseconds}".encode())
        if not self._full:
            connection.execute("SET synchronous_commit = off")
        elif self._value("SHOW synchronous_commit") == "off":
            connection.execute("SET synchronous_commit = on")

    @property
    def connection(self) -> psycopg.Connection[tuple[Any, ...]]:
        """The connection. Raises Unavailable: there is none."""
        if self._connection is None:
            raise Unavailable("the ledger cannot be used: it is closed")
        self._used = monotonic()
        return self._connection

    def _value(self, query: str) -> Any:
        row = self.connection.execute(query.encode()).fetchone()
        return None if row is None else row[0]

    def close(self) -> None:
        """Disconnect."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    # ------------------------------------------------------------------ writing

    def write(self, lines: Sequence[str]) -> None:
        """Append lines by one statement."""
        query = f"INSERT INTO {RECORDS} (line) SELECT line FROM unnest(%s::text[]) WITH ORDINALITY AS given (line, n) ORDER BY n"
        self.connection.execute(query, (list(lines),))

    @contextmanager
    def sealing(self) -> Iterator[bool]:
        """A transaction under an advisory lock. It must see what the one before it wrote, so the lock comes first."""
        with self.connection.transaction():
            query = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"
            row = self.connection.execute(query, (self.ledger,)).fetchone()
            yield row is not None and bool(row[0])

    def last_checkpoint(self) -> Checkpoint | None:
        """The newest checkpoint."""
        row = self.connection.execute(f"{_SELECT_CHECKPOINTS} ORDER BY number DESC LIMIT 1").fetchone()
        return None if row is None else _checkpoint(row)

    def sealable(self, after: int, limit: int) -> list[Row]:
        """The first rows after a key, below the horizon. A transaction is sealed as a whole."""
        horizon = int(self._value(_HORIZON)) - 1
        rows = self.rows(end_of(after), horizon, limit=limit)
        if len(rows) == limit:
            last = rows[-1]
            rows += self.rows((last[0], last[1]), last[0], limit=None)
        return rows

    def unsettled(self) -> bool:
        """Whether there are rows that a running transaction, maybe of somebody else, keeps from being sealed."""
        last = self.last_checkpoint()
        query = f"SELECT EXISTS (SELECT 1 FROM {RECORDS} WHERE xact > %s)"
        row = self.connection.execute(query, (0 if last is None else last.upto,)).fetchone()
        return row is not None and bool(row[0])

    def add_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Append a checkpoint."""
        values = (checkpoint.number, checkpoint.body.decode("ascii"), checkpoint.leaves, checkpoint.signature.hex())
        self.connection.execute(f"INSERT INTO {CHECKPOINTS} VALUES (%s, %s, %s, %s)", values)

    def remove(self, upto_key: int, upto_checkpoint: int, line: str) -> None:
        """Remove records and checkpoints from the start."""
        connection = self.connection
        connection.execute(f"SET LOCAL {_PRUNING} = 'on'".encode())
        connection.execute(f"DELETE FROM {RECORDS} WHERE xact <= %s", (upto_key,))
        connection.execute(f"DELETE FROM {CHECKPOINTS} WHERE number <= %s", (upto_checkpoint,))
        connection.execute(f"INSERT INTO {RECORDS} (line) VALUES (%s)", (line,))

    # ------------------------------------------------------------------ reading

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """A transaction that sees the database as it was at its beginning."""
        with self.connection.transaction():
            self.connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield

    def checkpoints(self, first: int = -MOST) -> Iterator[Checkpoint]:
        """All checkpoints from a number on."""
        query = f"{_SELECT_CHECKPOINTS} WHERE number >= %s ORDER BY number LIMIT {_PAGE}"
        while rows := self.connection.execute(query, (first,)).fetchall():
            for row in rows:
                yield _checkpoint(row)
            first = rows[-1][0] + 1

    def rows(self, after: Place, upto: int | None, *, limit: int | None) -> list[Row]:
        """Rows in order."""
        query = (
            f"SELECT xact, id, xact || ':' || id || ':' || line FROM {RECORDS} "
            "WHERE (xact, id) > (%s, %s) AND xact <= %s ORDER BY xact, id LIMIT %s"
        )
        rows = self.connection.execute(query, (*after, MOST if upto is None else upto, limit)).fetchall()
        return [(key, number, material.encode()) for key, number, material in rows]

    def tail(self, after: int) -> tuple[int, bytes | None]:
        """How many records follow a key, and the first one's line."""
        found = self.connection.execute(f"SELECT count(*) FROM {RECORDS} WHERE xact > %s", (after,)).fetchone()
        query = f"SELECT line FROM {RECORDS} WHERE xact > %s ORDER BY xact, id LIMIT 1"
        row = self.connection.execute(query, (after,)).fetchone()
        return (0 if found is None else found[0]), None if row is None else row[0].encode()

    def lines(
        self, where: Where, after: Place | None, upto: int | None, *, limit: int, newest: bool
    ) -> list[tuple[int, int, bytes]]:
        """Lines that may fit."""
        conditions, values = ["xact <= %s"], list[str | int]([MOST if upto is None else upto])
        if after is not None:
            conditions.append(f"(xact, id) {'<' if newest else '>'} (%s, %s)")
            values += after
        for needle in where.needles:
            conditions.append("strpos(line, %s) > 0")
            values.append(needle)
        if where.since is not None:
            conditions.append('substring(line from 7 for 16) COLLATE "C" >= %s')
            values.append(where.since)
        order = "DESC" if newest else "ASC"
        query = (
            f"SELECT xact, id, line FROM {RECORDS} WHERE {' AND '.join(conditions)} ORDER BY xact {order}, id {order} LIMIT %s"
        )
        found = self.connection.execute(query.encode(), [*values, limit]).fetchall()
        return [(key, number, line.encode()) for key, number, line in found]

    def damaged(self, error: Exception) -> bool:
        """Class XX: the server found its files corrupted."""
        return isinstance(error, self._psycopg.Error) and (error.sqlstate or "").startswith("XX")

    def settled(self) -> int | None:
        """What lies below the oldest running transaction."""
        return int(self._value(_HORIZON)) - 1

    def unavailable(self, error: Exception) -> Unavailable:
        """What callers are told. The driver's messages name host, user and database, and no password."""
        return Unavailable(f"the ledger in PostgreSQL cannot be used: {explain(error)}")


_SELECT_CHECKPOINTS = f"SELECT number, body, leaves, signature FROM {CHECKPOINTS}"


def _checkpoint(row: tuple[Any, ...]) -> Checkpoint:
    number, body, leaves, signature = row
    return stored_checkpoint(number, body.encode(), bytes(leaves), signature.encode())
