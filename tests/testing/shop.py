"""A small application whose contracts use every clause that a matrix tests. Tests write it out, changed, and run pytest on it."""

from __future__ import annotations

APP = """
from __future__ import annotations

from dataclasses import dataclass

from fastapi import FastAPI
from pydantic import BaseModel, Field

from counterseal import (
    Principal, Security, audit_log, auth, contract, open_limits, owns, public, rate_limit, returns, seal, validates
)
from counterseal.enforce.identity import ApiKeys, BearerTokens, MemoryStore, Sessions

SECRET = "k7Vd0pQm3xZs9LwYc1RtBn5HgJf8UaEo2Ti4"
RAN: list[str] = []


@dataclass
class User:
    id: str
    name: str
    password: str = "hash"


class UserUpdate(BaseModel):
    name: str = Field(min_length=1, max_length=50)
    note: str | None = None


class UserOut(BaseModel):
    id: str
    name: str


class SignIn(BaseModel):
    email: str
    password: str


class Page(BaseModel):
    size: int = Field(ge=1, le=100)


USERS = {"alice": User("alice", "Alice"), "bob": User("bob", "Bob")}


def load_user(user_id: str) -> User | None:
    return USERS.get(user_id)


tokens = BearerTokens(algorithms=["HS256"], key=SECRET, issuer="https://issuer.example", audience="shop")
sessions = Sessions(MemoryStore())
keys = ApiKeys(MemoryStore(), prefix="shop")
security = Security(
    identities=[tokens, sessions, keys], limits=open_limits(), roles=["user", "support", "admin"], environment="development"
)
app = FastAPI()


@app.get("/users/{user_id}")
@contract(requires=[auth("user"), owns(load_user, "user_id", by="id", also=["admin"])], ensures=[returns(UserOut)])
async def show(user: User):
    RAN.append("show")
    return user


@app.patch("/users/{user_id}")
@contract(
    requires=[
        auth("user"), validates(UserUpdate), owns(load_user, "user_id", by="id"), rate_limit("update_profile", "5/minute")
    ],
    ensures=[returns(UserOut)],
)
def update(user: User, changes: UserUpdate):
    RAN.append("update")
    user.name = changes.name
    return user


@app.delete("/users/{user_id}")
@contract(requires=[auth("admin", permission="users:delete"), rate_limit("delete", "1000/hour"), rate_limit("any", "100/minute")])
async def delete(user_id: str, principal: Principal) -> None:
    RAN.append("delete")
    USERS.pop(user_id, None)


@app.post("/sign-in")
@contract(
    requires=[
        public(reason="who signs in has no identity yet"),
        validates(SignIn, source="form"),
        rate_limit("sign_in", "5/minute", per="client"),
        rate_limit("account", "3/minute", per=lambda call: call.input.email),
    ],
    ensures=[returns(UserOut)],
)
async def sign_in(given: SignIn):
    RAN.append("sign_in")
    return {"id": given.email, "name": "x", "password": given.password}


@app.get("/users")
@contract(requires=[auth(any_of=["support", "users:read"]), validates(Page, source="query")], ensures=[returns(list[UserOut])])
async def users(page: Page):
    RAN.append("users")
    return list(USERS.values())[: page.size]


seal(app, security, open={"/docs": "a test", "/redoc": "a test", "/openapi.json": "a test", "/docs/oauth2-redirect": "a test"})
"""

TESTS = """
import pytest
import shop
from counterseal.testing import Sample, contract_matrix
# SABOTAGE
test_contracts = contract_matrix(
    shop.app,
    samples={
        "user_id": "alice",
        "/users/{user_id}": Sample(owner="alice"),
        "DELETE /users/{user_id}": Sample(),
    },
    bodies="all",
)


@pytest.fixture(scope="module", autouse=True)
def only_outputs_ran():
    yield
    assert set(shop.RAN) <= {"show", "update", "sign_in", "users"}, shop.RAN
"""
