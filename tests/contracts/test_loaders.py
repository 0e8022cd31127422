"""The object that a loader finds goes to the handler, however the loader's annotation is written; never what a caller sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Optional

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from counterseal import Security, auth, configure, contract, owns
from tests.contracts.kit import HeaderIdentity, as_


@dataclass
class Note:
    id: str
    owner: str


def _optional(note_id: str) -> Optional[Note]:  # noqa: UP045  people still write it
    return Note(note_id, "alice")


def _union(note_id: str) -> Note | None:
    return Note(note_id, "alice")


async def _waited(note_id: str) -> Note | None:
    return Note(note_id, "alice")


def _plain(note_id: str) -> Note:
    return Note(note_id, "alice")


@pytest.mark.parametrize("load", [_optional, _union, _waited, _plain])
def test_the_handler_gets_what_the_loader_found(load: Callable[[str], Any]) -> None:
    app = FastAPI()

    @app.post("/notes/{note_id}")
    @contract(auth(), owns(load, "note_id", by="owner"))
    async def show(note: Note) -> dict[str, str]:
        return {"id": note.id, "owner": note.owner}

    configure(Security(identities=[HeaderIdentity()]))
    answer = TestClient(app).post("/notes/7", json={"id": "8", "owner": "mallory"}, headers=as_("alice"))
    assert answer.json() == {"id": "7", "owner": "alice"}
