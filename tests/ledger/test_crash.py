from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from counterseal.enforce.ledger import State, entries, open_ledger, parse_key, reading, verify
from tests.ledger.records import KEY, record

ENOUGH = 300
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(repository: Path) -> Start:
    def run(url: str, durability: str = "full", kind: str = "tasks", first: int = 0) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.ledger.writing_process", url, durability, kind, str(first)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(repository), str(repository / "src")])}
        return subprocess.Popen(command, stdout=subprocess.PIPE, cwd=repository, env=environment)

    return run


def killed(process: subprocess.Popen[bytes], enough: int = ENOUGH) -> set[int]:
    """Let it write some records, kill it, and return those that it said were durable."""
    assert process.stdout is not None
    acknowledged = [int(process.stdout.readline()) for _ in range(enough)]
    process.kill()
    rest = process.stdout.read().splitlines()
    process.wait()
    return {*acknowledged, *map(int, rest)}


def assert_complete(url: str, acknowledged: set[int]) -> None:
    with reading(url) as store:
        written = [int(entry.record.object_id or -1) for entry in entries(store) if entry.record]
        result = verify(store, [parse_key(KEY.encode())])
    assert acknowledged <= set(written)
    assert len(written) == len(set(written))
    assert result.problems == []
    assert result.records + result.unsealed == len(written)


@pytest.mark.parametrize(("durability", "kind"), [("full", "tasks"), ("full", "threads"), ("normal", "tasks")])
def test_a_killed_process_loses_no_acknowledged_record(tmp_path: Path, start: Start, durability: str, kind: str) -> None:
    url = str(tmp_path / "audit.db")
    acknowledged = killed(start(url, durability, kind))
    acknowledged |= killed(start(url, durability, kind, first=1_000_000))
    assert_complete(url, acknowledged)
    with open_ledger(url, key=KEY) as ledger:
        ledger.append(record(7_000_000))
    with reading(url) as store:
        assert verify(store, [parse_key(KEY.encode())]).state is State.INTACT


def test_in_postgresql_neither(postgresql: str, start: Start) -> None:
    first, second = start(postgresql), start(postgresql, first=1_000_000)
    acknowledged = killed(first) | killed(second)
    assert_complete(postgresql, acknowledged)
    with open_ledger(postgresql, key=KEY) as ledger:
        ledger.append(record(7_000_000))
        deadline = time.monotonic() + 10
        while ledger.verify(grace=0).unsealed and time.monotonic() < deadline:
            time.sleep(0.1)
        assert ledger.verify(grace=0).state is State.INTACT


def test_two_processes_write_one_file(tmp_path: Path, start: Start) -> None:
    url = str(tmp_path / "audit.db")
    first, second = start(url), start(url, first=1_000_000)
    assert_complete(url, killed(first) | killed(second))
