from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from counterseal.enforce.core.errors import ConfigurationError, Unavailable
from counterseal.enforce.ledger import Ledger, State, entries, open_ledger, reading
from tests.ledger.records import KEY, record


@pytest.fixture
def in_sqlite(tmp_path: Path) -> Iterator[tuple[Ledger, str]]:
    path = str(tmp_path / "audit.db")
    with open_ledger(path, key=KEY, seal_interval=0.05) as ledger:
        yield ledger, path


@pytest.fixture
def in_postgresql(postgresql: str) -> Iterator[tuple[Ledger, str]]:
    with open_ledger(postgresql, key=KEY, seal_interval=0.05) as ledger:
        yield ledger, postgresql


def written(url: str) -> list[str | None]:
    with reading(url) as store:
        return [entry.record.object_id for entry in entries(store) if entry.record]


def alchemy(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://") if "://" in url else f"sqlite:///{url}"


def both(connection: Any, ledger: Ledger, commit: Callable[[], object], rollback: Callable[[], object]) -> None:
    """One record in a transaction that commits, and one in a transaction that does not."""
    assert ledger.write_in(connection, record(1)) is None
    commit()
    assert ledger.write_in(connection, record(2)) is None
    rollback()


def drivers(ledger: Ledger, url: str) -> None:
    connection = psycopg.connect(url) if "://" in url else sqlite3.connect(url)
    with closing(connection):
        both(connection, ledger, connection.commit, connection.rollback)
        both(connection.cursor(), ledger, connection.commit, connection.rollback)


def alchemy_connection(ledger: Ledger, url: str) -> None:
    engine = sqlalchemy.create_engine(alchemy(url))
    with engine.connect() as connection:
        both(connection, ledger, connection.commit, connection.rollback)
    engine.dispose()


def alchemy_session(ledger: Ledger, url: str) -> None:
    engine = sqlalchemy.create_engine(alchemy(url))
    with Session(engine) as session:
        both(session, ledger, session.commit, session.rollback)
    shared = scoped_session(sessionmaker(engine))
    both(shared, ledger, shared.commit, shared.rollback)
    shared.remove()
    engine.dispose()


_DJANGO = """
import sys
from django.conf import settings
from django.db import connection
url, engine, name, port = sys.argv[1:]
default = {"ENGINE": f"django.db.backends.{engine}", "NAME": name, "HOST": "127.0.0.1", "PORT": port, "USER": "test"}
settings.configure(DATABASES={"default": default}, USE_TZ=True)
from django.db import transaction
from counterseal.enforce.ledger import open_ledger
from tests.ledger.records import KEY, record
with open_ledger(url, key=KEY) as ledger:
    with transaction.atomic():
        assert ledger.write_in(connection, record(1)) is None
    with transaction.atomic():
        ledger.write_in(connection, record(2))
        transaction.set_rollback(True)
"""


def django(ledger: Ledger, url: str) -> None:
    """In a process of its own: Django has one set of settings for a process."""
    where = ["sqlite3", url, ""]
    if "://" in url:
        host, _, name = url.rpartition("/")
        where = ["postgresql", name, host.rpartition(":")[2]]
    root = Path(__file__).resolve().parent.parent.parent
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(root), str(root / "src")])}
    subprocess.run([sys.executable, "-c", _DJANGO, url, *where], check=True, timeout=60, env=environment)


WAYS = [drivers, alchemy_connection, alchemy_session, django]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("place", ["in_sqlite", "in_postgresql"])
def test_a_record_is_there_if_and_only_if_the_transaction_commits(
    way: Callable[[Ledger, str], None], place: str, request: pytest.FixtureRequest
) -> None:
    ledger, url = request.getfixturevalue(place)
    way(ledger, url)
    assert set(written(url)) == {"1"}
    assert_sealed_soon(ledger)


async def with_psycopg(ledger: Ledger, url: str) -> None:
    connection = await psycopg.AsyncConnection.connect(url)
    await both_async(connection, ledger, connection.commit, connection.rollback)
    await connection.close()


