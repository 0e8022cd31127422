"""Functions that stand for the analysis of a file, and end as badly as one can."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import sys
import time
from pathlib import Path


def measure(path: str, source: bytes) -> bytes:
    """Behaves as the file's first line says."""
    word = source.split(b"\n", 1)[0].decode()
    if word == "segfault":
        faulthandler.disable()  # the crash is meant
        ctypes.string_at(0)
    elif word == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif word == "exit":
        sys.exit(7)
    elif word == "hard exit":
        os._exit(0)
    elif word == "raise":
        raise ValueError(source.decode())
    elif word == "memory":
        raise MemoryError
    elif word == "recursion":
        return measure(path, source)
    elif word == "hang":
        time.sleep(600)
    elif word == "slow":
        time.sleep(0.05)
    elif word.startswith("once "):
        marker = Path(word.removeprefix("once "))
        if not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    elif word == "pid":
        return str(os.getpid()).encode()
    return f"{path}:{len(source)}".encode()
