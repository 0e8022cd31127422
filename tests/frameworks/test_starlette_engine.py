"""What Litestar's adapter brought to light in the engine, in FastAPI and Starlette."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI, WebSocket
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from counterseal import Principal, audit_log, auth, contract, returns
from counterseal.enforce.core.record import Outcome
from counterseal.enforce.frameworks.starlette import ADAPTER
from tests.frameworks import fastapi_app
from tests.frameworks.asgi_support import Notebook, security
from tests.frameworks.scenarios import NoteOut

ALICE = {"authorization": "Bearer alice"}


def test_a_postponed_return_annotation_is_resolved_where_the_function_stands() -> None:
    api = fastapi_app.client()
    assert api.get("/read/3", headers=ALICE).json() == {"id": "alice", "number": 3}
    schema = api.get("/openapi.json").json()["paths"]["/read/{number}"]["get"]["responses"]["200"]
    assert schema["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Read"}


def test_a_socket_whose_messages_are_shaped_ends_well() -> None:
    app, settings = FastAPI(), security()
    ADAPTER.bind(app, settings)

    @app.websocket("/live")
    @contract(auth("user"), audit_log("live"), returns(NoteOut))
    async def live(websocket: WebSocket, principal: Principal) -> None:
        await websocket.accept()
        message: dict[str, Any] = {"id": 1, "title": principal.id, "password_hash": "hunter2"}
        await websocket.send_json(message)
        await websocket.close()

    with TestClient(app).websocket_connect("/live", headers=ALICE) as socket:
        assert socket.receive_json() == {"id": 1, "title": "alice"}
        with pytest.raises(WebSocketDisconnect):
            socket.receive_json()
    assert isinstance(settings.ledger, Notebook)
    assert settings.ledger.outcome("live", Outcome.SUCCEEDED).actor == "alice"
