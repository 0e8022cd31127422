"""json, and faster packages of the same interface."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

LIBRARY = Library(
    name="json",
    calls={
        "json.loads": Api("json-load", {"data": (0, "s")}, passes=True),
        "json.load": Api("json-load", {"data": (0, "fp")}, passes=True),
        "json.dumps": Api("serialize", {"data": (0, "obj")}, passes=True),
        "json.dump": Api("serialize", {"data": (0, "obj")}),
    },
    aliases={"orjson": "json", "ujson": "json", "simplejson": "json"},
)
