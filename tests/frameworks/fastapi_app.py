"""A small application in FastAPI, beside others in one process."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel

from counterseal import Principal, auth, contract
from counterseal.enforce.frameworks.starlette import ADAPTER
from tests.frameworks.asgi_support import security


class Read(BaseModel):
    id: str
    number: int


def client() -> TestClient:
    app = FastAPI()
    ADAPTER.bind(app, security())

    @app.get("/read/{number}")
    @contract(auth("user"))
    async def read(number: int, principal: Principal) -> Read:
        return Read(id=principal.id, number=number)

    return TestClient(app)
