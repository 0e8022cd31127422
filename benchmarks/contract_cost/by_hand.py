"""The endpoint as a careful developer writes it: dependencies, PyJWT, slowapi, response_model, an insert."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path
from typing import Annotated, Any

import jwt
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from slowapi import Limiter
from slowapi.util import get_remote_address

from contract_cost.shared import AUDIENCE, ISSUER, KEY, USERS, User, UserOut, UserUpdate, audit_table


async def principal(authorization: Annotated[str | None, Header()] = None) -> dict[str, Any]:
    """The verified claims."""
    if authorization is None or not authorization.startswith("Bearer "):
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
    try:
        claims: dict[str, Any] = jwt.decode(
            authorization[7:], KEY, ["HS256"], audience=AUDIENCE, issuer=ISSUER, options={"require": ["exp", "sub", "iss", "aud"]}
        )
    except jwt.InvalidTokenError:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"}) from None
    if "user" not in claims.get("roles", ()):
        raise HTTPException(403)
    return claims


Caller = Annotated[dict[str, Any], Depends(principal)]


async def own_user(user_id: int, claims: Caller) -> User:
    """The object, if it is the caller's."""
    user = USERS.get(user_id)
    if user is None or user.owner != claims["sub"]:
        raise HTTPException(404)
    return user


Own = Annotated[User, Depends(own_user)]


def application(folder: Path) -> FastAPI:
    """Three endpoints: bare, with every guarantee but the record, with the record too."""
    app = FastAPI()
    limiter = Limiter(key_func=get_remote_address)
    app.state.limiter = limiter
    table: sqlite3.Connection = audit_table(folder / "by_hand.db")

    @app.patch("/bare/{user_id}")
    async def bare(user_id: int) -> dict[str, int]:
        return {"id": user_id}

    @app.patch("/checked/{user_id}", response_model=UserOut)
    @limiter.limit("1000000/minute")
    async def checked(request: Request, user: Own, changes: UserUpdate) -> User:
        user.name, user.city, user.age = changes.name, changes.city, changes.age
        return user

    @app.patch("/recorded/{user_id}", response_model=UserOut)
    @limiter.limit("1000000/minute")
    async def recorded(request: Request, user: Own, claims: Caller, changes: UserUpdate) -> User:
        user.name, user.city, user.age = changes.name, changes.city, changes.age
        row = (time.time(), claims["sub"], "profile_update", str(user.id), "ok", json.dumps(changes.model_dump()))
        table.execute("INSERT INTO audit (at, actor, action, object, outcome, changes) VALUES (?, ?, ?, ?, ?, ?)", row)
        return user

    return app
