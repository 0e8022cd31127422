"""Real servers for tests: PostgreSQL and Redis on loopback, from the system's own packages, one of each for a test session.

Named in `tests/conftest.py`, so that every test can ask for `postgresql` (an address with a fresh database) and `redis_server`.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

_NOBODY = 65534
_PATIENCE = 30.0


class Server:
    """A server process on loopback."""

    def __init__(self, command: Sequence[str | Path], folder: Path, port: int, *, stop: signal.Signals) -> None:
        self.command = [str(part) for part in command]
        self.folder = folder
        self.port = port
        self._stop = stop
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, ready: Callable[[], bool]) -> None:
        """Start it and wait until it answers."""
        log = (self.folder / "server.log").open("ab")
        with log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=subprocess.STDOUT, cwd=self.folder, start_new_session=True, **_as_nobody()
            )
        deadline = time.monotonic() + _PATIENCE
        while not ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.folder / "server.log").read_text(encoding="utf-8", errors="replace")[-2000:])
            time.sleep(0.02)

    def stop(self) -> None:
        """End it, by its own process id."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(self._stop)
            try:
                self.process.wait(timeout=_PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def answers(self) -> bool:
        """Whether somebody listens on its port."""
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False


def _as_nobody() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    return {"user": _NOBODY, "group": _NOBODY} if os.geteuid() == 0 else {}


def free_port() -> int:
    """A port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _folder() -> Path:
    # Not below pytest's own folder: that one is closed to other users. Short, for sockets.
    folder = Path(tempfile.mkdtemp(prefix="counterseal-"))
    if os.geteuid() == 0:
        os.chown(folder, _NOBODY, _NOBODY)
    return folder


def _postgresql_programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if found:
        return found[-1].parent
    elsewhere = shutil.which("initdb")
    return Path(elsewhere).parent if elsewhere else None


class PostgreSQL(Server):
    """A cluster of its own, with the durability of a real one."""

    def __init__(self, programs: Path) -> None:
        folder, port = _folder(), free_port()
        data = folder / "data"
        subprocess.run(
            [str(programs / "initdb"), "-D", str(data), "-U", "test", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"],
            check=True,
            capture_output=True,
            cwd=folder,
            **_as_nobody(),
        )
        options = [
            "-D",
            str(data),
            "-p",
            str(port),
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            f"unix_socket_directories={folder}",
        ]
        super().__init__([programs / "postgres", *options], folder, port, stop=signal.SIGINT)

    def url(self, database: str = "postgres") -> str:
        """The address of a database."""
        return f"postgresql://test@127.0.0.1:{self.port}/{database}"

    def ready(self) -> bool:
        """Whether it takes connections."""
        import psycopg

        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def fresh(self) -> str:
        """The address of a new, empty database."""
        import psycopg

        name = f"test_{secrets.token_hex(6)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)


@contextmanager
def running_postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL of one's own, for tests that stop it."""
    programs = _postgresql_programs()
    if programs is None:
        pytest.skip("PostgreSQL's server is not installed (Debian: postgresql)")
    server = PostgreSQL(programs)
    try:
        server.start(server.ready)
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSQL]:
    """A running PostgreSQL."""
    with running_postgresql() as server:
        yield server


@pytest.fixture
def postgresql(postgresql_server: PostgreSQL) -> str:
    """The address of an empty database."""
    return postgresql_server.fresh()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Server]:
    """A running Redis without persistence."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        pytest.skip("Redis is not installed (Debian: redis-server)")
    folder, port = _folder(), free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    server = Server([program, *options], folder, port, stop=signal.SIGTERM)
    server.start(server.answers)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
