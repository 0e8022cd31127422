"""The examples in the guides run, and what the guides say of them is so."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import jwt
import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

import counterseal
from counterseal import Denied, Principal, acting_as

SECRET = "0Zr8yqkT5w1mXvB3nC7dF9hJ2lP4sU6aE8gK"
_EXAMPLE = re.compile(r"^```python.*?\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[str]:
    """The examples of a page."""
    return _EXAMPLE.findall(page.read_text(encoding="utf-8"))


def run(page: Path) -> ModuleType:
    """A module made of all examples of a page."""
    module = ModuleType(f"guide_{page.stem.replace('-', '_').lower()}")
    sys.modules[module.__name__] = module
    for example in blocks(page):
        exec(compile(example, str(page), "exec"), module.__dict__)  # noqa: S102  our own documentation
    return module


@pytest.fixture
def guide(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The guide about contracts, run in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKEN_SECRET", SECRET)
    module = run(repository / "docs" / "contracts.md")
    with module.__dict__["sessionmaker"](module.__dict__["engine"]).begin() as session:
        session.add_all(
            module.__dict__["Invoice"](id=number, owner_id=owner, amount=10) for number, owner in ((1, "ann"), (2, "bob"))
        )
    yield module
    module.__dict__["security"].ledger.close()


@pytest.fixture
def client(guide: ModuleType) -> Iterator[TestClient]:
    """Its application."""
    with TestClient(guide.__dict__["app"]) as made:
        yield made


def as_(who: str, *roles: str) -> dict[str, str]:
    """A token."""
    now = time.time()
    claims = {"iss": "me", "aud": "invoices", "sub": who, "iat": now, "exp": now + 60, "roles": roles or ("user",)}
    return {"Authorization": f"Bearer {jwt.encode(claims, SECRET, algorithm='HS256')}"}


def test_the_first_example(client: TestClient) -> None:
    changed = client.patch("/invoices/1", json={"amount": 3}, headers=as_("ann"))
    assert changed.json() == {"id": 1, "amount": 3}
    assert client.patch("/invoices/2", json={"amount": 3}, headers=as_("ann")).status_code == 404
    assert client.patch("/invoices/2", json={"amount": 3}, headers=as_("eve", "admin")).status_code == 200
    assert client.patch("/invoices/1", content=b"{not json").status_code == 401


def test_what_a_function_gets(client: TestClient) -> None:
    assert client.get("/invoices", headers=as_("ann")).json() == [{"id": 1, "amount": 10}]
    sent = client.post("/invoices/1/send", headers=as_("ann"))
    assert (sent.status_code, sent.headers["x-sent"]) == (202, "1")
    assert client.post("/invoices/1/send", headers=as_("ann")).status_code == 409


def test_combining(client: TestClient) -> None:
    assert client.get("/invoices/1", headers=as_("ann")).json() == {"id": 1, "amount": 10}
    assert client.get("/invoices/2", headers=as_("ann")).status_code == 404


def test_layers(client: TestClient, guide: ModuleType) -> None:
    assert client.get("/total", headers=as_("ann")).status_code == 403
    assert client.get("/total", headers=as_("eve", "admin")).json() == 20
    with pytest.raises(Denied, match="401"):
        guide.__dict__["total"]()


def test_service_functions_are_called_with_the_id_in_the_place_of_the_object(guide: ModuleType) -> None:
    import asyncio

    async def update(who: str) -> Any:
        with acting_as(Principal(id=who, roles=frozenset({"user"}))):
            return await guide.__dict__["update_invoice"](invoice_id=1, changes={"amount": 3})

    assert asyncio.run(update("ann")).amount == 3
    with pytest.raises(Denied, match="404"):
        asyncio.run(update("bob"))


def test_streams_sockets_and_background_work(client: TestClient, guide: ModuleType) -> None:
    assert client.get("/feed", headers=as_("ann")).text.splitlines()[0] == '{"id":0,"amount":10}'
    with client.websocket_connect("/live", headers=as_("ann")) as socket:
        socket.send_json({"amount": 4})
        assert socket.receive_json() == {"id": 1, "amount": 4}
        socket.send_json({"amount": 4, "margin": 1})
        with pytest.raises(WebSocketDisconnect):
            socket.receive_json()
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/live"):
        pass
    assert client.post("/export", headers=as_("ann")).status_code == 200
    done = {(entry.record.action, entry.record.outcome.value) for entry in guide.__dict__["security"].ledger.entries()}
    assert {("feed_read", "succeeded"), ("export", "succeeded")} <= done


def test_the_refusal_on_the_page_is_the_real_one(client: TestClient, repository: Path) -> None:
    answer = client.patch("/invoices/1", json={"amount": 1, "role": "admin"}, headers=as_("ann")).json()
    page = (repository / "docs" / "contracts.md").read_text(encoding="utf-8")
    for name, value in answer.items():
        assert f'"{name}": ' in page
        assert name == "request_id" or str(value).replace("'", '"') in page


def test_the_page_names_every_clause(repository: Path) -> None:
    page = (repository / "docs" / "contracts.md").read_text(encoding="utf-8")
    for name in counterseal.__all__:
        if counterseal._WHERE[name].startswith("enforce.clauses"):
            assert f"`{name}(" in page


def test_the_guide_for_those_who_come_from_zerot_runs(repository: Path) -> None:
    module = run(repository / "docs" / "from-zerot.md")
    assert "the caller has the role user" in module.__dict__["update_user_profile"].__counterseal__.spec.describe()


def test_the_front_page_runs(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKEN_SECRET", SECRET)
    module = run(repository / "README.md")
    app = module.__dict__["app"]
    with app.state.counterseal.ledger, TestClient(app) as client:
        assert client.patch("/users/1", json={"name": "x"}).status_code == 401
