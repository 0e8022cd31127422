"""Where a ledger is: a path or an address becomes a store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from counterseal.enforce.core.errors import ConfigurationError
from counterseal.enforce.ledger.sqlite import SqliteStore
from counterseal.enforce.ledger.store import Store

_POSTGRESQL = ("postgresql://", "postgres://", "postgresql+psycopg://")
_SQLITE = "sqlite:///"


@contextmanager
def reading(url: str) -> Iterator[Store]:
    """A store that is open for reading only.

    Raises:
        ConfigurationError: it is no address of a ledger, or what is there is none.
        Unavailable: the database does not answer.
    """
    store = make_store(url)
    store.open(read_only=True)
    try:
        yield store
    except store.errors as error:
        raise store.unavailable(error) from error
    finally:
        store.close()


def make_store(url: str, *, full: bool = True, patience: float = 5.0) -> Store:
    """The store at an address, not connected yet.

    Args:
        url: a path, ``sqlite:///PATH``, or ``postgresql://...``.
        full: whether commits survive a power cut.
        patience: seconds to wait for another writer, or for an answer.

    Raises:
        ConfigurationError: it is no address of a ledger. The message does not repeat it: it may hold a password.
    """
    if url.startswith(_POSTGRESQL):
        from counterseal.enforce.ledger.postgresql import PostgresStore

        return PostgresStore("postgresql://" + url.partition("://")[2], full=full, patience=patience)
    path = url.removeprefix(_SQLITE)
    if "://" in path:
        raise ConfigurationError("this is no address of a ledger", "Give a path, sqlite:///PATH, or postgresql://...")
    if path in ("", ":memory:"):
        raise ConfigurationError("a ledger in memory keeps nothing", "Give the path of a file")
    return SqliteStore(path, full=full, patience=patience)
