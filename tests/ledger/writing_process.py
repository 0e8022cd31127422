"""A process that writes records until it is killed, and says which are durable. Run as a program: URL DURABILITY KIND."""

from __future__ import annotations

import asyncio
import os
import sys
import threading

from counterseal.enforce.ledger import open_ledger
from counterseal.enforce.ledger.ledger import Ledger
from tests.ledger.records import KEY, record

WRITERS = 16


def _acknowledge(number: int) -> None:
    os.write(1, b"%d\n" % number)  # one call: whole, or not at all


def _threads(ledger: Ledger, start: int) -> None:
    def work(writer: int) -> None:
        number = start + writer
        while True:
            ledger.append(record(number))
            _acknowledge(number)
            number += WRITERS

    for writer in range(WRITERS):
        threading.Thread(target=work, args=(writer,)).start()
    threading.Event().wait()


async def _tasks(ledger: Ledger, start: int) -> None:
    async def work(writer: int) -> None:
        number = start + writer
        while True:
            await ledger.append_async(record(number))
            _acknowledge(number)
            number += WRITERS

    await asyncio.gather(*map(work, range(WRITERS)))


def main(url: str, durability: str, kind: str, start: int) -> None:
    """Write until killed."""
    ledger = open_ledger(url, durability="normal" if durability == "normal" else "full", key=KEY, seal_interval=0.05)
    if kind == "threads":
        _threads(ledger, start)
    else:
        asyncio.run(_tasks(ledger, start))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
