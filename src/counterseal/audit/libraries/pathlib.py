"""Files: pathlib, aiofiles, tempfile."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

LIBRARY = Library(
    name="pathlib",
    calls={
        **{f"pathlib.Path.{name}": Api("file-open") for name in ("open", "read_text", "read_bytes", "iterdir")},
        **{f"pathlib.Path.{name}": Api("file-save", {"data": (0, "data")}) for name in ("write_text", "write_bytes", "unlink")},
        "aiofiles.open": Api("file-open", {"path": (0, "file"), "mode": (1, "mode")}),
    },
    aliases={"pathlib.PurePath": "pathlib.Path", "pathlib.PosixPath": "pathlib.Path", "anyio.Path": "pathlib.Path"},
)
