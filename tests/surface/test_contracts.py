"""Contracts in the code: what they promise shows as enforced, what they do not does not."""

from __future__ import annotations

from textwrap import dedent

import pytest

from counterseal.audit.result import RouteKind
from counterseal.audit.rules._shared.access_exposed import exposed
from counterseal.audit.rules.resources import unbounded_body
from counterseal.guarantees import Guarantee, State
from counterseal.policy import Policy
from tests.surface.apps import surface

HEAD = """
from fastapi import APIRouter, FastAPI
from flask import Flask
from pydantic import BaseModel
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
import counterseal
from counterseal import Principal, audit_log, auth, contract, owns, public, rate_limit, returns, scoped, validates

class Base(DeclarativeBase):
    pass

class Invoice(Base):
    __tablename__ = "invoices"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int]
    amount: Mapped[int]

class InvoiceUpdate(BaseModel):
    amount: int

class InvoiceOut(BaseModel):
    id: int

app = FastAPI(openapi_url=None)
CHECKED = contract(requires=[auth("user"), validates(InvoiceUpdate), owns(Invoice, "invoice_id", by="owner_id")])
"""
EVERYTHING = {
    Guarantee.AUTHENTICATED,
    Guarantee.AUTHORIZED,
    Guarantee.OWNED,
    Guarantee.VALIDATED,
    Guarantee.LIMITED,
    Guarantee.AUDITED,
    Guarantee.SHAPED,
}


def enforced(source: str) -> set[Guarantee]:
    """The guarantees that a contract enforces on the route of a source."""
    route = next(route for route in surface(HEAD + dedent(source)).routes if route.kind is RouteKind.HTTP)
    return {guarantee for guarantee, cell in route.cells.items() if cell.state is State.ENFORCED}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            """
            @app.patch("/invoices/{invoice_id}")
            @contract(
                requires=[auth("user"), validates(InvoiceUpdate), owns(Invoice, "invoice_id"), rate_limit("x", "5/minute")],
                ensures=[audit_log("update"), returns(InvoiceOut)],
            )
            async def update(invoice: Invoice, changes: InvoiceUpdate) -> InvoiceOut:
                invoice.amount = changes.amount
                return invoice
            """,
            EVERYTHING,
        ),
        (
            """
            @app.patch("/invoices/{invoice_id}")
            @(CHECKED + contract(auth("user"), audit_log("update")))
            def update(invoice: Invoice, changes: InvoiceUpdate):
                return {}
            """,
            EVERYTHING - {Guarantee.LIMITED, Guarantee.SHAPED},
        ),
        (
            """
            @app.get("/me")
            @counterseal.contract(counterseal.auth())
            def me(principal: Principal):
                return {"id": principal.id}
            """,
            {Guarantee.AUTHENTICATED},
        ),
        (
            """
            @app.get("/news")
            @contract(public(reason="news are for everybody"))
            def news():
                return {}
            """,
            set(),
        ),
        (
            """
            @contract(auth("admin"))
            @app.get("/wrong")
            def wrong():
                return {}
            """,
            set(),
        ),
        (
            """
            site = Flask(__name__)

            @site.post("/invoices/<int:invoice_id>")
            @contract(auth(any_of=["admin", "clerk"]), owns(Invoice, "invoice_id", by="owner_id", into="invoice"))
            def pay(invoice):
                invoice.amount = 0
                return {}
            """,
            {Guarantee.AUTHENTICATED, Guarantee.AUTHORIZED, Guarantee.OWNED},
        ),
    ],
)
def test_what_a_contract_promises_is_enforced(source: str, expected: set[Guarantee]) -> None:
    assert enforced(source) == expected


def test_a_public_contract_on_a_change_is_the_policys_to_excuse() -> None:
    (route,) = surface(
        HEAD
        + dedent("""
            @app.delete("/invoices/{invoice_id}")
            @contract(public(reason="because I say so"))
            def remove(invoice_id: int):
                return {}
            """)
    ).routes
    assert route.cells[Guarantee.AUTHENTICATED].state is State.MISSING


def test_an_object_that_the_contract_hands_over_is_no_input() -> None:
    (route,) = surface(
        HEAD
        + dedent("""
            @app.patch("/invoices/{invoice_id}")
            @CHECKED
            def update(invoice: Invoice, changes: InvoiceUpdate):
                invoice.amount = changes.amount
                return {}
            """)
    ).routes
    assert {item.type for item in route.inputs} == {"InvoiceUpdate"}


INSIDE = """
class Card(Base):
    __tablename__ = "cards"
    id: Mapped[int] = mapped_column(primary_key=True)
    password_hash: Mapped[str]

class CardOut(BaseModel):
    id: int

@contract(requires=[auth(permission="cards:read")], layer="{layer}")
def find(session: Session) -> Card:
    return session.scalars(select(Card)).one()

@app.post("/cards")
@contract(public(reason="the program itself looks"), validates(InvoiceUpdate){shaped})
def ask(given: InvoiceUpdate):
    with acting_as(Principal(id="program")):
        return find()
"""
IMPORTS = "from sqlalchemy import select\nfrom sqlalchemy.orm import Session\nfrom counterseal import acting_as\n"


@pytest.mark.parametrize("layer", ["business", "data"])
def test_a_function_of_an_inner_layer_never_says_who_is_calling(layer: str) -> None:
    (route,) = surface(HEAD + IMPORTS + INSIDE.format(layer=layer, shaped="")).routes
    assert route.cells[Guarantee.AUTHENTICATED].state is State.MISSING
    assert route.cells[Guarantee.AUTHORIZED].state is not State.ENFORCED


@pytest.mark.parametrize(
    ("shaped", "expected"), [(", returns(CardOut)", []), (", returns(list[CardOut])", []), ("", ["password_hash"])]
)
def test_the_declared_answer_is_what_leaves(shaped: str, expected: list[str]) -> None:
    found = surface(HEAD + IMPORTS + INSIDE.format(layer="data", shaped=shaped))
    (route,) = found.routes
    assert [each.name for each in exposed(route, found, Policy())] == expected


def test_a_contract_reads_no_more_of_a_body_than_the_application_allows() -> None:
    bounded = "\nfrom pydantic import Field\nclass Note(BaseModel):\n    text: str = Field(max_length=10)\n"
    plain = surface(HEAD + bounded + "@app.post('/notes')\ndef note(given: Note):\n    return {}\n")
    sealed = surface(
        HEAD
        + bounded
        + "@app.post('/notes')\n@contract(public(reason='x'), validates(Note))\ndef note(given: Note):\n    return {}\n"
    )
    assert [len(list(unbounded_body.RULE.check(found, Policy()))) for found in (plain, sealed)] == [1, 0]


def test_passwords_and_tokens_of_our_identities_are_known() -> None:
    (route,) = surface(
        HEAD
        + dedent("""
            from counterseal.enforce.identity import Passwords, RefreshTokens
            passwords = Passwords()
            refresh = RefreshTokens(None)

            @app.post("/enter")
            def enter(given: InvoiceUpdate):
                if not passwords.verify("x", "y"):
                    return {}
                return {"token": refresh.issue("me")}
            """)
    ).routes
    assert {call.kind for call in route.flow.calls("password-verify", "random-strong")} == {"password-verify", "random-strong"}
