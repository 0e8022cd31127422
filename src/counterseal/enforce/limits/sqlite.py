"""Limits counted in a SQLite file, which the worker processes of one machine share."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import struct
import time
from collections.abc import Awaitable
from pathlib import Path
from threading import Lock

from counterseal.enforce.core import clock
from counterseal.enforce.core.errors import ConfigurationError, Unavailable
from counterseal.enforce.core.limiter import Verdict
from counterseal.enforce.limits.forks import after_fork
from counterseal.enforce.limits.keys import Namespace
from counterseal.enforce.limits.names import Register, check_cost
from counterseal.enforce.limits.rates import Rate, canonical
from counterseal.enforce.limits.state import pack, settle, unpack
from counterseal.enforce.limits.window import Window, judge

_SCHEMA = """
CREATE TABLE IF NOT EXISTS windows (
    key BLOB PRIMARY KEY, meter BLOB NOT NULL, expires REAL NOT NULL, seen REAL NOT NULL, state BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS meters (meter BLOB PRIMARY KEY, keys INTEGER NOT NULL) WITHOUT ROWID;
"""
_ALL = b""  # the row of `meters` that counts all keys
_FIRST_PAUSE, _LONGEST_PAUSE = 0.0005, 0.008  # seconds between two attempts at a file that another process writes to
_OPENING = 5.0  # seconds: at start-up many processes create the file at once, and nobody is waiting for an answer
_SWEEP_EVERY, _SWEEP_ROWS = 16, 64  # four rows looked at per hit: expired ones go faster than new ones can come


class SqliteLimiter:
    """Counts in a file: exact for threads, tasks and processes of one machine.

    WAL with ``synchronous=OFF``: a crash of the process loses nothing; a power cut may lose the last counts, after which a client
    gets at most one more window's worth. Nothing here is worth an fsync per request.

    Args:
        path: the file; created when absent. Not on a network file system.
        timeout: seconds to wait for other processes.
        prefix: tells applications apart that share the file.
        max_keys: see `MemoryLimiter`; a row takes about 100 bytes on disk, up to 3 kB.

    Raises:
        ConfigurationError: the file cannot be opened, or is no such database.
    """

    def __init__(self, path: Path, timeout: float, prefix: str, max_keys: int) -> None:
        self.timeout = timeout
        self.prefix = prefix
        self.max_keys = max_keys
        self._path = path
        self._register = Register()
        self._lock = Lock()
        self._hits = 0
        self._hand = os.urandom(16)  # where the sweep stands: elsewhere in each process
        self._inherited: list[sqlite3.Connection] = []
        try:
            self._db: sqlite3.Connection | None = self._open()
        except sqlite3.Error as error:
            raise ConfigurationError(f"the limits' file {path} cannot be used: {error}") from error
        after_fork(self._renew)

    def meter(self, name: str, rate: str) -> SqliteMeter:
        """See `Limiter.meter`."""
        return SqliteMeter(self, name, self._register.read(name, rate))

    def attempt(self, meter: SqliteMeter, key: bytes, cost: int) -> Verdict | None:
        """Count a hit in one transaction, without waiting for other processes.

        Returns:
            ``None`` when another process is writing.

        Raises:
            Unavailable: the file cannot be read or written.
        """
        with self._lock:
            try:
                return self._transaction(meter, key, cost)
            except sqlite3.Error as error:
                if _busy(error):
                    return None
                raise Unavailable(f"the limits' file cannot be used: {error}") from error
            except struct.error as error:
                raise Unavailable("the limits' file holds what this version did not write") from error

    def close(self) -> None:
        """See `ClosableLimiter.close`. A later hit opens the file again."""
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None

    async def aclose(self) -> None:
        """See `ClosableLimiter.aclose`."""
        self.close()

    def _transaction(self, meter: SqliteMeter, key: bytes, cost: int) -> Verdict:
        db = self._db
        if db is None:
            db = self._db = self._open()
        db.execute("BEGIN IMMEDIATE")
        try:
            # Read under the lock, so that no other process has counted at a later time.
            now = clock.now()
            verdict = meter.count(db, key, cost, now)
            self._hits += 1
            if self._hits % _SWEEP_EVERY == 0:
                self._sweep(db, now)
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:  # a full disk may have ended it already
                db.execute("ROLLBACK")
            raise
        return verdict

    def _sweep(self, db: sqlite3.Connection, now: float) -> None:
        """Drop what expired among the next few rows. No index on the expiry: keeping it up to date would cost every hit more."""
        until = db.execute(
            "SELECT key FROM windows WHERE key > ? ORDER BY key LIMIT 1 OFFSET ?", (self._hand, _SWEEP_ROWS - 1)
        ).fetchone()
        last = until[0] if until else b"\xff" * 17  # beyond every key
        dropped = db.execute(
            "DELETE FROM windows WHERE key > ? AND key <= ? AND expires <= ? RETURNING meter", (self._hand, last, now)
        ).fetchall()
        self._hand = last if until else b""
        for (meter,) in dropped:
            if meter:  # joint windows have none: they are not counted
                db.execute("UPDATE meters SET keys = keys - 1 WHERE meter IN (?, ?)", (meter, _ALL))

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=_OPENING, isolation_level=None, check_same_thread=False)
        try:
            deadline = time.monotonic() + _OPENING
            while not self._prepare(db):
                if time.monotonic() > deadline:
                    raise sqlite3.OperationalError("another process keeps it locked")
                time.sleep(_LONGEST_PAUSE)
        except BaseException:
            db.close()
            raise
        return db

    def _prepare(self, db: sqlite3.Connection) -> bool:
        try:
            # SQLite does not wait here when two processes switch to WAL at once.
            (mode,) = db.execute("PRAGMA journal_mode = WAL").fetchone()
            db.executescript(_SCHEMA)
        except sqlite3.OperationalError as error:
            if _busy(error):
                return False
            raise
        if mode != "wal":
            raise sqlite3.OperationalError("its file system does not support write-ahead logs")
        db.execute("PRAGMA synchronous = OFF")
        db.execute("PRAGMA busy_timeout = 0")  # waiting is done outside, where an event loop can do something else meanwhile
        return True

    def _renew(self) -> None:
        self._lock = Lock()
        if self._db is not None:
            # Kept, not closed: to close it would be to use it, which SQLite forbids in a child process.
            self._inherited.append(self._db)
            self._db = None
        self._hand = os.urandom(16)


class SqliteMeter:
    """One limit in a file."""

    def __init__(self, limiter: SqliteLimiter, name: str, rates: tuple[Rate, ...]) -> None:
        self._limiter = limiter
        self._rates = rates
        self._longest = rates[-1].window
        names = (limiter.prefix, name, canonical(rates))
        self._keys = Namespace("key", *names)
        self._id = Namespace("meter", *names).digest("")
        self._joint = Namespace("joint", *names).digest("")

    def hit(self, key: str, cost: int = 1) -> Verdict:
        """See `Meter.hit`.

        Raises:
            ValueError: the cost is less than 1.
        """
        check_cost(cost)
        digest = self._keys.digest(key)
        verdict = self._limiter.attempt(self, digest, cost)
        deadline, pause = 0.0, _FIRST_PAUSE
        while verdict is None:
            deadline = _in_time(deadline, self._limiter.timeout)
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            verdict = self._limiter.attempt(self, digest, cost)
        return verdict

    def hit_async(self, key: str, cost: int = 1) -> Verdict | Awaitable[Verdict]:
        """See `Meter.hit_async`. At once, unless another process is writing at that moment.

        Raises:
            ValueError: the cost is less than 1.
        """
        check_cost(cost)
        digest = self._keys.digest(key)
        return self._limiter.attempt(self, digest, cost) or self._patiently(digest, cost)

    async def _patiently(self, digest: bytes, cost: int) -> Verdict:
        verdict, deadline, pause = None, 0.0, _FIRST_PAUSE
        while verdict is None:
            deadline = _in_time(deadline, self._limiter.timeout)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            verdict = self._limiter.attempt(self, digest, cost)
        return verdict

    def count(self, db: sqlite3.Connection, key: bytes, cost: int, now: float) -> Verdict:
        """Count a hit, inside a transaction.

        Raises:
            sqlite3.Error: the file cannot be read or written.
            struct.error: it holds something else.
        """
        row = db.execute("SELECT seen, state FROM windows WHERE key = ?", (key,)).fetchone()
        if row is None:
            return self._first(db, key, cost, now)
        windows = unpack(row[1])
        moment = settle(windows, row[0], now, self._longest)
        verdict = judge(self._rates, windows, moment, cost)
        if verdict.allowed or moment < row[0]:
            self._update(db, key, windows, moment)
        return verdict

    def _first(self, db: sqlite3.Connection, key: bytes, cost: int, now: float) -> Verdict:
        """The hit of a caller who has no row yet; the rules are those of `MemoryMeter`."""
        found = db.execute("SELECT seen, state FROM windows WHERE key = ?", (self._joint,)).fetchone()
        joint = unpack(found[1]) if found else self._empty()
        moment = settle(joint, found[0], now, self._longest) if found else now
        taken = dict(db.execute("SELECT meter, keys FROM meters WHERE meter IN (?, ?)", (self._id, _ALL)).fetchall())
        if taken.get(self._id, 0) >= self._limiter.max_keys - taken.get(_ALL, 0):
            verdict = judge(self._rates, joint, moment, cost)
            if found and (verdict.allowed or moment < found[0]):
                self._update(db, self._joint, joint, moment)
            elif verdict.allowed:
                self._insert(db, self._joint, b"", joint, moment)
            return verdict
        windows = self._empty()
        for window, shared in zip(windows, joint, strict=True):
            shared.expire(moment)
            if shared.used:
                window.add(shared.ends[-1], shared.used)
        verdict = judge(self._rates, windows, moment, cost)
        if verdict.allowed:
            self._insert(db, key, self._id, windows, moment)
            db.executemany(
                "INSERT INTO meters VALUES (?, 1) ON CONFLICT (meter) DO UPDATE SET keys = keys + 1", ((self._id,), (_ALL,))
            )
        return verdict

    def _update(self, db: sqlite3.Connection, key: bytes, windows: list[Window], seen: float) -> None:
        db.execute(
            "UPDATE windows SET expires = ?, seen = ?, state = ? WHERE key = ?", (windows[-1].ends[-1], seen, pack(windows), key)
        )

    def _insert(self, db: sqlite3.Connection, key: bytes, meter: bytes, windows: list[Window], seen: float) -> None:
        db.execute("INSERT INTO windows VALUES (?, ?, ?, ?, ?)", (key, meter, windows[-1].ends[-1], seen, pack(windows)))

    def _empty(self) -> list[Window]:
        return [Window([], []) for _ in self._rates]


def _busy(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def _in_time(deadline: float, timeout: float) -> float:
    """The deadline: set at the first call, checked at all others."""
    moment = time.monotonic()
    if not deadline:
        return moment + timeout
    if moment > deadline:
        raise Unavailable(f"the limits' file has been locked by another process for {timeout} s")
    return deadline
