"""Applications of other kinds than the shop: sockets, classes, mounts, own identities, lists, models of all sorts."""

from __future__ import annotations

import pytest

from tests.testing.test_matrix import failed, run

pytest_plugins = "pytester"

HEAD = """
from __future__ import annotations
from contextlib import asynccontextmanager
from dataclasses import dataclass
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket
from counterseal import *
from counterseal import Principal, Security, Denied
from counterseal.enforce.identity import BearerTokens, Custom
"""
CUSTOM = """
async def who(exchange):
    given = exchange.header("x-user")
    if given is None:
        return None
    if given != "letmein":
        raise Denied(401, "invalid-credentials")
    return Principal(id="alice", roles=frozenset({"user"}))

security = Security(identities=[Custom(who, ambient=False)])
"""


def test_sockets_classes_and_mounted_applications(pytester: pytest.Pytester) -> None:
    app = (
        HEAD
        + CUSTOM
        + """
STATE = {}

@contract(auth("user"))
async def listen(socket: WebSocket) -> None:
    await socket.accept()

class Notes(HTTPEndpoint):
    @contract(auth("user"), csrf())
    async def post(self, request: Request) -> JSONResponse:
        return JSONResponse({})

@contract(auth("user"), returns(dict[str, bool]))
async def inner(request: Request):
    return {"started": STATE["started"]}

@asynccontextmanager
async def life(app):
    STATE["started"] = True
    yield
    del STATE["started"]

app = Starlette(
    routes=[
        WebSocketRoute("/listen", listen),
        Route("/notes", Notes),
        Mount("/inner", app=Starlette(routes=[Route("/{name}/x", inner)])),
    ],
    lifespan=life,
)
seal(app, security)
"""
    )
    tests = """
import shop
from counterseal.testing import contract_matrix

credentials = {"custom": {"good": {"X-User": "letmein"}, "tampered": lambda: {"X-User": "letmeim"}}}
test_contracts = contract_matrix(shop.app, credentials=credentials)
# SABOTAGE
"""
    result = run(pytester, app=app, tests=tests)
    assert result.parseoutcomes() == {"passed": 12}, result.stdout.str()
    result = run(pytester, "shop.who.__code__ = (lambda e: None).__code__", app=app, tests=tests)
    # An identity that knows nobody: the wrong credentials are refused, but so are the right ones, which proves nothing.
    assert failed(result) == {f"{route}-tampered custom" for route in ("WEBSOCKET /listen", "POST /notes", "GET /inner/{name}/x")}


def test_an_identity_of_ones_own_is_unknown_without_credentials(pytester: pytest.Pytester) -> None:
    app = (
        HEAD
        + CUSTOM
        + """
@contract(auth())
def me(request: Request) -> JSONResponse:
    return JSONResponse({})

app = Starlette(routes=[Route("/me", me)])
seal(app, security)
"""
    )
    tests = "import shop\nfrom counterseal.testing import contract_matrix\ntest_contracts = contract_matrix(shop.app)"
    result = run(pytester, app=app, tests=tests)
    assert failed(result) == {"GET /me-tampered custom", "GET /me-expired custom"}
    result.stdout.fnmatch_lines(
        ["*unknown: nobody knows what credentials of the identity 'custom' look like: give credentials=*"]
    )


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256"])
def test_tokens_of_an_issuer_whose_private_key_nobody_has(pytester: pytest.Pytester, algorithm: str) -> None:
    app = (
        HEAD
        + f"""
from counterseal.enforce.testing.credentials import _key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
key = _key({algorithm!r})[1].public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
_key.cache_clear()
tokens = BearerTokens(
    algorithms=[{algorithm!r}], keys={{"k1": key}}, issuer=["https://a.example", "https://b.example"], audience=["x", "y"],
    token_type="at+jwt", roles_claim=("realm", "roles"), leeway=0,
)

@contract(auth("user"))
async def me(request: Request) -> JSONResponse:
    return JSONResponse({{}})

app = Starlette(routes=[Route("/me", me)])
seal(app, Security(identities=[tokens]))
"""
    )
    tests = "import shop\nfrom counterseal.testing import contract_matrix\ntest_contracts = contract_matrix(shop.app)"
    assert run(pytester, app=app, tests=tests).parseoutcomes() == {"passed": 6}


