"""The same endpoints under contracts."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI

from contract_cost.shared import AUDIENCE, ISSUER, KEY, USERS, User, UserOut, UserUpdate
from counterseal import Security, audit_log, auth, contract, open_ledger, open_limits, owns, rate_limit, returns, seal, validates
from counterseal.enforce.identity import BearerTokens

OPEN = {
    **dict.fromkeys(("/docs", "/docs/oauth2-redirect", "/openapi.json", "/redoc"), "what the interface is like is no secret"),
    "/bare/{user_id}": "what a request costs without any guarantee is what is measured",
}


def load(user_id: int) -> User | None:
    """The object with this id."""
    return USERS.get(user_id)


CHECKED = contract(
    requires=[
        auth("user"),
        validates(UserUpdate),
        owns(load, "user_id", by="owner", into="user"),
        rate_limit("update_profile", "1000000/minute"),
    ],
    ensures=[returns(UserOut)],
)


def application(folder: Path, durability: str = "normal") -> FastAPI:
    """Three endpoints: bare, with every guarantee but the record, with the record too."""
    app = FastAPI()

    @app.patch("/bare/{user_id}")
    async def bare(user_id: int) -> dict[str, int]:
        return {"id": user_id}

    @app.patch("/checked/{user_id}")
    @CHECKED
    async def checked(user: User, changes: UserUpdate) -> User:
        user.name, user.city, user.age = changes.name, changes.city, changes.age
        return user

    @app.patch("/recorded/{user_id}")
    @(CHECKED + contract(auth("user"), audit_log("profile_update")))
    async def recorded(user: User, changes: UserUpdate) -> User:
        user.name, user.city, user.age = changes.name, changes.city, changes.age
        return user

    security = Security(
        identities=[BearerTokens(algorithms=("HS256",), key=KEY, issuer=ISSUER, audience=AUDIENCE)],
        ledger=open_ledger(folder / f"ledger-{durability}.db", durability=durability),  # type: ignore[arg-type]
        limits=open_limits("memory://"),
        roles=("user", "admin"),
    )
    seal(app, security, open=OPEN)
    return app
