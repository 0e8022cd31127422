"""An application in Litestar with the routes that `tests.frameworks.scenarios` asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

from litestar import Controller, Litestar, MediaType, Response, Router, get, post
from litestar.background_tasks import BackgroundTask
from litestar.datastructures import Cookie
from litestar.response import ServerSentEvent, Stream

from counterseal import (
    Call,
    Denied,
    Principal,
    audit_log,
    auth,
    carry,
    contract,
    owns,
    public,
    rate_limit,
    returns,
    rule,
    validates,
)
from tests.frameworks.scenarios import (
    NOTES,
    Filters,
    Note,
    NoteIn,
    NoteOut,
    admins_only,
    load_note,
    whoami,
    whoami_plain,
)

USER = auth("user")
KNOWN = contract(USER)


@get("/admin")
@contract(requires=[auth("admin")], ensures=[returns(NoteOut)])
async def admin(principal: Principal) -> dict[str, Any]:
    return {"id": 9, "title": principal.id}


class Pages(Controller):
    path = "/class"
    greeting: ClassVar[str] = "in a class"

    @get()
    @contract(requires=[USER], ensures=[returns(NoteOut)])
    async def read(self, principal: Principal) -> dict[str, Any]:
        return {"id": 7, "title": f"{principal.id} {self.greeting}"}

    @get("/thread", sync_to_thread=True)
    @contract(requires=[USER, owns(load_note, "note", into="found")], ensures=[returns(NoteOut)])
    def unreachable(self, found: Note) -> Note:
        return found


@post("/notes")
@contract(requires=[USER, validates(NoteIn)], ensures=[audit_log("note_created"), returns(NoteOut)])
async def create(data: NoteIn, principal: Principal) -> dict[str, Any]:
    return {"id": 5, "title": f"{data.title} by {principal.id}", "password_hash": "hunter2"}


@get("/notes/{note_id:int}")
@contract(
    requires=[USER, owns(load_note, "note_id", by="owner", into="note")], ensures=[audit_log("note_read"), returns(NoteOut)]
)
async def read(note: Note) -> Note:
    return note


@get("/limited")
@contract(requires=[USER, rate_limit("limited", "2/minute")])
async def limited() -> dict[str, str]:
    return {"ok": "yes"}


@get("/object")
@contract(requires=[USER], ensures=[returns(NoteOut)])
async def an_object() -> Note:
    return NOTES[1]


@get("/dict")
@contract(requires=[USER], ensures=[returns(NoteOut)])
async def a_dict() -> dict[str, Any]:
    return vars(NOTES[1])


@get("/response")
@contract(requires=[USER], ensures=[returns(NoteOut)])
async def a_response() -> Response[dict[str, Any]]:
    return Response(vars(NOTES[1]), headers={"x-own": "yes"}, cookies=[Cookie("flavour", value="vanilla")])


@get("/list")
@contract(requires=[USER], ensures=[returns(list[NoteOut])])
async def a_list() -> list[Note]:
    return list(NOTES.values())


@get("/conflict")
@contract(requires=[USER], ensures=[returns(NoteOut)])
async def conflict() -> Response[dict[str, str]]:
    return Response({"detail": "taken", "password_hash": "hunter2"}, status_code=409)


@get("/misshapen")
@contract(requires=[USER], ensures=[audit_log("misshapen"), returns(NoteOut)])
async def misshapen() -> dict[str, Any]:
    return {"password_hash": "hunter2"}


@get("/text", media_type=MediaType.TEXT)
@contract(requires=[USER], ensures=[returns(NoteOut)])
async def text() -> Response[str]:
    return Response("hunter2", media_type=MediaType.TEXT)


@get("/stream")
@contract(requires=[USER], ensures=[audit_log("streamed"), returns(NoteOut, stream=True)])
async def stream() -> AsyncIterator[Note]:
    for note in NOTES.values():
        yield note


@get("/undeclared")
@contract(requires=[USER], ensures=[returns(NoteOut)])
async def undeclared() -> Stream:
    return Stream(iter(['{"password_hash": "hunter2"}']))


@get("/breaks")
@contract(requires=[USER], ensures=[audit_log("breaks")])
async def breaks() -> Stream:
    def pieces() -> Any:
        yield "one"
        raise ValueError("hunter2")

    return Stream(pieces())


@get("/breaks-declared")
@contract(requires=[USER], ensures=[audit_log("breaks-declared"), returns(NoteOut, stream=True)])
async def breaks_declared() -> AsyncIterator[Note]:
    yield NOTES[1]
    raise ValueError("hunter2")


@get("/breaks-events")
@contract(requires=[USER], ensures=[audit_log("breaks-events")])
async def breaks_events() -> ServerSentEvent:
    def pieces() -> Any:
        yield "one"
        raise ValueError("hunter2")

    return ServerSentEvent(pieces())


@get("/endless")
@contract(requires=[USER], ensures=[audit_log("endless"), returns(NoteOut, stream=True)])
async def endless() -> AsyncIterator[Note]:
    while True:
        yield NOTES[1]
        await asyncio.sleep(0.01)


@post("/form")
@contract(requires=[USER, validates(NoteIn, source="form")], ensures=[returns(NoteOut)])
async def form(data: NoteIn) -> dict[str, Any]:
    return {"id": data.stars, "title": data.title}


@get("/search")
@contract(requires=[USER, validates(Filters, source="query")], ensures=[returns(NoteOut)])
async def search(filters: Filters) -> dict[str, Any]:
    return {"id": filters.page, "title": ",".join(filters.tag)}


def explode(call: Call) -> bool:
    raise KeyError("hunter2")


@get("/broken-clause")
@contract(requires=[USER, rule("it explodes", explode)])
async def broken_clause() -> None:
    raise AssertionError("never reached")


@get("/fails")
@contract(requires=[USER], ensures=[audit_log("fails")])
async def fails() -> None:
    raise RuntimeError("hunter2")


@get("/nested")
@contract(requires=[USER])
async def nested() -> dict[str, str]:
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as pool:
        try:
            bare = str(await loop.run_in_executor(pool, whoami_plain))
        except Denied as denial:
            bare = str(denial.status)
        carried = await loop.run_in_executor(pool, carry(whoami_plain))
    return {
        "service": await whoami(),
        "task": await asyncio.create_task(whoami()),
        "thread": await asyncio.to_thread(whoami_plain),
        "carried": str(carried),
        "executor": bare,
    }


@get("/nested-admin")
@contract(requires=[USER])
async def nested_admin() -> dict[str, str]:
    return {"service": await admins_only()}


@get("/slow")
@contract(requires=[USER], ensures=[returns(NoteOut)])
async def slow(principal: Principal) -> dict[str, Any]:
    await asyncio.sleep(0.02)
    before = await whoami()
    await asyncio.sleep(0.02)
    return {"id": 1, "title": f"{principal.id} {before} {await asyncio.to_thread(whoami_plain)}"}


@get("/open")
@contract(requires=[public(reason="the front page")], ensures=[returns(NoteOut)])
async def front() -> dict[str, Any]:
    return {"id": 0, "title": "nobody", "password_hash": "hunter2"}


# What only Litestar has.


@get("/plain", sync_to_thread=True)
@contract(requires=[USER, validates(Filters, source="query")], ensures=[audit_log("plain"), returns(NoteOut)])
def plain(filters: Filters, principal: Principal) -> dict[str, Any]:
    return {"id": filters.page, "title": f"{principal.id} {whoami_plain()}"}


@post("/plain", sync_to_thread=True)
@contract(requires=[USER, validates(NoteIn)], ensures=[returns(NoteOut)])
def plain_body(data: NoteIn) -> dict[str, Any]:
    return {"id": data.stars, "title": data.title}


@get("/plain/{note_id:int}", sync_to_thread=True)
@contract(requires=[USER, owns(load_note, "note_id", by="owner", into="note")], ensures=[returns(NoteOut)])
def plain_owned(note: Note) -> Note:
    return note


@post("/own-parsing")
@KNOWN
async def own_parsing(data: dict[str, int], page: int) -> dict[str, int]:
    return {"sum": sum(data.values()) + page}


async def explode_later() -> None:
    raise ValueError("hunter2")


@get("/background")
@contract(requires=[USER], ensures=[audit_log("background")])
async def background() -> Response[dict[str, str]]:
    return Response({"ok": "yes"}, background=BackgroundTask(explode_later))


@get("/background-of-the-route", background=BackgroundTask(explode_later))
@contract(requires=[USER], ensures=[audit_log("background-of-the-route"), returns(NoteOut)])
async def background_of_the_route() -> Note:
    return NOTES[1]


seen: list[str] = []


async def remember() -> None:
    seen.append(await whoami())


@get("/remembers")
@contract(requires=[USER], ensures=[audit_log("remembers"), returns(NoteOut)])
async def remembers() -> Response[dict[str, Any]]:
    return Response(vars(NOTES[1]), background=BackgroundTask(remember))


def application(**settings: Any) -> Litestar:
    handlers: list[Any] = [
        admin, Pages, create, read, limited, an_object, a_dict, a_response, a_list, conflict, misshapen, text, stream, undeclared,
        breaks, breaks_declared, breaks_events, endless, form, search, broken_clause, fails, nested, nested_admin, slow, front,
        plain, plain_body, plain_owned, own_parsing, background, background_of_the_route, remembers,
    ]  # fmt: skip
    return Litestar([Router("/", route_handlers=handlers)], **settings)
