"""python-dotenv."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

LIBRARY = Library(
    name="dotenv",
    calls={
        "dotenv.get_key": Api("env", {"name": (1, "key_to_get")}, null=True),
        "dotenv.dotenv_values": Api("env", {"file": (0, "dotenv_path")}),
    },
    aliases={"dotenv.main": "dotenv"},
)
