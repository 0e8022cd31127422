"""Every store keeps the same promises, also to many at once."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from counterseal.enforce.core import clock
from counterseal.enforce.core.errors import Unavailable
from counterseal.enforce.identity.stores.memory import MemoryStore
from counterseal.enforce.identity.stores.redis import RedisStore
from counterseal.enforce.identity.stores.sql import SqliteStore, SqlStore
from counterseal.enforce.identity.stores.store import Row

END = time.time() + 600


def row(key: str, owner: str = "ann", value: str = "{}", end: float | None = END) -> Row:
    return Row(key, owner, value, end)


def test_rows_are_kept_by_kind_and_key(store: Any) -> None:
    store.put("a", row("1"))
    store.put("a", row("2", "bob", '{"x":"é\'\\";--"}', None))
    assert store.fetch("a", ["2", "3", "1"]) == [row("2", "bob", '{"x":"é\'\\";--"}', None), None, row("1")]
    assert store.fetch("b", ["1"]) == [None]
    store.put("a", row("1", value='{"new":1}'))
    assert store.fetch("a", ["1"]) == [row("1", value='{"new":1}')]


def test_a_row_is_taken_once(store: Any) -> None:
    store.put("a", row("1"))
    assert store.take("b", "1") is None
    assert store.take("a", "1") == row("1")
    assert store.take("a", "1") is None
    assert store.owned("a", "ann") == []


def test_a_row_is_swapped_while_it_is_the_same(store: Any) -> None:
    old, new = row("1"), row("1", value='{"n":1}', end=END + 60)
    assert store.swap("a", old, new) is False
    assert store.fetch("a", ["1"]) == [None]
    store.put("a", old)
    assert store.swap("a", old, new) is True
    assert store.swap("a", old, row("1", value='{"n":2}')) is False
    assert store.fetch("a", ["1"]) == [new]
    assert store.owned("a", "ann") == [new]


def test_the_rows_of_an_owner(store: Any) -> None:
    for key, owner in (("1", "ann"), ("2", "ann"), ("3", "ann"), ("4", "bob")):
        store.put("a", row(key, owner))
    store.put("a", row("5", "ann", end=None))
    store.put("b", row("1", "ann"))
    assert {found.key for found in store.owned("a", "ann")} == {"1", "2", "3", "5"}
    assert store.clear("a", "ann", "2") == 3
    assert [found.key for found in store.owned("a", "ann")] == ["2"]
    assert store.clear("a", "ann") == 1
    assert store.clear("a", "ann") == 0
    assert store.fetch("a", ["1", "2", "3", "4", "5"]) == [None, None, None, row("4", "bob"), None]
    assert store.fetch("b", ["1"]) == [row("1", "ann")]


def test_what_has_ended_is_not_owned(store: Any) -> None:
    store.put("a", row("1"))
    with clock.running_on(lambda: END + 1):
        assert store.owned("a", "ann") == []
        assert all(found is None or not found.alive for found in store.fetch("a", ["1"]))


def test_of_many_at_once_one_takes_and_one_swaps(store: Any) -> None:
    for attempt in range(5):
        old = row(f"{attempt}")
        store.put("a", old)
        start = threading.Barrier(8)

        def swap(number: int, old: Row = old, start: threading.Barrier = start) -> bool:
            start.wait()
            swapped: bool = store.swap("a", old, replace(old, value=f'{{"n":{number}}}'))
            return swapped

        def take(_: int, old: Row = old, start: threading.Barrier = start) -> bool:
            start.wait()
            return store.take("a", old.key) is not None

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(swap, range(8))) == 1
            assert sum(pool.map(take, range(8))) == 1


def test_nothing_is_lost_when_many_write(store: Any) -> None:
    def write(writer: int) -> None:
        for number in range(10):
            store.put("a", row(f"{writer}.{number}", f"owner{writer % 3}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert sum(len(store.owned("a", f"owner{number}")) for number in range(3)) == 80


@pytest.mark.parametrize("kind", ["sqlite", "sqlalchemy", "postgresql", "redis"])
def test_another_process_sees_the_same(make_store: Callable[[str], Any], kind: str) -> None:
    one, other = make_store(kind), make_store(kind)
    one.put("a", row("1"))
    assert other.fetch("a", ["1"]) == [row("1")]
    assert other.take("a", "1") == row("1")
    assert one.fetch("a", ["1"]) == [None]


@pytest.mark.parametrize("kind", ["memory", "sqlite", "sqlalchemy", "postgresql", "redis", "redis.asyncio"])
def test_on_an_event_loop(make_store: Callable[[str], Any], kind: str) -> None:
    async def value(answer: Any) -> Any:
        return await answer if hasattr(answer, "__await__") else answer

    async def main() -> None:
        store = make_store(kind)
        await value(store.put("a", row("1")))
        assert await value(store.fetch("a", ["1", "2"])) == [row("1"), None]
        assert await value(store.swap("a", row("1"), row("1", value='{"n":1}'))) is True
        assert await value(store.owned("a", "ann")) == [row("1", value='{"n":1}')]
        assert await value(store.clear("a", "ann", "1")) == 0
        assert await value(store.take("a", "1")) == row("1", value='{"n":1}')
        if kind == "redis.asyncio":
            await store._client.aclose()

    asyncio.run(main())


def test_memory_is_bounded_and_drops_nothing_that_counts() -> None:
    store = MemoryStore(limit=3)
    now = time.time()
    for key in "123":
        store.put("a", row(key, end=now + 60))
    with pytest.raises(Unavailable, match="full"):
        store.put("a", row("4"))
    store.put("a", row("3", value='{"n":1}', end=now + 60))
    with clock.running_on(lambda: now + 61):
        store.put("a", row("4"))
        assert store.fetch("a", ["1", "4"]) == [None, row("4")]


class TestSqlite:
    def test_the_file_is_its_owner_s(self, tmp_path: Path) -> None:
        path = tmp_path / "rows.db"
        store = SqliteStore(path)
        store.put("a", row("1"))
        assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob("rows.db*")} == {0o600}
        store.close()

    def test_ended_rows_are_dropped_in_time(self, tmp_path: Path) -> None:
        store = SqlStore(_engine(tmp_path))
        store.create()
        for number in range(256):
            store.put("a", row(str(number), end=1.0))
        with sqlite3.connect(tmp_path / "e.db") as connection:
            assert connection.execute("SELECT count(*) FROM counterseal_rows").fetchone() == (0,)

    @pytest.mark.parametrize("content", [None, b"no database" * 100])
    def test_trouble_is_said(self, tmp_path: Path, content: bytes | None) -> None:
        path = tmp_path / "rows.db" if content else tmp_path / "absent" / "rows.db"
        if content:
            path.write_bytes(content)
        store = SqliteStore(path)
        with pytest.raises(Unavailable):
            store.fetch("a", ["1"])
        with pytest.raises(Unavailable):
            store.put("a", row("1"))

    def test_a_table_that_is_missing(self, tmp_path: Path) -> None:
        with pytest.raises(Unavailable) as caught:
            SqlStore(_engine(tmp_path)).put("a", row("1", value="hunter2"))
        assert "hunter2" not in str(caught.value)

    def test_many_open_it_at_once(self, tmp_path: Path) -> None:
        def work(number: int) -> None:
            store = SqliteStore(tmp_path / "rows.db")
            store.put("a", row(str(number)))
            store.close()

        with ThreadPoolExecutor(12) as pool:
            list(pool.map(work, range(24)))

    def test_after_a_fork(self, tmp_path: Path) -> None:
        store = SqliteStore(tmp_path / "rows.db")
        store.put("a", row("1"))
        child = os.fork()
        if child == 0:
            store.put("a", row("2"))
            os._exit(0 if store.fetch("a", ["1"]) == [row("1")] else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert store.fetch("a", ["2"]) == [row("2")]
        store.close()


def _engine(folder: Path) -> Any:
    from sqlalchemy import create_engine

    return create_engine(f"sqlite:///{folder / 'e.db'}")


class TestRedis:
    def test_rows_end_by_themselves(self, redis_port: int) -> None:
        import redis

        client: Any = redis.Redis(host="127.0.0.1", port=redis_port)
        store: Any = RedisStore(client, "ends")
        store.put("a", row("1", end=clock.now() + 0.1))
        store.put("a", row("2", end=None))
        assert client.pttl("ends:a:row:1") <= 100
        assert client.pttl("ends:a:row:2") == client.pttl("ends:a:owner:ann") == -1
        time.sleep(0.15)
        assert store.fetch("a", ["1"]) == [None]
        store.put("a", row("3"))
        assert client.zcard("ends:a:owner:ann") == 2
        client.close()

    def test_a_redis_that_is_not_there(self) -> None:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        once: Any = Retry(NoBackoff(), 0)
        store: Any = RedisStore(redis.Redis(host="127.0.0.1", port=1, socket_timeout=1, retry=once))
        calls: list[Callable[[], Any]] = [
            lambda: store.fetch("a", ["1"]),
            lambda: store.put("a", row("1")),
            lambda: store.swap("a", row("1"), row("1")),
            lambda: store.take("a", "1"),
            lambda: store.owned("a", "ann"),
            lambda: store.clear("a", "ann"),
        ]
        for call in calls:
            with pytest.raises(Unavailable):
                call()

    def test_what_somebody_else_wrote(self, redis_port: int) -> None:
        import redis

        client: Any = redis.Redis(host="127.0.0.1", port=redis_port)
        client.set("odd:a:row:1", "[1]")
        with pytest.raises(Unavailable):
            RedisStore(client, "odd").fetch("a", ["1"])
        client.close()
