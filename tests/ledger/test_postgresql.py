# ruff: noqa: S608  (statements of somebody who tampers)
from __future__ import annotations

import asyncio
import threading
import time
from contextlib import closing

import psycopg
import pytest

from counterseal.enforce.core.errors import ConfigurationError, Unavailable
from counterseal.enforce.ledger import State, Verification, open_ledger, parse_key, reading, verify
from tests.ledger.records import KEY, record

COUNT = 30


@pytest.fixture
def filled(postgresql: str) -> str:
    for part in range(3):
        with open_ledger(postgresql, key=KEY) as ledger:
            for number in range(10):
                ledger.append(record(part * 10 + number))
    assert check(postgresql).state is State.INTACT
    return postgresql


def check(url: str) -> Verification:
    with reading(url) as store:
        return verify(store, [parse_key(KEY.encode())], grace=0)


def change(url: str, statement: str) -> None:
    with psycopg.connect(url) as connection:
        for table in ("ledger", "records", "checkpoints"):
            connection.execute(f"ALTER TABLE counterseal_{table} DISABLE TRIGGER ALL".encode())
        connection.execute(statement.encode())


R, C = "counterseal_records", "counterseal_checkpoints"
TAMPERS = {
    "altered": (f"UPDATE {R} SET line = replace(line, 'user', 'User') WHERE id = 15", "altered", "record 15 was altered"),
    "deleted": (f"DELETE FROM {R} WHERE id = 15", "deleted", "record 15 was deleted"),
    "renumbered": (f"UPDATE {R} SET id = DEFAULT WHERE id = 15", "deleted", "record 15 was deleted"),
    "moved": (f"UPDATE {R} SET xact = (SELECT max(xact) FROM {R}) WHERE id = 15", "deleted", "record 15 was deleted"),
    "inserted": (f"INSERT INTO {R} (xact, line) SELECT xact, line FROM {R} WHERE id = 15", "inserted", "was inserted"),
    "inserted first": (f"INSERT INTO {R} (xact, line) SELECT 0, line FROM {R} WHERE id = 15", "inserted", "was inserted"),
    "checkpoint": (f"""UPDATE {C} SET body = replace(body, '"at":1', '"at":2') WHERE number = 2""", "signature", "does not hold"),
    "checkpoint gone": (f"DELETE FROM {C} WHERE number = 2", "checkpoint-missing", "checkpoint 2 is missing"),
    "identity": ("UPDATE counterseal_ledger SET id = 'another'", "checkpoint-altered", "another ledger"),
}


@pytest.mark.parametrize("name", TAMPERS)
def test_tampering_is_found(name: str, filled: str) -> None:
    statement, kind, message = TAMPERS[name]
    change(filled, statement)
    result = check(filled)
    assert result.state is State.TAMPERED
    assert [problem for problem in result.problems if problem.kind == kind and message in problem.message], result.problems


def test_rows_cannot_be_changed_by_accident(filled: str) -> None:
    for table in (R, C, "counterseal_ledger"):
        for statement in (f"DELETE FROM {table}", f"TRUNCATE {table}", f"UPDATE {table} SET {_column(table)} = {_column(table)}"):
            with psycopg.connect(filled) as connection, pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                connection.execute(statement.encode())


def _column(table: str) -> str:
    return {R: "line", C: "body"}.get(table, "format")


def test_64_writers_lose_nothing(postgresql: str) -> None:
    with open_ledger(postgresql, key=KEY) as ledger:

        async def tasks() -> None:
            async def work(writer: int) -> None:
                for number in range(20):
                    await ledger.append_async(record(writer * 20 + number))

            await asyncio.gather(*map(work, range(64)))

        asyncio.run(tasks())

        def thread(writer: int) -> None:
            for number in range(5):
                ledger.append(record(10_000 + writer * 5 + number))

        threads = [threading.Thread(target=thread, args=(writer,)) for writer in range(64)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        written = [entry.record.object_id for entry in ledger.entries() if entry.record]
    assert sorted(map(int, map(str, written))) == [*range(64 * 20), *range(10_000, 10_000 + 64 * 5)]
    assert check(postgresql).state is State.INTACT


def test_many_ledgers_on_one_database_seal_it_together(postgresql: str) -> None:
    ledgers = [open_ledger(postgresql, key=KEY, seal_interval=0.02) for _ in range(4)]

    def work(place: int) -> None:
        for number in range(100):
            ledgers[place].append(record(place * 1000 + number))

    threads = [threading.Thread(target=work, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for ledger in ledgers:
        ledger.close()
    with open_ledger(postgresql, key=KEY, seal_interval=0.02) as last:
        last.append(record(1))
        deadline = time.monotonic() + 10
        while check(postgresql).unsealed and time.monotonic() < deadline:
            time.sleep(0.05)
    result = check(postgresql)
    assert (result.state, result.records) == (State.INTACT, 401)


def test_a_transaction_larger_than_a_checkpoint_is_sealed_as_a_whole(postgresql: str) -> None:
    with open_ledger(postgresql, key=KEY) as ledger, psycopg.connect(postgresql) as connection:
        for number in range(2500):
            ledger.write_in(connection, record(number))
        connection.commit()
    result = check(postgresql)
    assert (result.state, result.records) == (State.INTACT, 2500)


def test_pruning(filled: str) -> None:
    with open_ledger(filled, key=KEY) as ledger:
        assert ledger.prune(before=4e9, actor="operator").records == COUNT
    result = check(filled)
    assert (result.state, result.pruned, result.records) == (State.INTACT, COUNT, 1)


def test_a_ledger_from_another_server_is_not_continued(filled: str) -> None:
    change(filled, f"""UPDATE {C} SET body = replace(body, '"upto":', '"upto":99999')""")
    with pytest.raises(ConfigurationError, match="another PostgreSQL server"):
        open_ledger(filled, key=KEY)


def test_a_server_that_does_not_answer_is_unavailable_in_time(filled: str) -> None:
    with open_ledger(filled, key=KEY, timeout=1) as ledger, closing(psycopg.connect(filled)) as other:
        other.execute(f"LOCK TABLE {R} IN EXCLUSIVE MODE".encode())
        start = time.monotonic()
        with pytest.raises(Unavailable):
            ledger.append(record(1))
        assert time.monotonic() - start < 5
        other.rollback()
        ledger.append(record(2))
