"""Stores of every kind, and a Redis of the tests' own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from counterseal.enforce.identity.stores.memory import MemoryStore
from counterseal.enforce.identity.stores.redis import RedisStore
from counterseal.enforce.identity.stores.sql import SqliteStore, SqlStore

BLOCKING = ("memory", "sqlite", "sqlalchemy", "redis")


@pytest.fixture(scope="session")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a Redis on this machine that keeps nothing."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        pytest.skip("no redis-server is installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    folder = str(tmp_path_factory.mktemp("redis"))
    options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no", "--dir", folder]
    with subprocess.Popen([program, *options], stdout=subprocess.DEVNULL) as server:
        try:
            _wait_for(port)
            yield port
        finally:
            server.terminate()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


@pytest.fixture
def make_store(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[str], Any]]:
    """Makes an empty store; made again, it is another view of the same rows, as another process has it."""
    closing: list[Callable[[], Any]] = []

    def make(kind: str) -> Any:
        if kind == "memory":
            return MemoryStore()
        if kind == "sqlite":
            store = SqliteStore(tmp_path / "rows.db")
            closing.append(store.close)
            return store
        if kind == "sqlalchemy":
            from sqlalchemy import create_engine

            engine = create_engine(f"sqlite:///{tmp_path / 'engine.db'}")
            closing.append(engine.dispose)
            other = SqlStore(engine)
            other.create()
            return other
        import redis
        import redis.asyncio

        port, prefix = request.getfixturevalue("redis_port"), f"test:{tmp_path.name}"
        if kind == "redis":
            client = redis.Redis(host="127.0.0.1", port=port, socket_timeout=5)
            closing.append(client.close)
            return RedisStore(client, prefix)
        return RedisStore(redis.asyncio.Redis(host="127.0.0.1", port=port, socket_timeout=5), prefix)

    yield make
    for close in closing:
        close()


@pytest.fixture(params=BLOCKING)
def store(request: pytest.FixtureRequest, make_store: Callable[[str], Any]) -> Any:
    """A store of each kind that answers at once outside an event loop."""
    return make_store(request.param)
