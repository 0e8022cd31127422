"""python-decouple."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_READ = Api("env", {"name": (0, "option"), "default": ("default", 1), "cast": "cast"})

LIBRARY = Library(
    name="decouple",
    calls={
        "decouple.config": _READ,
        "decouple.config.get": _READ,
        "decouple.Config.__call__": _READ,
        "decouple.Config.get": _READ,
        "decouple.AutoConfig.__call__": _READ,
    },
)
