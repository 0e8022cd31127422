"""enum."""

from __future__ import annotations

from counterseal.audit.libraries.model import Library

_NAMES = ("Enum", "IntEnum", "StrEnum", "Flag", "IntFlag")

LIBRARY = Library(name="enum", bases={f"enum.{name}": "enum" for name in _NAMES})
