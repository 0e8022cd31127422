"""A clock that tests move by hand, and servers of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from counterseal.enforce.core import clock
from counterseal.enforce.limits import open_limits
from counterseal.enforce.limits.breaker import ClosableLimiter
from tests.limits.redis_server import RedisServer


class Hand:
    """The time."""

    def __init__(self) -> None:
        self.time = 1_000_000.0

    def __call__(self) -> float:
        return self.time

    def move(self, seconds: float) -> None:
        self.time += seconds


@pytest.fixture
def hand() -> Iterator[Hand]:
    """The clock of every store that is ours."""
    moved = Hand()
    with clock.running_on(moved):
        yield moved


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One that stays up."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.kill()


@pytest.fixture
def frail_server(tmp_path: Path) -> Iterator[RedisServer]:
    """One that the test may stop."""
    server = RedisServer(tmp_path)
    yield server
    server.kill()


@pytest.fixture(params=["memory", "sqlite", "redis"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of each kind of store."""
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("redis_server")
        return server.url
    return f"sqlite:///{tmp_path / 'limits.db'}" if request.param == "sqlite" else "memory://"


@pytest.fixture
def limits(address: str, request: pytest.FixtureRequest) -> Iterator[ClosableLimiter]:
    """A limiter of each kind. Whatever else uses the store does so under another prefix."""
    opened = open_limits(address, prefix=request.node.nodeid, timeout=5)  # patient: other tests use the machine too
    yield opened
    opened.close()
