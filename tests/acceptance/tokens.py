"""Tokens of the acceptance application, good and bad."""

from __future__ import annotations

import time
from typing import Any

import jwt

KEY = "0d6ac0ae2ad94cbb8d3a9b4fbd6c7f51-acceptance"
ISSUER, AUDIENCE = "https://id.acceptance.example", "acceptance"


def claims(subject: str = "ann", *roles: str, **more: Any) -> dict[str, Any]:
    """What a good token says."""
    now = int(time.time())
    made = {"sub": subject, "iat": now, "exp": now + 600, "iss": ISSUER, "aud": AUDIENCE, "roles": list(roles or ("user",))}
    return {**made, **more}


def bearer(subject: str = "ann", *roles: str, **more: Any) -> dict[str, str]:
    """The header of a caller."""
    return {"Authorization": f"Bearer {jwt.encode(claims(subject, *roles, **more), KEY, 'HS256')}"}
