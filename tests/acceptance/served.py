"""The application that acceptance tests attack: every part of it real. What it uses, environment variables say."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter, BackgroundTasks, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

from counterseal import (
    Call,
    Principal,
    Security,
    audit_log,
    auth,
    carry,
    configure,
    contract,
    open_ledger,
    open_limits,
    owns,
    public,
    rate_limit,
    returns,
    rule,
    seal,
    validates,
)
from counterseal.enforce.identity import BearerTokens
from tests.acceptance.served_secret import SECRET
from tests.acceptance.tokens import AUDIENCE, ISSUER, KEY

FOLDER = Path(os.environ["ACCEPTANCE_FOLDER"])


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str]
    text: Mapped[str]
    secret: Mapped[str] = mapped_column(default=SECRET)


class NoteUpdate(BaseModel):
    text: str
    pinned: bool = False
    count: int = 0


class NoteOut(BaseModel):
    id: int
    text: str


@dataclass
class Plain:
    id: int
    text: str
    secret: str = SECRET


engine = create_engine(f"sqlite:///{FOLDER / 'app.db'}", connect_args={"timeout": 10})


@event.listens_for(engine, "connect")
def _immediate(connection: Any, _: object) -> None:
    connection.isolation_level = None


@event.listens_for(engine, "begin")
def _begin(connection: Any) -> None:
    # Readers who are about to write take their turn at once: nobody changes the owner between check and use.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


sessions = sessionmaker(engine)
app = FastAPI()
ran: list[str] = []


@app.patch("/notes/{note_id}")
@contract(
    requires=[auth("user"), validates(NoteUpdate), owns(Note, "note_id", by="owner"), rate_limit("notes", "10000/minute")],
    ensures=[returns(NoteOut), audit_log("note_update")],
)
async def update_note(note: Note, changes: NoteUpdate) -> Note:
    ran.append("update")
    note.text = changes.text
    return note


@app.post("/notes/{note_id}/slow")
@contract(auth("user"), owns(Note, "note_id", by="owner"), audit_log("note_slow"), returns(NoteOut))
def slow(note: Note) -> Note:
    import time

    time.sleep(0.5)
    note.text = f"written by {note.owner}"
    return note


@app.post("/notes/{note_id}/give")
@contract(public(reason="a test that changes an owner behind the back"), audit_log("note_give"))
def give(note_id: int) -> dict[str, str]:
    with sessions.begin() as session:
        note = session.get(Note, note_id)
        if note is not None:
            note.owner = "bob"
    return {}


@app.delete("/notes/{note_id}")
@contract(auth("admin"), rule("nothing is ever deleted", lambda call: False), audit_log("note_delete", privileged=True))
async def delete_note(note_id: int) -> None:
    ran.append("delete")


@app.get("/forbidden/{note_id}")
@contract(auth("user"), owns(Note, "note_id", by="owner", deny=403), returns(NoteOut))
async def forbidden(note: Note) -> Note:
    return note


@app.get("/limited")
@contract(public(reason="a page for everybody"), rate_limit("page", "5/minute", per="client"), returns(dict[str, bool]))
async def limited() -> dict[str, bool]:
    return {"ok": True}


router = APIRouter(prefix="/included")


@router.get("/limited")
@contract(auth(), rate_limit("included", "5/minute"), returns(dict[str, bool]))
async def included_limited() -> dict[str, bool]:
    return {"ok": True}


app.include_router(router)


@app.get("/out/{kind}")
@contract(auth(), returns(NoteOut))
async def out(kind: str) -> Any:
    fields = {"id": 1, "text": "t", "secret": SECRET}
    return {"dict": fields, "object": Plain(1, "t"), "orm": Note(id=1, owner="x", text="t"), "json": JSONResponse(fields)}[kind]


@app.get("/lists")
@contract(auth(), returns(list[NoteOut]))
async def lists() -> Any:
    return [Plain(1, "t"), {"id": 2, "text": "u", "secret": SECRET}]


@app.get("/stream")
@contract(auth(), returns(NoteOut, stream=True), audit_log("export"))
async def stream(fail: bool = False) -> AsyncIterator[Plain]:
    yield Plain(1, "t")
    await asyncio.sleep(0.01)
    if fail:
        raise RuntimeError(SECRET)
    yield Plain(2, "t")


@app.post("/background")
@contract(auth(), audit_log("work"), returns(dict[str, bool]))
async def background(tasks: BackgroundTasks, fail: bool = False) -> dict[str, bool]:
    tasks.add_task(_work, fail)
    return {"ok": True}


def _work(fail: bool) -> None:
    ran.append(f"work by {who()}")
    if fail:
        raise RuntimeError(SECRET)


@contract(layer="business")
def who(principal: Principal) -> str:
    return principal.id


@app.get("/executor")
@contract(auth(), returns(list[str]))
async def executor() -> list[str]:
    loop = asyncio.get_running_loop()
    return [await loop.run_in_executor(None, carry(who)), await asyncio.to_thread(who)]


def _breaks(call: Call) -> bool:
    raise ValueError(SECRET)


@app.get("/broken-clause")
@contract(auth(), rule("a rule that breaks", _breaks), audit_log("broken"))
async def broken_clause() -> None:
    ran.append("broken clause")


@app.get("/broken-body")
@contract(auth(), audit_log("boom"))
async def broken_body() -> None:
    raise ValueError(f"db down: password={SECRET}")


@app.get("/ran")
@contract(public(reason="what the tests want to know"))
async def what_ran(request: Request) -> Any:
    return {"ran": ran, "path": request.url.path}


Base.metadata.create_all(engine)
with sessions.begin() as session:
    if session.get(Note, 1) is None:
        session.add_all([Note(id=1, owner="ann", text="a"), Note(id=2, owner="bob", text="b")])

security = Security(
    identities=[BearerTokens(algorithms=("HS256",), key=KEY, issuer=ISSUER, audience=AUDIENCE)],
    ledger=open_ledger(os.environ.get("ACCEPTANCE_LEDGER", str(FOLDER / "ledger.db")), timeout=3),
    limits=open_limits(os.environ.get("ACCEPTANCE_LIMITS", "memory://"), timeout=1.0),
    roles=("user", "admin"),
    unit_of_work=sessions.begin,
    trusted_proxies=json.loads(os.environ.get("ACCEPTANCE_PROXIES", "[]")),
)

if os.environ.get("ACCEPTANCE_WRONG_ORDER"):
    # Nobody seals this one: what holds then is what the decorator does by itself.
    configure(security)

    @contract(auth())
    @app.get("/wrong-order")
    async def wrong_order() -> None:
        ran.append("wrong order")

else:
    pages = ("/docs", "/docs/oauth2-redirect", "/openapi.json", "/redoc")
    seal(app, security, open=dict.fromkeys(pages, "what the interface is like is no secret"))
