"""What a database has to do for the ledger. One object is one connection; it is used by one thread at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager

from counterseal.enforce.core.errors import Unavailable
from counterseal.enforce.ledger.query import Where
from counterseal.enforce.ledger.seals import MOST, Checkpoint, Place, Row

RECORDS = "counterseal_records"
CHECKPOINTS = "counterseal_checkpoints"
IDENTITY = "counterseal_ledger"
FORMAT = 1


class Store(ABC):
    """A ledger in a database."""

    kind: str
    """``sqlite`` or ``postgresql``: also how SQLAlchemy and Django call it."""
    errors: tuple[type[Exception], type[Exception]]
    """What its methods raise when the database does not do what it is asked."""
    ledger: str = ""
    """The ledger's identifier, known after `create` or `open`."""

    @abstractmethod
    def create(self) -> None:
        """Connect; make the ledger if it is not there.

        Raises:
            ConfigurationError: this can never work: what is there is not a ledger, or of a format that is not known.
        """

    @abstractmethod
    def open(self, *, read_only: bool = False) -> None:
        """Connect to the ledger that is there, unless connected.

        Raises:
            Unavailable: it is gone, or another one stands in its place.
        """

    @abstractmethod
    def close(self) -> None:
        """Disconnect, if connected. What was not committed is rolled back."""

    @abstractmethod
    def write(self, lines: Sequence[str]) -> None:
        """Append lines in one transaction of their own. Durable when it returns."""

    @abstractmethod
    def sealing(self) -> AbstractContextManager[bool]:
        """A transaction in which no other process seals; yields whether it is ours to do so now."""

    @abstractmethod
    def last_checkpoint(self) -> Checkpoint | None:
        """The newest checkpoint."""

    @abstractmethod
    def sealable(self, after: int, limit: int) -> list[Row]:
        """The first rows above a key, as far as no row can come before them any more. Rows of one key are never parted.

        So there may be more than ``limit``.
        """

    @abstractmethod
    def unsettled(self) -> bool:
        """Whether there are rows that could not be sealed yet."""

    @abstractmethod
    def add_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Append a checkpoint, in a transaction of `sealing`."""

    @abstractmethod
    def remove(self, upto_key: int, upto_checkpoint: int, line: str) -> None:
        """Remove records and checkpoints from the start, and append a line that says so, in a transaction of `sealing`."""

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[None]:
        """A transaction in which everything is read as it was at its beginning."""

    @abstractmethod
    def checkpoints(self, first: int = -MOST) -> Iterator[Checkpoint]:
        """All checkpoints from a number on, in order."""

    @abstractmethod
    def rows(self, after: Place, upto: int | None, *, limit: int | None) -> list[Row]:
        """Rows after a place with keys up to ``upto``, in order."""

    @abstractmethod
    def tail(self, after: int) -> tuple[int, bytes | None]:
        """How many records have keys above ``after``, and the line of the first."""

    @abstractmethod
    def lines(
        self, where: Where, after: Place | None, upto: int | None, *, limit: int, newest: bool
    ) -> list[tuple[int, int, bytes]]:
        """Key, number and line of records that may fit, after a place, with keys up to ``upto``.

        Newest first when asked for; ``after`` is then the place before which they stand.
        """

    @abstractmethod
    def damaged(self, error: Exception) -> bool:
        """Whether a failure says that what is stored cannot be read any more."""

    @abstractmethod
    def settled(self) -> int | None:
        """The key up to which no row can appear any more; ``None``: rows appear in the order of their keys."""

    def unavailable(self, error: Exception) -> Unavailable:
        """What callers are told about a failure."""
        return Unavailable(f"the ledger cannot be used: {explain(error)}")


def stored_checkpoint(number: int, body: bytes, leaves: bytes, signature: bytes) -> Checkpoint:
    """A checkpoint from its columns. What is no signature at all becomes one that nobody made."""
    try:
        return Checkpoint(number, body, leaves, bytes.fromhex(signature.decode("ascii")))
    except ValueError:
        return Checkpoint(number, body, leaves, b"none")


def explain(error: Exception) -> str:
    """A failure in one line. Only the first one of its message: PostgreSQL's further ones quote the row."""
    return str(error).partition("\n")[0].strip() or type(error).__name__
