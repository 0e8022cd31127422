"""What the ledger costs: writing durably, per record on an event loop, verifying, and memory while it verifies.

Run: python benchmarks/ledger.py [--records 200000] [--folder DIR] [--json FILE]. With --records 10000000 it shows that memory is
bounded. CPU is that of the whole process, the writer's thread and sealing included, without making the records themselves.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from counterseal.enforce.core.record import Outcome, Record
from counterseal.enforce.ledger import Ledger, State, open_ledger, parse_key, reading, verify
from counterseal.enforce.ledger.ledger import Durability

KEY = os.urandom(32).hex()
WRITERS = 64
BATCH = 2000


def record(number: int) -> Record:
    """A record as a contract writes it."""
    return Record(
        action="profile_update",
        outcome=Outcome.SUCCEEDED,
        at=1_790_000_000.0 + number,
        actor="user-1234",
        scheme="bearer",
        object_type="User",
        object_id=str(number),
        route="PATCH /users/{user_id}",
        client="203.0.113.9",
        request_id="0af7651916cd43dd8448eb211c80319c",
        status=200,
    )


async def _tasks(ledger: Ledger, records: list[Record], tasks: int) -> None:
    async def work(start: int) -> None:
        for place in range(start, len(records), tasks):
            await ledger.append_async(records[place])

    await asyncio.gather(*map(work, range(tasks)))


def _run_tasks(ledger: Ledger, records: list[Record], tasks: int) -> None:
    asyncio.run(_tasks(ledger, records, tasks))


def _threads(ledger: Ledger, records: list[Record], threads: int = WRITERS) -> None:
    def work(start: int) -> None:
        for place in range(start, len(records), threads):
            ledger.append(records[place])

    running = [threading.Thread(target=work, args=(start,)) for start in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


def measured(folder: Path, durability: Durability, count: int, write: Callable[[Ledger, list[Record]], None]) -> dict[str, float]:
    """Microseconds of CPU a record, and records a second, of the best of three runs."""
    best: dict[str, float] = {}
    for _ in range(3):
        records = [record(number) for number in range(count)]
        with open_ledger(folder / f"{os.urandom(8).hex()}.db", key=KEY, durability=durability) as ledger:
            write(ledger, records[: count // 10])
            cpu, wall = time.process_time(), time.perf_counter()
            write(ledger, records)
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        figures = {"cpu_us": round(cpu / count * 1e6, 2), "per_second": round(count / wall)}
        best = min(best, figures, key=lambda each: each["cpu_us"]) if best else figures
    return best


def writing(folder: Path) -> dict[str, dict[str, float]]:
    """Figures for writing in several ways."""
    figures = {}
    kinds: tuple[Durability, ...] = ("full", "normal")
    for durability in kinds:
        for tasks in (1, 32, WRITERS):
            count = 500 if (durability, tasks) == ("full", 1) else 20_000
            write = partial(_run_tasks, tasks=tasks)
            figures[f"append_async, {durability}, {tasks} tasks"] = measured(folder, durability, count, write)
        figures[f"append, {durability}, {WRITERS} threads"] = measured(folder, durability, 10_000, _threads)
    return figures


def fill(path: Path, count: int) -> None:
    """Write a ledger of so many records."""

    async def everything(ledger: Ledger) -> None:
        for start in range(0, count, BATCH):
            await asyncio.gather(*[ledger.append_async(record(number)) for number in range(start, min(count, start + BATCH))])

    with open_ledger(path, key=KEY, durability="normal") as ledger:
        asyncio.run(everything(ledger))


def verifying(path: str) -> dict[str, float]:
    """Records a second, and the peak of this process's memory in MiB."""
    wall, cpu = time.perf_counter(), time.process_time()
    with reading(path) as store:
        result = verify(store, [parse_key(os.environ["LEDGER_KEY"].encode())])
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if result.state is not State.INTACT:
        raise SystemExit(f"the ledger is {result.state}: {result.problems or result.unchecked}")
    speed = {"per_second": round(result.records / wall), "cpu_us": round(cpu / result.records * 1e6, 2)}
    return {"records": result.records, **speed, "peak_mib": round(_peak_bytes() / 2**20)}


def _peak_bytes() -> int:
    """The most memory that this program held. Not ``ru_maxrss``: Linux counts that of the process which started it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return next(
        int(line.split()[1]) * 1024 for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM")
    )


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=200_000, help="records of the ledger that is verified")
    parser.add_argument("--folder", type=Path, help="on which disk; default: the temporary folder's")
    parser.add_argument("--only-verify", action="store_true")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--verify", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.verify:
        print(json.dumps(verifying(options.verify)))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        figures = {} if options.only_verify else writing(folder)
        path = folder / "verified.db"
        fill(path, options.records)
        # In a process of its own: its memory is what is asked for.
        command = [sys.executable, __file__, "--verify", str(path)]
        output = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | {"LEDGER_KEY": KEY}).stdout
        figures["verify"] = json.loads(output)
    for name, figure in figures.items():
        print(f"{name:32}", "  ".join(f"{key}={value:,}" for key, value in figure.items()))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
