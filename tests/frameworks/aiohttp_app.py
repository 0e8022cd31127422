"""An application in aiohttp with the routes that `tests.frameworks.scenarios` asks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

from aiohttp import web

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
F = TypeVar("F", bound=Callable[..., Any])
table = web.RouteTableDef()


def get(path: str) -> Callable[[F], F]:
    # What a contract makes of a function's result is a response; aiohttp's types do not know.
    return cast("Callable[[F], F]", table.get(path))


def post(path: str) -> Callable[[F], F]:
    return cast("Callable[[F], F]", table.post(path))


@get("/admin")
@contract(requires=[auth("admin")], ensures=[returns(NoteOut)])
async def admin(request: web.Request, principal: Principal) -> dict[str, Any]:
    return {"id": 9, "title": principal.id}


@table.view("/class")
class Page(web.View):
    @contract(requires=[USER], ensures=[returns(NoteOut)])
    async def get(self, principal: Principal) -> dict[str, Any]:
        return {"id": 7, "title": f"{principal.id} in a {self.request.path.removeprefix('/')}"}


@post("/notes")
@contract(requires=[USER, validates(NoteIn)], ensures=[audit_log("note_created"), returns(NoteOut)])
async def create(request: web.Request, data: NoteIn, principal: Principal, call: Call) -> dict[str, Any]:
    call.status = 201
    assert (await request.json())["title"] == data.title
    return {"id": 5, "title": f"{data.title} by {principal.id}", "password_hash": "hunter2"}


@get("/notes/{note_id}")
@contract(
    requires=[USER, owns(load_note, "note_id", by="owner", into="note")], ensures=[audit_log("note_read"), returns(NoteOut)]
)
async def read(request: web.Request, note: Note) -> Note:
    return note


@get("/limited")
@contract(requires=[USER, rate_limit("limited", "2/minute")])
async def limited(request: web.Request) -> web.Response:
    return web.json_response({"ok": "yes"})


@get("/object")
@contract(requires=[USER], ensures=[returns(NoteOut)])
async def an_object(request: web.Request) -> Note:
    return NOTES[1]


@get("/dict")
@contract(requires=[USER], ensures=[returns(NoteOut)])
async def a_dict(request: web.Request) -> dict[str, Any]:
    return vars(NOTES[1])


@get("/response")
@contract(requires=[USER], ensures=[returns(NoteOut)])
async def a_response(request: web.Request) -> web.Response:
    response = web.json_response(vars(NOTES[1]), headers={"x-own": "yes"})
    response.set_cookie("flavour", "vanilla")
    return response


@get("/list")
@contract(requires=[USER], ensures=[returns(list[NoteOut])])
async def a_list(request: web.Request) -> list[Note]:
    return list(NOTES.values())


@get("/conflict")
@contract(requires=[USER], ensures=[returns(NoteOut)])
async def conflict(request: web.Request) -> web.Response:
    return web.json_response({"detail": "taken", "password_hash": "hunter2"}, status=409)


@get("/misshapen")
@contract(requires=[USER], ensures=[audit_log("misshapen"), returns(NoteOut)])
async def misshapen(request: web.Request) -> dict[str, Any]:
    return {"password_hash": "hunter2"}


@get("/text")
@contract(requires=[USER], ensures=[returns(NoteOut)])
async def text(request: web.Request) -> web.Response:
    return web.Response(text="hunter2")


@get("/stream")
@contract(requires=[USER], ensures=[audit_log("streamed"), returns(NoteOut, stream=True)])
async def stream(request: web.Request) -> AsyncIterator[Note]:
    for note in NOTES.values():
        yield note


@get("/undeclared")
@contract(requires=[USER], ensures=[returns(NoteOut)])
async def undeclared(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"password_hash": "hunter2"}')
    return response


@get("/undeclared-payload")
@contract(requires=[USER], ensures=[returns(NoteOut)])
async def undeclared_payload(request: web.Request) -> web.Response:
    async def pieces() -> AsyncIterator[bytes]:
        yield b'{"password_hash": "hunter2"}'

    return web.Response(body=pieces(), content_type="application/json")


@get("/undeclared-stubborn")
@contract(requires=[USER], ensures=[returns(NoteOut)])
async def undeclared_stubborn(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    with contextlib.suppress(Exception):
        await response.prepare(request)
    with contextlib.suppress(Exception):
        await response.write(b"hunter2")
    with contextlib.suppress(Exception):
        await response.prepare(request)
    return response


@get("/breaks")
@contract(requires=[USER], ensures=[audit_log("breaks")])
async def breaks(request: web.Request) -> web.Response:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"one"
        raise ValueError("hunter2")

    return web.Response(body=pieces())


@get("/breaks-inside")
@contract(requires=[USER], ensures=[audit_log("breaks-inside")])
async def breaks_inside(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"one")
    raise ValueError("hunter2")


@get("/breaks-declared")
@contract(requires=[USER], ensures=[audit_log("breaks-declared"), returns(NoteOut, stream=True)])
async def breaks_declared(request: web.Request) -> AsyncIterator[Note]:
    yield NOTES[1]
    raise ValueError("hunter2")


@get("/endless")
@contract(requires=[USER], ensures=[audit_log("endless"), returns(NoteOut, stream=True)])
async def endless(request: web.Request) -> AsyncIterator[Note]:
    while True:
        yield NOTES[1]
        await asyncio.sleep(0.01)


@post("/form")
@contract(requires=[USER, validates(NoteIn, source="form")], ensures=[returns(NoteOut)])
async def form(request: web.Request, data: NoteIn) -> dict[str, Any]:
    return {"id": data.stars, "title": data.title}


@get("/search")
@contract(requires=[USER, validates(Filters, source="query")], ensures=[returns(NoteOut)])
async def search(request: web.Request, filters: Filters) -> dict[str, Any]:
    return {"id": filters.page, "title": ",".join(filters.tag)}


def explode(call: Call) -> bool:
    raise KeyError("hunter2")


@get("/broken-clause")
@contract(requires=[USER, rule("it explodes", explode)])
async def broken_clause(request: web.Request) -> web.Response:
    raise AssertionError("never reached")


@get("/fails")
@contract(requires=[USER], ensures=[audit_log("fails")])
async def fails(request: web.Request) -> web.Response:
    raise RuntimeError("hunter2")


@get("/nested")
@contract(requires=[USER])
async def nested(request: web.Request) -> web.Response:
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as pool:
        try:
            bare = str(await loop.run_in_executor(pool, whoami_plain))
        except Denied as denial:
            bare = str(denial.status)
        carried = await loop.run_in_executor(pool, carry(whoami_plain))
    return web.json_response(
        {
            "service": await whoami(),
            "task": await asyncio.create_task(whoami()),
            "thread": await asyncio.to_thread(whoami_plain),
            "carried": str(carried),
            "executor": bare,
        }
    )


@get("/nested-admin")
@contract(requires=[USER])
async def nested_admin(request: web.Request) -> web.Response:
    return web.json_response({"service": await admins_only()})


@get("/slow")
@contract(requires=[USER], ensures=[returns(NoteOut)])
async def slow(request: web.Request, principal: Principal) -> dict[str, Any]:
    await asyncio.sleep(0.02)
    before = await whoami()
    await asyncio.sleep(0.02)
    return {"id": 1, "title": f"{principal.id} {before} {await asyncio.to_thread(whoami_plain)}"}


@get("/open")
@contract(requires=[public(reason="the front page")], ensures=[returns(NoteOut)])
async def front(request: web.Request) -> dict[str, Any]:
    return {"id": 0, "title": "nobody", "password_hash": "hunter2"}


@get("/redirects")
@contract(requires=[USER], ensures=[audit_log("redirects"), returns(NoteOut)])
async def redirects(request: web.Request) -> web.Response:
    answer = web.HTTPFound("/elsewhere", text="hunter2")
    answer.set_cookie("flavour", "vanilla")
    raise answer


@get("/raises")
@contract(requires=[USER], ensures=[returns(NoteOut)])
async def raises(request: web.Request) -> web.Response:
    raise web.HTTPOk(text='{"id": 1, "title": "t", "password_hash": "hunter2"}', content_type="application/json")


@get("/raises-404")
@contract(requires=[USER], ensures=[audit_log("raises-404"), returns(NoteOut)])
async def raises_404(request: web.Request) -> web.Response:
    raise web.HTTPNotFound


@get("/file")
@contract(requires=[USER], ensures=[audit_log("file")])
async def file(request: web.Request) -> web.FileResponse:
    return web.FileResponse(__file__)


@get("/file-shaped")
@contract(requires=[USER], ensures=[returns(NoteOut)])
async def file_shaped(request: web.Request) -> web.FileResponse:
    return web.FileResponse(__file__)


@get("/empties")
@contract(requires=[USER], ensures=[returns(NoteOut | None)])
async def empties(request: web.Request, call: Call) -> None:
    call.status = 204


@contract(requires=[auth("admin")])
async def helper(request: web.Request) -> str:
    return "figures"


@get("/bare")
async def bare(request: web.Request) -> web.Response:
    return web.Response(text=await helper(request))


def application() -> web.Application:
    app = web.Application()
    app.add_routes(table)
    return app
