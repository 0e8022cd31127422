"""Object, rules, body, output check and record in one transaction, on a real database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from pydantic import BaseModel
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from counterseal import (
    Call,
    Denied,
    Principal,
    Security,
    acting_as,
    audit_log,
    contract,
    invariant,
    owns,
    public,
    retry,
    returns,
    rule,
    scoped,
    validates,
)
from tests.contracts.kit import Kept


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Wallet(Base):
    __tablename__ = "wallets"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    balance: Mapped[int]


class Payment(BaseModel):
    amount: int


class WalletOut(BaseModel):
    id: int
    balance: int


ANN = Principal(id="1", roles=frozenset({"user"}))
BOB = Principal(id="2", roles=frozenset({"user"}))
AUDITOR = Principal(id="9", roles=frozenset({"auditor"}))


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[sessionmaker[Session]]:
    engine = create_engine(f"sqlite:///{tmp_path / 'app.db'}")
    Base.metadata.create_all(engine)
    made = sessionmaker(engine)
    with made.begin() as session:
        session.add_all([Account(id=1, name="ann"), Account(id=2, name="bob")])
        session.add_all([Wallet(id=10, owner_id=1, balance=100), Wallet(id=20, owner_id=2, balance=50)])
    yield made
    engine.dispose()


@pytest.fixture
def trail() -> Kept:
    return Kept()


@pytest.fixture
def security(sessions: sessionmaker[Session], trail: Kept) -> Security:
    return Security(unit_of_work=sessions.begin, ledger=trail)


def balance(sessions: sessionmaker[Session], wallet: int) -> int:
    with sessions() as session:
        return session.execute(select(Wallet.balance).where(Wallet.id == wallet)).scalar_one()


@contract(
    requires=[owns(Wallet, "wallet_id", by="owner_id", also=("auditor",)), validates(Payment)],
    ensures=[returns(WalletOut), audit_log("withdraw")],
    invariants=[invariant("a balance is never negative", lambda call: call.object.balance >= 0)],
    layer="business",
)
def withdraw(wallet: Wallet, payment: Payment) -> WalletOut:
    wallet.balance -= payment.amount
    return wallet  # type: ignore[return-value]


def test_the_owner_gets_the_object_and_the_change_is_committed(sessions: sessionmaker[Session], security: Security) -> None:
    with acting_as(ANN, security):
        out = withdraw(10, Payment(amount=30))
    assert out == WalletOut(id=10, balance=70)
    assert balance(sessions, 10) == 70


@pytest.mark.parametrize("wallet", [20, 99, "20", "x", None, "9" * 40])
def test_another_owner_and_no_object_are_refused_alike(
    wallet: object, sessions: sessionmaker[Session], security: Security
) -> None:
    with acting_as(ANN, security), pytest.raises(Denied) as refused:
        withdraw(wallet, Payment(amount=30))
    assert (refused.value.status, refused.value.code) == (404, "not-found")
    assert balance(sessions, 20) == 50


def test_a_role_may_be_let_in(security: Security) -> None:
    with acting_as(AUDITOR, security):
        assert withdraw(20, Payment(amount=1)).balance == 49


def test_a_broken_invariant_undoes_the_change(sessions: sessionmaker[Session], security: Security, trail: Kept) -> None:
    with acting_as(ANN, security), pytest.raises(Denied) as refused:
        withdraw(10, Payment(amount=500))
    assert refused.value.code == "invariant-broken"
    assert balance(sessions, 10) == 100
    assert trail.outcomes == ["withdraw:failed"]


def test_an_output_without_its_shape_undoes_the_change(sessions: sessionmaker[Session], security: Security) -> None:
    class Strange(BaseModel):
        missing: str

    @contract(owns(Wallet, "wallet_id", by="owner_id"), returns(Strange), layer="business")
    def spend(wallet: Wallet) -> object:
        wallet.balance = 0
        return wallet

    with acting_as(ANN, security), pytest.raises(Denied) as refused:
        spend(10)
    assert refused.value.code == "unshaped-answer"
    assert balance(sessions, 10) == 100


def test_a_record_that_cannot_be_written_undoes_the_change(sessions: sessionmaker[Session], trail: Kept) -> None:
    trail.down = True
    together = Security(unit_of_work=sessions.begin, ledger=trail, record_in_transaction=True)
    with acting_as(ANN, together), pytest.raises(Denied) as refused:
        withdraw(10, Payment(amount=30))
    assert refused.value.status == 503
    assert balance(sessions, 10) == 100


def test_a_body_that_fails_undoes_the_change_and_is_on_record(
    sessions: sessionmaker[Session], security: Security, trail: Kept
) -> None:
    @contract(owns(Wallet, "wallet_id", by="owner_id"), audit_log("drain", privileged=True), layer="business")
    def drain(wallet: Wallet) -> None:
        wallet.balance = 0
        raise ValueError("card 4111 1111 1111 1111")

    with acting_as(ANN, security), pytest.raises(ValueError, match="4111"):
        drain(10)
    assert balance(sessions, 10) == 100
    assert trail.outcomes == ["drain:intent", "drain:failed"]
    assert trail.records[1].reason == "ValueError"
    assert [record.object_id for record in trail.records] == ["10", "10"]  # before it is loaded, too
    assert "4111" not in repr(trail.records)


def test_the_record_names_actor_object_and_changed_fields(security: Security, trail: Kept) -> None:
    with acting_as(ANN, security):
        withdraw(wallet_id=10, payment={"amount": 5})
    record = trail.records[0]
    assert (record.actor, record.object_type, record.object_id, record.outcome) == ("1", "Wallet", "10", "succeeded")
    assert record.changes == {"amount": 5}


def test_a_list_is_narrowed_to_the_callers_own(security: Security) -> None:
    @contract(scoped(Wallet, "wallets", by="owner_id", also=("auditor",)), returns(list[WalletOut]), layer="data")
    def mine(wallets: object, session: Session) -> Any:
        return session.execute(wallets).scalars().all()  # type: ignore[call-overload]

    with acting_as(BOB, security):
        assert [item.id for item in mine()] == [20]
    with acting_as(AUDITOR, security):
        assert [item.id for item in mine()] == [10, 20]


def test_the_caller_cannot_hand_in_the_object_the_session_or_the_principal(security: Security) -> None:
    @contract(owns(Wallet, "wallet_id", by="owner_id"), layer="business")
    def look(wallet: Wallet, principal: Principal, session: Session, call: Call) -> str:
        return principal.id

    forged = Wallet(id=20, owner_id=1, balance=0)
    with acting_as(ANN, security):
        assert look(10) == "1"
        for extra in ({"wallet": forged}, {"principal": BOB}, {"session": None}, {"call": None}):
            with pytest.raises(TypeError):
                look(10, **extra)
        with pytest.raises(TypeError):
            look(10, BOB)


def test_a_passing_failure_is_tried_again_in_a_new_transaction(sessions: sessionmaker[Session], security: Security) -> None:
    tries: list[int] = []

    @contract(owns(Wallet, "wallet_id", by="owner_id"), retry(2, on=(OperationalError,), idempotent=True), layer="business")
    def put(wallet: Wallet) -> int:
        tries.append(wallet.balance)
        wallet.balance = 7
        if len(tries) < 3:
            raise OperationalError("select", None, Exception("locked"))
        return wallet.balance

    with acting_as(ANN, security):
        assert put(10) == 7
    assert tries == [100, 100, 100]
    assert balance(sessions, 10) == 7


def test_inner_calls_share_the_transaction_of_the_outer_one(sessions: sessionmaker[Session], security: Security) -> None:
    @contract(layer="data")
    def book(session: Session) -> None:
        session.add(Wallet(id=30, owner_id=1, balance=1))
        session.flush()

    @contract(rule("never", lambda call: False), layer="data")
    def refuse() -> None: ...

    @contract(owns(Wallet, "wallet_id", by="owner_id"), layer="business")
    def outer(wallet: Wallet) -> None:
        wallet.balance = 1
        book()
        refuse()

    with acting_as(ANN, security), pytest.raises(Denied, match="rule-not-met"):
        outer(10)
    with sessions() as session:
        assert session.get(Wallet, 30) is None
    assert balance(sessions, 10) == 100


@pytest.mark.parametrize("fails", [False, True])
def test_the_record_of_an_inner_call_stands_in_the_transaction_of_the_outer_one(
    sessions: sessionmaker[Session], trail: Kept, fails: bool
) -> None:
    written: list[Any] = []

    class Noting(Kept):
        def write_in(self, connection: Any, record: Any) -> None:
            written.append((connection, record.action, record.outcome))

    ledger = Noting()
    security = Security(unit_of_work=sessions.begin, ledger=ledger, record_in_transaction=True)

    @contract(requires=[owns(Wallet, "wallet_id", by="owner_id")], ensures=[audit_log("inner")], layer="data")
    def draw(wallet: Wallet, amount: int) -> None:
        wallet.balance -= amount

    @contract(ensures=[audit_log("outer")], layer="business")
    def pay(session: Session) -> None:
        draw(10, 5)
        assert written == [(session, "inner", "succeeded")]
        if fails:
            raise RuntimeError("after the inner call")

    with acting_as(ANN, security):
        if fails:
            with pytest.raises(RuntimeError):
                pay()
        else:
            pay()
    assert [action for _, action, _ in written] == (["inner"] if fails else ["inner", "outer"])
    assert len({id(connection) for connection, _, _ in written}) == 1
    assert ledger.outcomes == (["outer:failed"] if fails else [])
    assert balance(sessions, 10) == (100 if fails else 95)


def test_a_session_that_a_framework_hands_over_is_not_the_contracts_to_commit(sessions: sessionmaker[Session]) -> None:
    """So the record does not go into its transaction, which nobody might commit."""
    trail = Kept()
    security = Security(unit_of_work=sessions.begin, ledger=trail, record_in_transaction=True)
    trail.write_in = None  # type: ignore[method-assign,assignment]

    @contract(ensures=[audit_log("handed")], layer="business")
    def pay(session: Session = None) -> None:  # type: ignore[assignment]
        session.commit()

    with acting_as(ANN, security), sessions() as session:
        pay(session=session)
    assert trail.outcomes == ["handed:succeeded"]


def test_who_acts_within_a_call_shares_its_transaction_and_its_request(
    sessions: sessionmaker[Session], security: Security
) -> None:
    seen: list[Call] = []

    @contract(requires=[owns(Wallet, "wallet_id", by="owner_id")], layer="data")
    def read(wallet: Wallet, session: Session, call: Call) -> int:
        seen.append(call)
        return wallet.balance

    @contract(requires=[owns(Wallet, "wallet_id", by="owner_id")], layer="business")
    def look(wallet: Wallet, session: Session, call: Call) -> int:
        wallet.balance = 7
        session.flush()
        seen.append(call)
        with acting_as(BOB):
            with pytest.raises(Denied):
                read(wallet_id=10)
            read(wallet_id=20)
        with acting_as(ANN):
            return read(wallet_id=10)

    with acting_as(ANN, security):
        assert look(10) == 7  # the change that is not committed yet
    assert len({call.request_id for call in seen}) == 1
    assert [call.caller.id for call in seen] == ["1", "2", "1"]


def test_what_stands_in_the_transaction_is_how_it_ended(sessions: sessionmaker[Session]) -> None:
    app, trail = FastAPI(), Kept()
    app.state.counterseal = Security(unit_of_work=sessions.begin, ledger=trail, record_in_transaction=True)

    @app.get("/refused")
    @contract(public(reason="a test"), audit_log("refused"))
    def refused() -> JSONResponse:
        return JSONResponse({"error": "taken"}, 409)

    @app.get("/broken")
    @contract(public(reason="a test"), audit_log("broken"), returns(int, stream=True))
    def broken() -> Iterator[int]:
        yield 1
        raise RuntimeError("after the first byte")

    @app.get("/later")
    @contract(public(reason="a test"), audit_log("later"), returns(int))
    def later(tasks: BackgroundTasks) -> int:
        tasks.add_task(lambda: None)
        return 1

    with TestClient(app, raise_server_exceptions=False) as client:
        for path in ("/refused", "/broken", "/later"):
            client.get(path)
    assert trail.outcomes == ["refused:failed", "broken:failed", "later:succeeded"]
    assert [record.status for record in trail.records] == [409, 200, 200]


def test_an_async_session_is_awaited(tmp_path: Path) -> None:
    pytest.importorskip("aiosqlite")
    from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

    async def run() -> None:
        engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'async.db'}")
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        made = async_sessionmaker(engine)
        async with made.begin() as session:
            session.add_all([Account(id=1, name="ann"), Wallet(id=10, owner_id=1, balance=100)])

        @contract(owns(Wallet, "wallet_id", by="owner_id"), returns(WalletOut), layer="business")
        async def halve(wallet: Wallet) -> Any:
            wallet.balance //= 2
            return wallet

        with acting_as(ANN, Security(unit_of_work=made.begin)):
            assert (await halve(10)).balance == 50
        with acting_as(BOB, Security(unit_of_work=made.begin)), pytest.raises(Denied):
            await halve(10)
        await engine.dispose()

    asyncio.run(run())
