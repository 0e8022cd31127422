"""What contracts cost: CPU per request in process, and requests per second under a real server, beside code written by hand.

usage: python benchmarks/contracts.py [--quick] [--serve] [--json FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from contract_cost import by_contract, by_hand
from contract_cost.growth import growth
from contract_cost.in_process import cost, headers, request
from contract_cost.serving import serving
from contract_cost.shared import token
from contract_cost.wrapper import wrapper


async def compare(folder: Path, requests: int) -> dict[str, float]:
    """CPU microseconds per request of each way to write the endpoint."""
    given, none = headers(token()), headers(None)
    found: dict[str, float] = {}

    async def measure(name: str, app: Any, path: str, **more: Any) -> None:
        found[name] = await cost(lambda: request(app, path, given if more.get("expect", 200) != 401 else none), **more)

    hand = by_hand.application(folder)
    normal, full = by_contract.application(folder), by_contract.application(folder, "full")
    # Taken in turns, so that a machine that gets slower meanwhile slows both.
    await measure("bare", hand, "/bare/1", requests=requests)
    await measure("by hand, no record", hand, "/checked/1", requests=requests)
    await measure("contract, no record", normal, "/checked/1", requests=requests)
    await measure("by hand, record (WAL NORMAL, one commit each)", hand, "/recorded/1", requests=requests)
    await measure("contract, record (normal)", normal, "/recorded/1", requests=requests)
    await measure("contract, record (normal), 25 at a time", normal, "/recorded/1", requests=requests, together=25)
    await measure("contract, record (full), 25 at a time", full, "/recorded/1", requests=requests, together=25)
    await measure("by hand, record, 25 at a time", hand, "/recorded/1", requests=requests, together=25)
    await measure("contract, refused: no credentials", normal, "/checked/1", requests=requests, expect=401)
    await measure("by hand, refused: no credentials", hand, "/checked/1", requests=requests, expect=401)
    return found


def ratios(found: dict[str, float]) -> dict[str, float]:
    """The goals: at most 0.6 of what is added by hand without the record, at most 0.7 with it."""
    bare = found["bare"]
    by_hand_record = found["by hand, record (WAL NORMAL, one commit each)"] - bare
    return {
        "without record": (found["contract, no record"] - bare) / (found["by hand, no record"] - bare),
        "with record": (found["contract, record (normal)"] - bare) / by_hand_record,
        "with record, 25 at a time": (found["contract, record (normal), 25 at a time"] - bare)
        / (found["by hand, record, 25 at a time"] - bare),
    }


def show(title: str, rows: dict[str, float], unit: str) -> None:
    """A table on the terminal."""
    print(f"\n{title}")
    for name, value in rows.items():
        print(f"  {name:<52} {value:>10.2f} {unit}")


def main() -> None:
    """Measure, print, and write what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer requests: to see that it runs")
    parser.add_argument("--serve", action="store_true", help="also under uvicorn")
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    requests = 500 if options.quick else 6000
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        steps: dict[str, tuple[str, Callable[[], dict[str, float]]]] = {
            "CPU per request": ("us", lambda: asyncio.run(compare(folder, requests))),
            "The wrapper itself": ("us", lambda: wrapper(requests)),
            "Growth": ("us", lambda: growth(folder, requests)),
        }
        if options.serve:
            steps["Under uvicorn, one worker, 32 connections"] = ("", lambda: serving(folder, options.quick))
        for title, (unit, step) in steps.items():
            figures[title] = step()
            show(title, figures[title], unit)
        figures["Added CPU, contract / by hand"] = ratios(figures["CPU per request"])
        show("Added CPU, contract / by hand", figures["Added CPU, contract / by hand"], "")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