async def with_connection(ledger: Ledger, url: str) -> None:
    engine = create_async_engine(alchemy(url))
    async with engine.connect() as connection:
        await both_async(connection, ledger, connection.commit, connection.rollback)
    await engine.dispose()


async def with_session(ledger: Ledger, url: str) -> None:
    engine = create_async_engine(alchemy(url))
    async with AsyncSession(engine) as session:
        await both_async(session, ledger, session.commit, session.rollback)
    await engine.dispose()


async def both_async(
    connection: Any, ledger: Ledger, commit: Callable[[], Awaitable[None]], rollback: Callable[[], Awaitable[None]]
) -> None:
    for number, end in ((1, commit), (2, rollback)):
        waiting = ledger.write_in(connection, record(number))
        assert waiting is not None
        await waiting
        await end()


@pytest.mark.parametrize("way", [with_psycopg, with_connection, with_session])
def test_asynchronous_connections_too(way: Callable[[Ledger, str], Any], in_postgresql: tuple[Ledger, str]) -> None:
    ledger, url = in_postgresql
    asyncio.run(way(ledger, url))
    assert written(url) == ["1"]


def assert_sealed_soon(ledger: Ledger) -> None:
    """Nobody tells the ledger of the commit, and it is sealed all the same."""
    deadline = time.monotonic() + 10
    while (result := ledger.verify(grace=0)).unsealed or not result.records:
        assert time.monotonic() < deadline, result
        time.sleep(0.05)
    assert result.state is State.INTACT


def test_a_transaction_that_commits_late_is_not_passed_over(in_postgresql: tuple[Ledger, str]) -> None:
    ledger, url = in_postgresql
    with closing(psycopg.connect(url)) as slow:
        ledger.write_in(slow, record(1))
        ledger.append(record(2))
        ledger.append(record(3))
        time.sleep(0.3)
        result = ledger.verify(grace=0)
        assert (result.records, result.unsealed, result.problem_count) == (0, 2, 0)
        slow.commit()
    assert_sealed_soon(ledger)
    assert sorted(map(str, written(url))) == ["1", "2", "3"]


def test_a_refusal_by_the_database_is_unavailable_and_repeats_no_value(in_postgresql: tuple[Ledger, str]) -> None:
    ledger, url = in_postgresql
    engine = sqlalchemy.create_engine(alchemy(url))
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("SET TRANSACTION READ ONLY"))
        with pytest.raises(Unavailable, match="read-only") as caught:
            ledger.write_in(connection, record(1, actor="alice@example.com"))
    engine.dispose()
    assert "alice" not in str(caught.value)


def test_a_connection_to_another_kind_of_database_is_a_mistake(in_sqlite: tuple[Ledger, str], postgresql: str) -> None:
    ledger, _ = in_sqlite
    with closing(psycopg.connect(postgresql)) as connection, pytest.raises(ConfigurationError, match="leads to postgresql"):
        ledger.write_in(connection, record(1))
    with pytest.raises(ConfigurationError, match=r"cannot write with a builtins\.dict"):
        ledger.write_in({}, record(1))


def test_opening_a_ledger_in_the_applications_file_leaves_its_locks_alone(tmp_path: Path) -> None:
    """Else the next process that ends takes itself for the last one, and removes the log that is in use."""
    path = str(tmp_path / "app.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE mine (id INTEGER)")
        with open_ledger(path, key=KEY) as ledger:
            ledger.append(record(1))
            elsewhere = (
                "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('INSERT INTO mine VALUES (1)'); c.commit()"
            )
            for _ in range(2):
                subprocess.run([sys.executable, "-c", elsewhere + "; c.close()", path], check=True)
                assert Path(f"{path}-wal").exists()
                connection.execute("INSERT INTO mine VALUES (2)")
                ledger.append(record(2))
    with closing(sqlite3.connect(path)) as after:
        assert after.execute("SELECT count(*) FROM mine").fetchone() == (4,)
        assert after.execute("PRAGMA integrity_check").fetchone() == ("ok",)
