"""The application that a server process imports: which one, an environment variable says."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

_module, _, _durability = os.environ["BENCH_APP"].partition(":")
_more = (_durability,) if _durability else ()
app = import_module(f"contract_cost.{_module}").application(Path(os.environ["BENCH_FOLDER"]), *_more)
