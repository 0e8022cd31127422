"""Built-in functions that do more than compute."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

LIBRARY = Library(
    name="builtins",
    calls={
        "builtins.eval": Api("eval", {"code": 0}),
        "builtins.exec": Api("eval", {"code": 0}),
        "builtins.compile": Api("eval", {"code": 0}),
        "builtins.__import__": Api("eval", {"code": 0}),
        "builtins.open": Api("file-open", {"path": (0, "file"), "mode": (1, "mode")}),
        "importlib.import_module": Api("eval", {"code": 0}),
        "functools.wraps": Api("wraps", {"function": 0}),
        "functools.partial": Api("wait", {"function": 0}),
        "typing.cast": Api("wait", {"value": 1}, passes=True),
        "copy.deepcopy": Api("convert", passes=True),
        "copy.copy": Api("convert", passes=True),
        "inspect.iscoroutinefunction": Api("validate"),
    },
)
