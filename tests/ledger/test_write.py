from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path

import pytest

from counterseal.enforce.core.record import Trail
from counterseal.enforce.ledger import open_ledger
from counterseal.enforce.ledger.ledger import Durability
from tests.ledger.records import KEY, lines, record

WRITERS, EACH = 64, 40
BOTH = pytest.mark.parametrize("durability", ["full", "normal"])


def numbers(path: Path) -> list[str]:
    return [json.loads(line)["object_id"] for line in lines(path)]


def test_a_ledger_is_a_trail(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "audit.db", key=KEY) as ledger:
        assert isinstance(ledger, Trail)


@BOTH
def test_what_is_appended_is_there_when_the_call_returns(tmp_path: Path, durability: Durability) -> None:
    path = tmp_path / "audit.db"
    with open_ledger(f"sqlite:///{path}", durability=durability, key=KEY) as ledger:
        ledger.append(record(1))
        assert numbers(path) == ["1"]

        async def further() -> None:
            await ledger.append_async(record(2))
            assert numbers(path) == ["1", "2"]

        asyncio.run(further())


@BOTH
def test_64_threads_lose_nothing(tmp_path: Path, durability: Durability) -> None:
    path = tmp_path / "audit.db"
    with open_ledger(path, durability=durability, key=KEY) as ledger:

        def work(writer: int) -> None:
            for number in range(EACH):
                ledger.append(record(writer * EACH + number))

        threads = [threading.Thread(target=work, args=(writer,)) for writer in range(WRITERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(map(int, numbers(path))) == list(range(WRITERS * EACH))


@BOTH
def test_64_tasks_lose_nothing_and_keep_their_order(tmp_path: Path, durability: Durability) -> None:
    path = tmp_path / "audit.db"
    with open_ledger(path, durability=durability, key=KEY) as ledger:

        async def work(writer: int) -> None:
            for number in range(EACH):
                await ledger.append_async(record(writer * EACH + number))

        async def everyone() -> None:
            await asyncio.gather(*map(work, range(WRITERS)))

        asyncio.run(everyone())
    written = list(map(int, numbers(path)))
    assert sorted(written) == list(range(WRITERS * EACH))
    for writer in range(WRITERS):
        own = [number for number in written if number // EACH == writer]
        assert own == sorted(own)
