"""Stores of every kind, and a Redis and a PostgreSQL of the tests' own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from counterseal.enforce.identity.stores.memory import MemoryStore
from counterseal.enforce.identity.stores.redis import RedisStore
from counterseal.enforce.identity.stores.sql import SqliteStore, SqlStore

BLOCKING = ("memory", "sqlite", "sqlalchemy", "postgresql", "redis")
_NOBODY = 65534


@pytest.fixture(scope="session")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a Redis on this machine that keeps nothing."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        pytest.skip("no redis-server is installed")
    port = _unused_port()
    folder = str(tmp_path_factory.mktemp("redis"))
    options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no", "--dir", folder]
    with subprocess.Popen([program, *options], stdout=subprocess.DEVNULL) as server:
        try:
            _wait_for(port)
            yield port
        finally:
            server.terminate()


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A PostgreSQL on this machine, gone after the tests. It refuses to run as root: then nobody runs it."""
    program = shutil.which("postgres")
    if program is None:
        pytest.skip("no PostgreSQL is installed")
    tools, port, folder = Path(program).resolve().parent, _unused_port(), Path(tempfile.mkdtemp(prefix="pg"))
    user: dict[str, Any] = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    if user:
        os.chown(folder, _NOBODY, _NOBODY)
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, **user}
    data = folder / "data"
    subprocess.run([tools / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"], check=True, **quiet)
    options = ["-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", str(folder), "-c", "fsync=off"]
    with subprocess.Popen([tools / "postgres", *options], **quiet) as server:
        try:
            _wait_for(port)
            yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGINT)
            server.wait()
            shutil.rmtree(folder, ignore_errors=True)


def _unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


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
            return _through_sqlalchemy(f"sqlite:///{tmp_path / 'engine.db'}", closing)
        if kind == "postgresql":
            return _through_sqlalchemy(request.getfixturevalue("postgresql_url"), closing, tmp_path.name)
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


def _through_sqlalchemy(url: str, closing: list[Callable[[], Any]], schema: str = "") -> SqlStore:
    from sqlalchemy import create_engine, text

    options: dict[str, Any] = {"connect_args": {"options": f'-c search_path="{schema}"'}} if schema else {}
    engine = create_engine(url, **options)
    closing.append(engine.dispose)
    if schema:
        with engine.begin() as connection:
            connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
    store = SqlStore(engine)
    store.create()
    return store


@pytest.fixture(params=BLOCKING)
def store(request: pytest.FixtureRequest, make_store: Callable[[str], Any]) -> Any:
    """A store of each kind that answers at once outside an event loop."""
    return make_store(request.param)
