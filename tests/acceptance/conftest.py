"""A real server process for acceptance tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
# uvicorn hangs up after an answer of 500: a connection that is used again would meet that now and then.
_ONE_EACH = httpx.Limits(max_keepalive_connections=0)


class Served:
    """uvicorn with the acceptance application."""

    def __init__(self, folder: Path, *, optimised: bool = False, options: tuple[str, ...] = (), **environment: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        flags = ["-O"] if optimised else []
        command = [sys.executable, *flags, "-m", "uvicorn", "tests.acceptance.served:app", "--port", str(self.port), *options]
        self._command = [*command, "--log-level", "info", "--no-proxy-headers"]
        self._environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")]),
            "ACCEPTANCE_FOLDER": str(folder),
            **environment,
        }
        self.log = folder / "server.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.client = httpx.Client(base_url=self.url, timeout=20, limits=_ONE_EACH)

    def start(self) -> Served:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self._command, env=self._environment, cwd=ROOT, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            with suppress(httpx.TransportError):
                self.client.get("/ran")
                return self
            time.sleep(0.05)
        raise RuntimeError(self.log.read_text(encoding="utf-8")[-3000:])

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def stop(self) -> None:
        self.client.close()
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()

    @property
    def ran(self) -> list[str]:
        """Which bodies have run."""
        found: list[str] = self.client.get("/ran").json()["ran"]
        return found


Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts a server of one's own; it is ended with the test."""
    started: list[Served] = []

    def start(**more: object) -> Served:
        server = Served(tmp_path, **more)  # type: ignore[arg-type]
        started.append(server)
        return server.start()

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for the tests of a module that leave it as it was."""
    made = Served(tmp_path_factory.mktemp("served"))
    made.start()
    yield made
    made.stop()
