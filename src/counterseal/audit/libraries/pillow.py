"""Pillow."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

LIBRARY = Library(
    name="PIL",
    calls={"PIL.Image.open": Api("image", {"data": (0, "fp")}), "PIL.Image.frombytes": Api("image", {"data": (2, "data")})},
)
