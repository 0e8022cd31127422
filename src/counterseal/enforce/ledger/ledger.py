"""The ledger: a trail that is durable when it says so, and shows when somebody has changed it."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence, Set
from types import TracebackType
from typing import Any, Literal, Self
from weakref import WeakKeyDictionary

from counterseal.enforce.core.errors import ConfigurationError, Unavailable
from counterseal.enforce.core.record import Record
from counterseal.enforce.core.redaction import Redactor
from counterseal.enforce.ledger.anchors import Anchor as KeptAnchor
from counterseal.enforce.ledger.anchors import AnchorFile
from counterseal.enforce.ledger.encoding import Encoder
from counterseal.enforce.ledger.keys import Signer, key_from_environment, parse_key
from counterseal.enforce.ledger.location import make_store, reading
from counterseal.enforce.ledger.own_transaction import write_in
from counterseal.enforce.ledger.prune import Pruned, prune
from counterseal.enforce.ledger.query import Filter
from counterseal.enforce.ledger.reading import Entry, entries
from counterseal.enforce.ledger.seals import Checkpoint, Sealer
from counterseal.enforce.ledger.sqlite import SqliteStore
from counterseal.enforce.ledger.store import Store
from counterseal.enforce.ledger.verification import Verification
from counterseal.enforce.ledger.verify import GRACE, verify
from counterseal.enforce.ledger.waiting import Desk
from counterseal.enforce.ledger.writer import Ticket, Writer, hook_forks

Durability = Literal["full", "normal"]
Anchor = Callable[[Checkpoint], None]


class Ledger:
    """An audit trail (`counterseal.enforce.core.record.Trail`). Make one with `open_ledger`; one for each process is enough."""

    def __init__(self, url: str, store: Store, writer: Writer, encoder: Encoder, signer: Signer | None, timeout: float) -> None:
        self._url = url
        self._signer = signer
        self._store = store
        self._writer = writer
        self._encode = encoder.encode
        self._timeout = timeout
        self._direct = writer.direct
        self._desk: Desk | None = None
        self._desks: WeakKeyDictionary[asyncio.AbstractEventLoop, Desk] = WeakKeyDictionary()

    @property
    def id(self) -> str:
        """The ledger's identifier: random, given when it was made."""
        return self._store.ledger

    def append(self, record: Record) -> None:
        """Write a record and wait until it is durable. For code that may block.

        Raises:
            Unavailable: it could not be written, or not in time. In the latter case it may still come to be on record.
        """
        line = self._encode(record)
        if self._direct is not None and self._direct.write([line]):
            return
        deadline = self._timeout
        while self._writer.full():
            if deadline <= 0:
                raise Unavailable("the ledger cannot be used: more comes in than it can write")
            _pause.wait(_RETRY)
            deadline -= _RETRY
        ticket = Ticket()
        self._writer.submit(line, ticket)
        if not ticket.lock.acquire(timeout=self._timeout):
            raise Unavailable("the ledger does not answer")
        if ticket.problem is not None:
            raise Unavailable(ticket.problem)

    def append_async(self, record: Record) -> Awaitable[None]:
        """The same for code on an event loop: the loop is not blocked. The record is under way as soon as this is called.

        Raises:
            Unavailable: when awaited, as `append`.
        """
        loop = asyncio.get_running_loop()
        desk = self._desk
        if desk is None or desk.loop is not loop:
            desk = self._desk_of(loop)
        return desk.hand_in(self._encode(record))

    def _desk_of(self, loop: asyncio.AbstractEventLoop) -> Desk:
        desk = self._desks.get(loop)
        if desk is None:
            desk = self._desks[loop] = Desk(loop, self._writer, self._timeout)
        self._desk = desk
        return desk

    def write_in(self, connection: Any, record: Record) -> Awaitable[None] | None:
        """Write a record in the application's own transaction: it is on record if and only if that commits.

        Args:
            connection: a connection, cursor or session to the ledger's own database, of sqlite3, psycopg, asyncpg, SQLAlchemy or
                Django.
            record: what to write.

        Returns:
            Something to await for an asynchronous connection.

        Raises:
            ConfigurationError: the connection is of a kind that is not known, or leads to another kind of database.
            Unavailable: it could not be written; the transaction must be rolled back.
        """
        self._writer.watch()
        return write_in(connection, self._encode(record), self._store.kind)

    def prune(self, before: float, *, actor: str | None = None) -> Pruned:
        """Remove what was sealed before a time; a tombstone and a record of its own remain. Blocks; others write in between.

        Args:
            before: seconds since the epoch.
            actor: who wants it, for the record.

        Raises:
            TamperedError: some of it is not as it was sealed.
            Unavailable: the database does not do it.
        """
        return self._writer.exclusively(lambda store, sealer: prune(store, sealer, self._encode, before, actor))

    def entries(self, wanted: Filter = Filter(), *, newest: bool = False) -> Iterator[Entry]:  # noqa: B008  it is frozen
        """The records that fit, in order or backwards, read by a connection of its own. Blocks.

        Raises:
            Unavailable: the database does not answer.
        """
        with reading(self._url) as store:
            yield from entries(store, wanted, newest=newest)

    def verify(self, *, grace: float = GRACE, anchors: Sequence[KeptAnchor] = ()) -> Verification:
        """Check the whole ledger, with the key that it is written with. Blocks. A verifier elsewhere proves more."""
        with reading(self._url) as store:
            return verify(store, () if self._signer is None else (self._signer,), anchors, grace=grace)

    def close(self) -> None:
        """Write and seal what is there, and let go of the database. What is appended later is refused."""
        atexit.unregister(self.close)
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


