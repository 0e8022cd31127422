"""time, datetime, and waiting."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_NOW = Api("wait", gives=("time",))

LIBRARY = Library(
    name="time",
    calls={
        **{f"time.{name}": _NOW for name in ("time", "time_ns", "monotonic", "perf_counter", "ctime")},
        **{f"datetime.datetime.{name}": _NOW for name in ("now", "utcnow", "today")},
        "datetime.date.today": _NOW,
        "time.sleep": Api("sleep", {"seconds": (0, "secs")}),
        "asyncio.sleep": Api("sleep", {"seconds": (0, "delay")}),
        "asyncio.to_thread": Api("wait", {"function": (0, "func")}, fixed={"calls": "0"}),
        "asyncio.create_task": Api("convert", passes=True),
        "asyncio.ensure_future": Api("convert", passes=True),
        "asyncio.wait_for": Api("convert", {"timeout": (1, "timeout")}, passes=True),
        "asyncio.shield": Api("convert", passes=True),
        "asyncio.run": Api("convert", passes=True),
    },
)
