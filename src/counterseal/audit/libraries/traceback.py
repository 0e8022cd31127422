"""traceback: what only the operator should read."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

LIBRARY = Library(
    name="traceback",
    calls={
        **{
            f"traceback.{name}": Api("wait", gives=("error", "traceback"))
            for name in ("format_exc", "format_exception", "format_tb", "format_stack", "format_exception_only")
        },
        "sys.exc_info": Api("wait", gives=("error",)),
    },
)
