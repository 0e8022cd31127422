"""Templates, through FastAPI and a real database; and what they refuse to be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import AliasChoices, AliasPath, BaseModel, ConfigDict, Field
from sqlalchemy import Select, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from counterseal import ContractError, Principal, Security, admin_only, auth, batch, contract, crud, public_api, rule
from counterseal.enforce.core.record import Outcome
from counterseal.enforce.frameworks.starlette import ADAPTER
from counterseal.guarantees import Guarantee
from tests.frameworks.asgi_support import Notebook, security

ALICE, BOB, ROOT = ({"authorization": f"Bearer {name}"} for name in ("alice", "bob", "root"))


class Base(DeclarativeBase):
    pass


class Invoice(Base):
    __tablename__ = "invoices"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[str]
    title: Mapped[str]
    internal: Mapped[str] = mapped_column(default="hunter2")


class InvoiceIn(BaseModel):
    title: str


class InvoiceOut(BaseModel):
    id: int
    title: str


class Prices(BaseModel):
    list: str


class Filters(BaseModel):
    page: int


class Item(BaseModel):
    id: int
    account: str


class Done(BaseModel):
    count: int


invoices = crud(Invoice, "invoice_id", out=InvoiceOut, create=InvoiceIn, update=InvoiceIn, by="owner_id", writes="4/minute")


def application() -> FastAPI:
    app = FastAPI()

    @app.post("/invoices", status_code=201)
    @invoices.create
    def create(data: InvoiceIn, principal: Principal, session: Session) -> Invoice:
        made = Invoice(owner_id=principal.id, title=data.title)
        session.add(made)
        session.flush()
        return made

    @app.get("/invoices")
    @invoices.list
    def index(query: Select[Any], session: Session) -> list[Invoice]:
        return list(session.execute(query).scalars())

    @app.get("/invoices/{invoice_id}")
    @invoices.read
    def read(invoice: Invoice) -> Invoice:
        return invoice

    @app.patch("/invoices/{invoice_id}")
    @invoices.update
    def change(invoice: Invoice, data: InvoiceIn) -> Invoice:
        invoice.title = data.title
        return invoice

    @app.delete("/invoices/{invoice_id}", status_code=204)
    @invoices.delete
    def delete(invoice: Invoice, session: Session) -> None:
        session.delete(invoice)

    @app.api_route("/prices", methods=["GET", "HEAD", "POST", "DELETE"])
    @public_api("prices are public", name="prices", takes=Filters, out=Prices, rate="3/minute")
    async def prices(filters: Filters) -> dict[str, str]:
        return {"list": f"page {filters.page}", "margin": "hunter2"}

    @app.post("/sign-up")
    @public_api("nobody has an account yet", name="sign_up", takes=InvoiceIn, source="json", out=Done, changes="signed_up")
    async def sign_up(data: InvoiceIn) -> dict[str, int]:
        return {"count": 1}

    @app.post("/ban/{user}")
    @admin_only("user banned")
    async def ban(user: str) -> None:
        if user == "crash":
            raise RuntimeError

    @app.post("/archive")
    @batch("archived", takes=Item, each=own_item, out=Done, most=3, rate="6/minute")
    async def archive(items: list[Item]) -> dict[str, int]:
        return {"count": len(items)}

    @app.post("/tightened")
    @(
        admin_only("tightened", takes=Item, out=Done)
        + contract(auth(permission="ban"), rule("only in office hours", lambda call: True))
    )
    async def tightened(item: Item) -> dict[str, int]:
        return {"count": item.id}

    return app


async def own_item(principal: Principal, item: Item) -> bool:
    return item.account == principal.id


class Office:
    """A running application."""

    def __init__(self, client: TestClient, settings: Security) -> None:
        self.client = client
        assert isinstance(settings.ledger, Notebook)
        self.trail = settings.ledger


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    engine = create_engine(f"sqlite:///{tmp_path}/office.db")
    Base.metadata.create_all(engine)
    sessions = sessionmaker(engine)

    @contextmanager
    def unit() -> Iterator[Session]:
        with sessions.begin() as session:
            yield session

    settings = security(unit_of_work=unit)
    app = application()
    ADAPTER.bind(app, settings)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Office(client, settings)
    engine.dispose()


def test_objects_of_an_owner_are_his_alone(office: Office) -> None:
    client = office.client
    assert client.post("/invoices", json={"title": "a"}).status_code == 401
    made = client.post("/invoices", headers=ALICE, json={"title": "a"})
    assert (made.status_code, made.json()) == (201, {"id": 1, "title": "a"})
    for extra in ({"owner_id": "bob"}, {"role": "admin"}, {"internal": "x"}):
        assert client.post("/invoices", headers=ALICE, json={"title": "a", **extra}).status_code == 422
    client.post("/invoices", headers=BOB, json={"title": "b"})
    assert client.get("/invoices", headers=ALICE).json() == [{"id": 1, "title": "a"}]
    assert client.get("/invoices/1", headers=ALICE).json() == {"id": 1, "title": "a"}
    for answer in (
        client.get("/invoices/1", headers=BOB),
        client.patch("/invoices/1", headers=BOB, json={"title": "mine"}),
        client.delete("/invoices/1", headers=BOB),
        client.get("/invoices/99", headers=BOB),
    ):
        assert answer.status_code == 404
    assert client.patch("/invoices/1", headers=ALICE, json={"title": "c"}).json() == {"id": 1, "title": "c"}
    gone = client.delete("/invoices/1", headers=ALICE)
    assert (gone.status_code, gone.content) == (204, b"")
    assert client.get("/invoices/1", headers=ALICE).status_code == 404
    outcomes = [item.outcome for item in office.trail.of("invoice_deleted") if item.actor == "alice"]
    assert outcomes == [Outcome.INTENT, Outcome.SUCCEEDED]


def test_changes_are_limited_for_each_caller(office: Office) -> None:
    codes = [office.client.post("/invoices", headers=ALICE, json={"title": "a"}).status_code for _ in range(5)]
    assert codes == [201, 201, 201, 201, 429]
    assert office.client.post("/invoices", headers=BOB, json={"title": "b"}).status_code == 201


def test_what_anyone_may_call_admits_anyone_and_limits_him(office: Office) -> None:
    answers = [office.client.get("/prices?page=2") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0].json() == {"list": "page 2"}
    assert office.client.get("/prices?page=2", headers=ALICE).status_code == 429


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_what_anyone_may_call_changes_nothing_unless_it_says_so(office: Office, method: str) -> None:
    assert office.client.request(method, "/prices?page=2").status_code == 403
    assert office.client.post("/sign-up", json={"title": "a"}).json() == {"count": 1}
    assert [item.outcome for item in office.trail.of("signed_up")] == [Outcome.SUCCEEDED]


def test_what_administrators_do_is_theirs_and_on_record(office: Office) -> None:
    client = office.client
    assert client.post("/ban/bob").status_code == 401
    assert client.post("/ban/bob", headers=ALICE).status_code == 403
    assert client.post("/ban/bob", headers=ROOT).status_code == 200
    assert client.post("/ban/crash", headers=ROOT).status_code == 500
    outcomes = [item.outcome for item in office.trail.of("user banned") if item.actor == "root"]
    assert outcomes == [Outcome.INTENT, Outcome.SUCCEEDED, Outcome.INTENT, Outcome.FAILED]


def test_a_batch_is_judged_item_by_item(office: Office) -> None:
    def archive(*accounts: str) -> Any:
        items = [{"id": number, "account": account} for number, account in enumerate(accounts)]
        return office.client.post("/archive", headers=ALICE, json=items).status_code

    assert archive("alice", "alice") == 200
    assert archive("alice", "bob") == 403
    assert archive("alice", "alice") == 200
    # Six items have been counted, the refused ones too.
    assert archive("alice") == 429


def test_a_batch_has_a_bound_and_an_empty_one_counts(office: Office) -> None:
    items = [{"id": number, "account": "alice"} for number in range(4)]
    assert office.client.post("/archive", headers=ALICE, json=items).status_code == 422
    codes = [office.client.post("/archive", headers=ALICE, json=[]).status_code for _ in range(3)]
    assert codes == [200, 200, 429]


def test_combining_tightens(office: Office) -> None:
    assert office.client.post("/tightened", headers=ROOT, json={"id": 1, "account": "a"}).status_code == 403
    with pytest.raises(ContractError, match=r"auth\(\) and public\(\)"):
        admin_only("x", out=Done) + public_api("y", name="y", out=Done)


class WithRole(BaseModel):
    role: str


class Aliased(BaseModel):
    kind: str = Field(alias="isAdmin")


class Chosen(BaseModel):
    kind: str = Field(validation_alias=AliasChoices("kind", AliasPath("user", "permissions")))


class Nested(BaseModel):
    inner: list[WithRole]


class Anything(BaseModel):
    model_config = ConfigDict(extra="allow")


class Secret(BaseModel):
    passwordHash: str  # noqa: N815  as assistants write it


@dataclass
class Plain:
    is_admin: bool


class Typed(TypedDict):
    roles: list[str]


class Owned(BaseModel):
    invoice_owner: str


@pytest.mark.parametrize(
    "model", [WithRole, Aliased, Chosen, Nested, Plain, Typed, Anything, dict, Any, dict[str, Any], list[Any]]
)
def test_models_through_which_a_caller_could_help_himself_are_refused(model: Any) -> None:
    for build in (
        lambda: crud(Invoice, "id", out=InvoiceOut, create=model, by="owner_id"),
        lambda: crud(Invoice, "id", out=InvoiceOut, update=model, by="owner_id"),
        lambda: public_api("why", name="n", out=Done, takes=model),
        lambda: batch("b", takes=model, role="admin"),
    ):
        with pytest.raises(ContractError, match=r"could set|lets anything through|takes any field"):
            build()


def test_whose_an_object_is_is_not_for_callers_to_say() -> None:
    with pytest.raises(ContractError, match="could set invoice_owner"):
        crud(Invoice, "id", out=InvoiceOut, create=Owned, by="invoice_owner")
    with pytest.raises(ContractError, match="could set invoice_owner"):
        crud(Invoice, "id", out=InvoiceOut, create=Owned, by=("invoiceOwner", "id"))


def test_what_is_meant_can_be_said() -> None:
    made = crud(Invoice, "id", out=InvoiceOut, create=WithRole, by="owner_id", allow=("role",))
    assert Guarantee.VALIDATED in made.create.guarantees
    shown = crud(Invoice, "id", out=Secret, by="owner_id", reveals=("password_hash",))
    assert Guarantee.SHAPED in shown.read.guarantees
    # Administrators set roles: that is what they are for.
    assert Guarantee.AUTHORIZED in admin_only("role_changed", takes=WithRole).guarantees
    with pytest.raises(ContractError, match="not one text"):
        crud(Invoice, "id", out=InvoiceOut, create=WithRole, by="owner_id", allow="role")


@pytest.mark.parametrize("out", [Secret, list[Secret], Any, dict, Anything])
def test_models_that_show_a_secret_are_refused(out: Any) -> None:
    for build in (
        lambda: crud(Invoice, "id", out=out, by="owner_id"),
        lambda: admin_only("a", out=out),
        lambda: public_api("why", name="n", out=out),
        lambda: batch("b", takes=Item, role="admin", out=out),
    ):
        with pytest.raises(ContractError, match=r"shows|lets anything through|takes any field"):
            build()


def test_a_template_guesses_nothing() -> None:
    with pytest.raises(ContractError, match="reason"):
        public_api(" ", name="n", out=Done)
    with pytest.raises(ContractError, match="what leaves"):
        public_api("why", name="n", out=None)
    with pytest.raises(ContractError, match="neither a role nor a permission"):
        admin_only("a", role=None)
    with pytest.raises(ContractError, match="who may have which items"):
        batch("b", takes=Item)
    with pytest.raises(ContractError, match="most"):
        batch("b", takes=Item, role="admin", most=0)
    with pytest.raises(ContractError, match="function"):
        batch("b", takes=Item, each="yes")  # type: ignore[arg-type]
    with pytest.raises(ContractError, match="name="):
        crud(lambda number: None, "id", out=InvoiceOut, by="owner_id")
    with pytest.raises(ContractError, match="name of an action"):
        admin_only(" ")


def test_a_contract_that_was_not_asked_for_says_what_is_missing() -> None:
    def load_invoice(number: int) -> Invoice | None:
        return None

    made = crud(load_invoice, "id", out=InvoiceOut, by="owner_id")
    assert made.name == "invoice"
    for operation, hint in (("create", "create=Model"), ("update", "update=Model"), ("list", "mine=")):
        with pytest.raises(ContractError, match=hint):
            getattr(made, operation)
    with pytest.raises(AttributeError):
        made.other  # noqa: B018
    listed = crud(load_invoice, "id", out=InvoiceOut, by="owner_id", mine=lambda principal: principal.id)
    assert Guarantee.OWNED in listed.list.guarantees


def test_contracts_say_in_words_what_they_promise() -> None:
    words = invoices.describe()
    assert "at most 4/minute of invoice_update per caller" in words
    assert "invoice_deleted goes on record, before it runs too" in words
    assert "the Invoice named by invoice_id is the caller's own" in words
    everything = {
        Guarantee.AUTHENTICATED, Guarantee.OWNED, Guarantee.VALIDATED, Guarantee.LIMITED, Guarantee.AUDITED, Guarantee.SHAPED,
    }  # fmt: skip
    assert invoices.update.guarantees == everything
