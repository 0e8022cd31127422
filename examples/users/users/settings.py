"""What the environment says. No secret has a fallback: without it the application does not start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from counterseal import ConfigurationError


@dataclass(frozen=True)
class Settings:
    """What one installation of the application is told."""

    database_url: str = field(repr=False)
    redis_url: str | None = field(repr=False)
    token_secret: str = field(repr=False)
    development: bool
    """Cookies over plain http, and denials that say why. Only `python -m users --development` sets it."""
    outbox: Path
    """Where mail is written. A real installation sends it instead."""


def from_environment(environment: Mapping[str, str]) -> Settings:
    """The settings.

    Raises:
        ConfigurationError: something is missing, or does not go together.
    """
    development = environment.get("USERS_DEVELOPMENT") == "1"
    url = environment.get("DATABASE_URL", "sqlite:///users.db")
    redis = environment.get("REDIS_URL")
    if not url.startswith("sqlite:///") and redis is None:
        raise ConfigurationError("several machines share the database, but not sessions and limits", "Set REDIS_URL.")
    signed = {"COUNTERSEAL_LEDGER_KEY", "COUNTERSEAL_LEDGER_KEY_FILE"} & environment.keys()
    if not development and not signed:
        raise ConfigurationError("the ledger is not signed", "Set COUNTERSEAL_LEDGER_KEY or COUNTERSEAL_LEDGER_KEY_FILE.")
    return Settings(
        database_url=url,
        redis_url=redis,
        token_secret=_required(environment, "TOKEN_SECRET"),
        development=development,
        outbox=Path(environment.get("OUTBOX", "outbox.jsonl")),
    )


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise ConfigurationError(f"{name} is not set", "Set it to a random text of 43 letters or more.")
    return value
