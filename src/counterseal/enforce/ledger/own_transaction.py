"""Writing a record in the application's own transaction, whatever it reaches its database with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from counterseal.enforce.core.errors import ConfigurationError, Unavailable
from counterseal.enforce.ledger.store import RECORDS, explain

_MARKS = {"qmark": "?", "format": "%s", "pyformat": "%s", "numeric_dollar": "$1", "numeric": ":1"}
"""How drivers write the place of a value (PEP 249; asyncpg has its own way)."""


def _statement(mark: str) -> str:
    # The name is a constant of ours, and the mark one of those above.
    return f"INSERT INTO {RECORDS} (line) VALUES ({mark})"  # noqa: S608


def write_in(connection: Any, line: str, kind: str) -> Awaitable[None] | None:
    """Insert a line with somebody's connection, cursor or session. Commits nothing.

    Args:
        connection: of sqlite3, aiosqlite, psycopg, asyncpg, SQLAlchemy (connection or session, also asynchronous) or Django.
        line: the record's line.
        kind: which database the ledger is in.

    Returns:
        Something to await for an asynchronous connection.

    Raises:
        ConfigurationError: the connection is of a kind that is not known, or leads to another kind of database.
        Unavailable: the database refused; the transaction must be rolled back.
    """
    way = next((_WAYS[name] for base in type(connection).__mro__ if (name := base.__module__.partition(".")[0]) in _WAYS), None)
    if way is None:
        raise ConfigurationError(
            f"the ledger cannot write with a {type(connection).__module__}.{type(connection).__qualname__}",
            "Give it a connection or session of sqlite3, psycopg, asyncpg, SQLAlchemy or Django",
        )
    try:
        result = way(connection, line, kind)
    except ConfigurationError:
        raise
    except Exception as error:
        raise _unavailable(error) from error
    return None if result is None else _guarded(result)


async def _guarded(result: Awaitable[Any]) -> None:
    try:
        await result
    except ConfigurationError:
        raise
    except Exception as error:
        raise _unavailable(error) from error


def _unavailable(error: Exception) -> Unavailable:
    # SQLAlchemy's message repeats the statement and its values; the driver's own does not.
    cause = getattr(error, "orig", None) or error
    return Unavailable(f"the ledger cannot be written in this transaction: {explain(cause)}")


def _same(kind: str, other: str) -> None:
    if kind != other:
        raise ConfigurationError(
            f"the ledger is in {kind}, this connection leads to {other}", "Pass a connection to its own database"
        )


def _sqlite3(connection: Any, line: str, kind: str) -> None:
    _same(kind, "sqlite")
    connection.execute(_statement("?"), (line,))


def _aiosqlite(connection: Any, line: str, kind: str) -> Awaitable[Any]:
    _same(kind, "sqlite")
    result: Awaitable[Any] = connection.execute(_statement("?"), (line,))
    return result


def _psycopg(connection: Any, line: str, kind: str) -> Awaitable[Any] | None:
    _same(kind, "postgresql")
    result = connection.execute(_statement("%s"), (line,))
    return result if isinstance(result, Awaitable) else None


def _asyncpg(connection: Any, line: str, kind: str) -> Awaitable[Any]:
    _same(kind, "postgresql")
    result: Awaitable[Any] = connection.execute(_statement("$1"), line)
    return result


def _django(connection: Any, line: str, kind: str) -> None:
    _same(kind, connection.vendor)
    with connection.cursor() as cursor:
        cursor.execute(_statement("%s"), (line,))


def _sqlalchemy(connection: Any, line: str, kind: str) -> Awaitable[Any] | None:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_scoped_session

    if isinstance(connection, async_scoped_session):
        connection = connection()
    if isinstance(connection, AsyncConnection):
        return connection.run_sync(_sqlalchemy_connection, line, kind)
    if isinstance(connection, AsyncSession):
        return connection.run_sync(_sqlalchemy_session, line, kind)
    if hasattr(connection, "exec_driver_sql"):
        _sqlalchemy_connection(connection, line, kind)
    else:
        _sqlalchemy_session(connection, line, kind)
    return None


def _sqlalchemy_session(session: Any, line: str, kind: str) -> None:
    _sqlalchemy_connection(session.connection(), line, kind)


def _sqlalchemy_connection(connection: Any, line: str, kind: str) -> None:
    _same(kind, connection.dialect.name)
    mark = _MARKS.get(connection.dialect.paramstyle)
    if mark is None:
        raise ConfigurationError(
            f"the driver's parameter style {connection.dialect.paramstyle} is not known", "Use another driver"
        )
    connection.exec_driver_sql(_statement(mark), (line,))


_WAYS: dict[str, Callable[[Any, str, str], Awaitable[Any] | None]] = {
    "sqlite3": _sqlite3,
    "aiosqlite": _aiosqlite,
    "psycopg": _psycopg,
    "asyncpg": _asyncpg,
    "django": _django,
    "sqlalchemy": _sqlalchemy,
}
"""By the package that defines the class of a connection, or one that it inherits from."""