_RETRY = 0.005
_pause = threading.Event()


def open_ledger(
    url: str | os.PathLike[str],
    *,
    durability: Durability = "full",
    key: Signer | str | bytes | None = None,
    anchor: Anchor | str | os.PathLike[str] | None = None,
    sensitive: Set[str] | Callable[[str], bool] | None = None,
    timeout: float = 10.0,
    capacity: int = 10_000,
    seal_interval: float = 1.0,
) -> Ledger:
    """Open a ledger, and make it if it is not there.

    Args:
        url: a path, ``sqlite:///audit.db`` (relative), ``sqlite:////var/lib/app/audit.db`` (absolute), or ``postgresql://...``.
        durability: ``full``: acknowledged records survive a power cut; ``normal``: only the end of the process.
        key: what checkpoints are signed with; a text is a PEM or a shared secret. Default: what ``COUNTERSEAL_LEDGER_KEY``
            holds, or the file that ``COUNTERSEAL_LEDGER_KEY_FILE`` names. Without any, checkpoints are not signed.
        anchor: keeps checkpoints elsewhere: called with each one once it is durable, on the writer's thread; or a file to which
            their heads are appended.
        sensitive: names of fields whose values are redacted, or a predicate over names. Default: the policy's list.
        timeout: seconds after which a caller is told that the record could not be written.
        capacity: records that may wait to be written; more callers have to wait.
        seal_interval: seconds after which a record is sealed at the latest.

    Raises:
        ConfigurationError: this can never work: a bad address or key, a file that is no ledger, a signed ledger without its key.
        Unavailable: the database cannot be reached or written now.
    """
    if durability not in ("full", "normal"):
        raise ConfigurationError(f"durability is {durability!r}", "Choose 'full' or 'normal'")
    address = os.fspath(url)
    store = make_store(address, full=durability == "full", patience=timeout / 2)
    signer = parse_key(key.encode() if isinstance(key, str) else key) if isinstance(key, (str, bytes)) else key
    signer = key_from_environment() if signer is None else signer
    encoder = Encoder(Redactor(sensitive))
    store.create()
    try:
        sealer = Sealer(store.ledger, signer)
        sealer.check(store.last_checkpoint())
    except BaseException:
        store.close()
        raise
    hook_forks()
    keep = AnchorFile(anchor) if isinstance(anchor, (str, os.PathLike)) else anchor
    direct = store.direct() if durability == "normal" and isinstance(store, SqliteStore) else None
    writer = Writer(store, direct, sealer, capacity=capacity, seal_interval=seal_interval, anchor=keep)
    ledger = Ledger(address, store, writer, encoder, signer, timeout)
    atexit.register(ledger.close)
    return ledger
