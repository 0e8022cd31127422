"""The OpenAPI document says what contracts promise."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel

from counterseal import audit_log, auth, contract, owns, public, rate_limit, returns, rule, seal, validates
from tests.sealing.parts import DOCS, Changes, security


class Line(BaseModel):
    amount: int


class Out(BaseModel):
    name: str
    lines: list[Line]


def load(item_id: str) -> Any:
    return None


@pytest.fixture
def app() -> FastAPI:
    app, router = FastAPI(), APIRouter(prefix="/items")

    @router.put("/{item_id}", status_code=202)
    @contract(
        requires=[
            auth("user"),
            validates(Changes),
            owns(load, "item_id", by="owner"),
            rule("open", lambda call: True, status=409),
            rate_limit("change", "5/minute"),
        ],
        ensures=[returns(list[Out]), audit_log("change")],
    )
    async def change(item_id: str, changes: Changes) -> list[Out]:
        return []

    @app.get("/free", responses={418: {"description": "A teapot"}})
    @contract(public(reason="the front page"))
    async def free() -> int:
        return 1

    app.include_router(router)
    return app


def document(app: FastAPI) -> dict[str, Any]:
    seal(app, security(), open=DOCS)
    found: dict[str, Any] = TestClient(app).get("/openapi.json").json()
    return found


def test_an_operation(app: FastAPI) -> None:
    found = document(app)
    operation = found["paths"]["/items/{item_id}"]["put"]
    assert operation["security"] == [{"header": []}]
    assert found["components"]["securitySchemes"] == {"header": {"type": "apiKey", "in": "header", "name": "x-user"}}
    assert set(operation["responses"]) == {"202", "400", "401", "403", "404", "409", "413", "415", "422", "429", "503"}
    assert operation["requestBody"] == {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Changes"}}},
    }
    answer = operation["responses"]["202"]["content"]["application/json"]["schema"]
    assert answer["items"] == {"$ref": "#/components/schemas/Out"}
    assert found["components"]["schemas"]["Out"]["properties"]["lines"]["items"] == {"$ref": "#/components/schemas/Line"}
    said = operation["x-counterseal"]
    assert said["guarantees"] == ["audited", "authenticated", "authorized", "limited", "owned", "shaped", "validated"]
    assert said["contract"][0] == "1. the caller has the role user" or "the caller has the role user" in "\n".join(
        said["contract"]
    )
    problem = operation["responses"]["422"]["content"]["application/problem+json"]["schema"]["$ref"]
    assert found["components"]["schemas"][problem.rpartition("/")[2]]["required"] == ["type", "title", "status", "code"]


def test_every_reference_leads_somewhere(app: FastAPI) -> None:
    found = document(app)

    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if "$ref" in value else []
            return own + [item for part in value.values() for item in references(part)]
        return [item for part in value for item in references(part)] if isinstance(value, list) else []

    for reference in references(found):
        place: Any = found
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_a_public_operation_keeps_what_it_says_itself(app: FastAPI) -> None:
    operation = document(app)["paths"]["/free"]["get"]
    assert operation["security"] == []
    assert set(operation["responses"]) == {"200", "418"}
    assert operation["x-counterseal"]["contract"] == ["1. anyone may call: the front page"]


def test_sealing_twice_says_it_once(app: FastAPI) -> None:
    first = document(app)
    assert document(app) == first
    assert app.openapi() is app.openapi()


def test_a_mounted_application_has_its_own(app: FastAPI) -> None:
    outer = FastAPI(openapi_url=None)
    outer.mount("/sub", app)
    seal(outer, security(), open={f"/sub{path}": reason for path, reason in DOCS.items()})
    assert "x-counterseal" in TestClient(outer).get("/sub/openapi.json").json()["paths"]["/free"]["get"]
