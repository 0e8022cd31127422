"""os: environment, randomness, commands and files."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_ENV = Api("env", {"name": (0, "key"), "default": (1, "default")}, null=True)
_COMMANDS = (
    "system",
    "popen",
    "execl",
    "execle",
    "execlp",
    "execlpe",
    "execv",
    "execve",
    "execvp",
    "execvpe",
    "spawnl",
    "spawnle",
    "spawnlp",
    "spawnlpe",
    "spawnv",
    "spawnve",
    "spawnvp",
    "spawnvpe",
    "startfile",
    "posix_spawn",
)
_REMOVE = ("remove", "unlink", "rename", "replace", "rmdir", "removedirs", "mkdir", "makedirs")

LIBRARY = Library(
    name="os",
    sources={"os.environ": ("environment",)},
    calls={
        "os.getenv": _ENV,
        "os.environ.get": _ENV,
        "os.environ.pop": _ENV,
        "os.environ.setdefault": _ENV,
        "os.getenvb": _ENV,
        "os.urandom": Api("random-strong", {"bytes": (0, "size")}, gives=("random:strong",)),
        "os.getrandom": Api("random-strong", {"bytes": (0, "size")}, gives=("random:strong",)),
        **{f"os.{name}": Api("subprocess", {"command": 0}) for name in _COMMANDS},
        "os.open": Api("file-open", {"path": (0, "path"), "mode": (1, "flags")}),
        "os.listdir": Api("file-open", {"path": (0, "path")}),
        "os.scandir": Api("file-open", {"path": (0, "path")}),
        "os.walk": Api("file-open", {"path": (0, "top")}),
        **{f"os.{name}": Api("file-save", {"path": (0, "path", "src")}) for name in _REMOVE},
        "os.path.basename": Api("secure-filename", {"filename": 0}),
    },
)
