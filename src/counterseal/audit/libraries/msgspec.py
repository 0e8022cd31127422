"""msgspec."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

LIBRARY = Library(
    name="msgspec",
    calls={
        "msgspec.convert": Api("validate", {"data": (0, "obj")}),
        "msgspec.to_builtins": Api("serialize", {"data": (0, "obj")}, passes=True),
        "msgspec.json.decode": Api("json-load", {"data": (0, "buf")}, passes=True),
        "msgspec.json.encode": Api("serialize", {"data": (0, "obj")}, passes=True),
    },
    bases={"msgspec.Struct": "schema"},
)
