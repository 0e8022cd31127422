"""What both applications have in common: models, users, the key, the table."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

import jwt
from pydantic import BaseModel, ConfigDict

KEY = "d4c6a5f0b1e24c8897a3f6e15b20c9d7-for-the-benchmark-only"
ISSUER, AUDIENCE = "https://id.bench.example", "bench"
BODY = b'{"name":"Ann Example","city":"Vienna","age":41}'


class UserUpdate(BaseModel):
    """What a caller may change."""

    model_config = ConfigDict(extra="forbid")
    name: str
    city: str
    age: int


class UserOut(BaseModel):
    """What a caller gets."""

    id: int
    name: str
    city: str
    age: int


@dataclass
class User:
    """A row, with what must not leave."""

    id: int
    owner: str
    name: str = "Ann"
    city: str = "Graz"
    age: int = 40
    password_hash: str = "argon2"  # noqa: S105  the bait that an output filter removes


USERS = {number: User(number, f"user{number}") for number in range(10_001)}


def token(subject: str = "user1") -> str:
    """A token that holds for an hour."""
    now = int(time.time())
    claims = {"sub": subject, "iat": now, "exp": now + 3600, "iss": ISSUER, "aud": AUDIENCE, "roles": ["user"]}
    return jwt.encode(claims, KEY, "HS256")


def audit_table(path: Path) -> sqlite3.Connection:
    """The table that a careful developer makes: write-ahead log, durable against the end of the process."""
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute(
        "CREATE TABLE audit (id INTEGER PRIMARY KEY, at REAL, actor TEXT, action TEXT, object TEXT, outcome TEXT, changes TEXT)"
    )
    return connection
