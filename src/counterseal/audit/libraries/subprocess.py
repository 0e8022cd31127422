"""subprocess, and the same of asyncio."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_RUN: dict[str, int | str | tuple[int | str, ...]] = {"command": (0, "args", "cmd"), "shell": "shell", "timeout": "timeout"}

LIBRARY = Library(
    name="subprocess",
    calls={
        **{f"subprocess.{name}": Api("subprocess", _RUN) for name in ("run", "call", "check_call", "check_output", "Popen")},
        **{f"subprocess.{name}": Api("subprocess", _RUN, fixed={"shell": "true"}) for name in ("getoutput", "getstatusoutput")},
        "asyncio.create_subprocess_exec": Api("subprocess", {"command": 0}),
        "asyncio.create_subprocess_shell": Api("subprocess", {"command": (0, "cmd")}, fixed={"shell": "true"}),
        "pty.spawn": Api("subprocess", {"command": 0}),
    },
)