LISTS = (
    HEAD
    + CUSTOM
    + """
NOTES = [{"owner": "alice", "text": "mine"}, {"owner": "bob", "text": "secret of bob"}]

def mine(principal):
    return [note for note in NOTES if note["owner"] == principal.id]

@contract(auth("user"), scoped(mine, into="notes"), returns(list[dict[str, str]]))
async def notes(request: Request, notes: list):
    return notes

app = Starlette(routes=[Route("/notes", notes)])
seal(app, security)
"""
)
LIST_TESTS = """
import shop
from counterseal.testing import Sample, contract_matrix
test_contracts = contract_matrix(
    shop.app,
    samples={"/notes": Sample(owner="alice", hidden=["secret of bob"])},
    allow={"*custom": "tested in test_identity.py"},
)
# SABOTAGE
"""


def test_lists_show_nothing_of_others(pytester: pytest.Pytester) -> None:
    assert not failed(run(pytester, app=LISTS, tests=LIST_TESTS))
    result = run(pytester, "shop.mine.__code__ = (lambda principal: NOTES).__code__", app=LISTS, tests=LIST_TESTS)
    assert failed(result) == {"GET /notes-others' objects in the list"}


def test_models_of_all_sorts_are_made_up(pytester: pytest.Pytester) -> None:
    app = (
        HEAD
        + """
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Literal
from uuid import UUID
from pydantic import BaseModel, EmailStr, Field, HttpUrl

class Kind(str, Enum):
    a = "a"

class Line(BaseModel):
    amount: Annotated[int, Field(gt=3, le=9, multiple_of=4)]
    price: Decimal
    next: Line | None

class Order(BaseModel):
    id: UUID
    at: datetime
    day: date
    mail: EmailStr
    link: HttpUrl
    kind: Kind
    word: Literal["x"]
    code: Annotated[str, Field(pattern="^[A-Z]{2}$")]
    long: Annotated[str, Field(min_length=40)]
    share: Annotated[float, Field(gt=0, lt=1)]
    lines: Annotated[list[Line], Field(min_length=2)]
    choice: int | str
    extra: dict[str, int]
    yes: bool

@contract(public(reason="a test"), validates(Order))
async def order(request: Request, order: Order) -> JSONResponse:
    return JSONResponse({})

app = Starlette(routes=[Route("/orders", order, methods=["POST"])])
seal(app, Security())
"""
    )
    tests = "import shop\nfrom counterseal.testing import contract_matrix\ntest_contracts = contract_matrix(shop.app)"
    result = run(pytester, app=app, tests=tests)
    assert result.parseoutcomes() == {"passed": 5}, result.stdout.str()


def test_a_route_without_a_contract_fails(pytester: pytest.Pytester) -> None:
    app = HEAD + "app = Starlette(routes=[Route('/bare', lambda request: None)])\nsecurity = Security()"
    tests = (
        "import shop\nfrom counterseal.testing import contract_matrix\n"
        "test_contracts = contract_matrix(shop.app, security=shop.security)"
    )
    result = run(pytester, app=app, tests=tests)
    assert failed(result) == {"GET /bare-no contract"}


