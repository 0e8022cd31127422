"""pydantic-settings: configuration read from the environment."""

from __future__ import annotations

from counterseal.audit.libraries.model import Library

LIBRARY = Library(
    name="pydantic_settings",
    aliases={"pydantic_settings.main.BaseSettings": "pydantic_settings.BaseSettings"},
    bases={"pydantic_settings.BaseSettings": "settings"},
)
