"""PyYAML."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

LIBRARY = Library(
    name="yaml",
    calls={
        "yaml.load": Api("deserialize", {"data": (0, "stream"), "loader": (1, "Loader")}, passes=True),
        "yaml.load_all": Api("deserialize", {"data": (0, "stream"), "loader": (1, "Loader")}, passes=True),
        "yaml.unsafe_load": Api("deserialize", {"data": (0, "stream")}, passes=True),
        "yaml.full_load": Api("deserialize", {"data": (0, "stream")}, passes=True),
        "yaml.safe_load": Api("json-load", {"data": (0, "stream")}, passes=True),
        "yaml.safe_load_all": Api("json-load", {"data": (0, "stream")}, passes=True),
        "yaml.dump": Api("serialize", {"data": (0, "data")}, passes=True),
        "yaml.safe_dump": Api("serialize", {"data": (0, "data")}, passes=True),
    },
)