def test_litestar(pytester: pytest.Pytester) -> None:
    app = """
from __future__ import annotations
from litestar import Litestar, delete, get, post
from pydantic import BaseModel
from counterseal import Security, auth, contract, open_limits, owns, rate_limit, returns, seal, validates
from counterseal.enforce.identity import MemoryStore, Sessions

class Note(BaseModel):
    id: str
    owner: str

class NoteOut(BaseModel):
    id: str

class NoteIn(BaseModel):
    text: str

NOTES = {"7": Note(id="7", owner="alice")}

def load(note_id: str) -> Note | None:
    return NOTES.get(note_id)

@get("/notes/{note_id:str}")
@contract(auth("user"), owns(load, "note_id", by="owner"), returns(NoteOut))
async def show(note: Note) -> NoteOut:
    return note

@post("/notes")
@contract(auth("user"), validates(NoteIn), rate_limit("add", "3/minute"))
async def add(given: NoteIn) -> None:
    return None

security = Security(identities=[Sessions(MemoryStore())], limits=open_limits())
app = Litestar([show, add], openapi_config=None)
seal(app, security)
"""
    tests = """
import shop
from counterseal.testing import Sample, contract_matrix
test_contracts = contract_matrix(shop.app, samples={"/notes/{note_id}": Sample(path={"note_id": 7}, owner="alice")})
# SABOTAGE
"""
    result = run(pytester, app=app, tests=tests)
    assert result.parseoutcomes() == {"passed": 18}, result.stdout.str()


SYNC = """
NOTES = {7: {"id": 7, "owner": "alice", "secret": "s"}}

class NoteOut(BaseModel):
    id: int

class NoteIn(BaseModel):
    text: str

def load(note_id: int):
    return NOTES.get(note_id)

security = Security(identities=[Sessions(MemoryStore())], limits=open_limits())
"""
IMPORTS = """
from __future__ import annotations
from pydantic import BaseModel
from counterseal import Security, auth, contract, open_limits, owns, rate_limit, returns, seal, validates
from counterseal.enforce.identity import MemoryStore, Sessions
"""
SYNC_TESTS = """
import shop
from counterseal.testing import Sample, contract_matrix
sample = Sample(path={"note_id": 7}, owner="alice")
notes = next(entry.path for entry in shop.entries if "note_id" in entry.path)
test_contracts = contract_matrix(shop.app, samples={notes: sample}, bodies="all")
# SABOTAGE
"""
FLASK = (
    "from flask import Flask\n"
    + SYNC
    + """
app = Flask("shop")

@app.get("/notes/<int:note_id>")
@contract(auth("user"), owns(load, "note_id", by="owner", into="note"), returns(NoteOut))
def show(note):
    return note

@app.post("/notes")
@contract(auth("user"), validates(NoteIn), rate_limit("add", "3/minute"))
def add(given: NoteIn):
    return {}

@app.get("/static/none")
@contract(auth("user"))
async def later():
    return {}

seal(app, security, open={"/static/*": "files"})
from counterseal.enforce.frameworks.flask import ADAPTER
entries = ADAPTER.entries(app)
"""
)
DJANGO = (
    """
import sys
from django.conf import settings
settings.configure(SECRET_KEY="only for tests", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, DATABASES={}, INSTALLED_APPS=[])
import django
django.setup()
from django.core.HANDLER import get_HANDLER_application
from django.http import JsonResponse
from django.urls import path
"""
    + SYNC
    + """
@contract(auth("user"), owns(load, "note_id", by="owner", into="note"), returns(NoteOut))
def show(request, note):
    return note

@contract(auth("user"), validates(NoteIn), rate_limit("add", "3/minute"))
def add(request, given: NoteIn):
    return JsonResponse({})

urlpatterns = [path("notes/<int:note_id>", show), path("notes", add)]
app = get_HANDLER_application()
seal(app, security)
from counterseal.enforce.frameworks.django import ADAPTER
entries = ADAPTER.entries(app)
"""
)
FRAMEWORKS = {
    "flask": FLASK,
    "django, wsgi": DJANGO.replace("HANDLER", "wsgi"),
    "django, asgi": DJANGO.replace("HANDLER", "asgi"),
}


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_other_frameworks(pytester: pytest.Pytester, name: str) -> None:
    app = IMPORTS + FRAMEWORKS[name]
    result = run(pytester, app=app, tests=SYNC_TESTS)
    assert result.parseoutcomes().keys() == {"passed"}, result.stdout.str()
    assert result.parseoutcomes()["passed"] >= 18
    broken = "from counterseal.enforce.clauses import owns\nowns._belongs = lambda *given: True"
    result = run(pytester, broken, app=app, tests=SYNC_TESTS)
    assert {case.partition("-")[2] for case in failed(result)} == {"other owner"}, result.stdout.str()
