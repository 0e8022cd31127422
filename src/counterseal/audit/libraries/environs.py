"""environs, and starlette-like readers of the environment."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_READ = Api("env", {"name": (0, "name", "var"), "default": (1, "default")})
_TYPES = (
    "str",
    "bool",
    "int",
    "float",
    "decimal",
    "list",
    "dict",
    "json",
    "datetime",
    "date",
    "time",
    "timedelta",
    "url",
    "uuid",
    "log_level",
    "path",
    "enum",
)

LIBRARY = Library(
    name="environs",
    calls={
        "environs.Env.__call__": _READ,
        **{f"environs.Env.{name}": _READ for name in _TYPES},
        **{f"environs.env.{name}": _READ for name in _TYPES},
    },
    aliases={"environ.Env": "environs.Env"},
)
