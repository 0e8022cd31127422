"""The promise under all others: the body runs only after every requirement has held, whatever the order, form or exception."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from counterseal import Call, Denied, Principal, Security, acting_as, contract
from counterseal.enforce.clauses.base import Bound, Clause, Phase, Target
from counterseal.enforce.core.errors import Unavailable
from tests.contracts.kit import Kept


@dataclass(frozen=True, repr=False, eq=False)
class Probe(Clause):
    """A clause that notes when it ran and behaves as told."""

    name: str
    when: Phase
    behaviour: str
    log: list[str] = field(default_factory=list)

    phase = Phase.RULE

    def moment(self) -> Phase:
        return self.when

    def bind(self, target: Target) -> Bound:
        return Bound(before=self._later if self.behaviour.startswith("async") else self._now)

    def _now(self, call: Call) -> None:
        self.log.append(self.name)
        self._act()

    async def _later(self, call: Call) -> None:
        self.log.append(self.name)
        await asyncio.sleep(0)
        self._act()

    def _act(self) -> None:
        match self.behaviour.removeprefix("async "):
            case "denies":
                raise Denied(403, "probe")
            case "breaks":
                raise ZeroDivisionError("secret text of the exception")
            case "is down":
                raise Unavailable("store")
            case "exits":
                raise KeyError

    def describe(self) -> str:
        return self.name


PHASES = [Phase.READY, Phase.CLIENT_LIMIT, Phase.ORIGIN, Phase.ROLE, Phase.CALLER_LIMIT, Phase.INPUT, Phase.INPUT_LIMIT]
PHASES += [Phase.OBJECT, Phase.RULE]
BEHAVIOURS = ["holds", "denies", "breaks", "is down", "exits"]
behaviours = st.sampled_from([*BEHAVIOURS, *(f"async {item}" for item in BEHAVIOURS), *["holds"] * 12, *["async holds"] * 6])
clauses = st.lists(st.tuples(st.sampled_from(PHASES), behaviours), max_size=7)


def _probes(chosen: list[tuple[Phase, str]], log: list[str]) -> list[Probe]:
    return [Probe(f"{number}", when, behaviour, log) for number, (when, behaviour) in enumerate(chosen)]


def _holds(chosen: list[tuple[Phase, str]]) -> bool:
    return all(behaviour.endswith("holds") for _, behaviour in chosen)


@given(chosen=clauses, order=st.randoms(use_true_random=False), depth=st.integers(1, 3), body_fails=st.booleans())
def test_an_async_body_runs_only_when_every_clause_held(
    chosen: list[tuple[Phase, str]], order: Any, depth: int, body_fails: bool
) -> None:
    log: list[str] = []
    ran: list[int] = []
    probes = _probes(chosen, log)

    def nest(level: int) -> Callable[[], Any]:
        listed = list(probes) if level == depth else []
        order.shuffle(listed)
        half = order.randint(0, len(listed))

        @contract(requires=listed[:half], ensures=listed[half:], layer="business")
        async def body() -> str:
            if level < depth:
                return await nest(level + 1)()  # type: ignore[no-any-return]
            ran.append(level)
            if body_fails:
                raise LookupError("body")
            return "done"

        return body

    async def run() -> str:
        with acting_as(Principal(id="ann"), Security(ledger=Kept())):
            return await nest(1)()  # type: ignore[no-any-return]

    if _holds(chosen) and not body_fails:
        assert asyncio.run(run()) == "done"
        assert ran == [depth]
        by_phase = sorted(range(len(chosen)), key=lambda number: chosen[number][0])
        assert [chosen[int(name)][0] for name in log] == [chosen[number][0] for number in by_phase]
    elif _holds(chosen):
        with pytest.raises(LookupError):
            asyncio.run(run())
        assert ran == [depth]
    else:
        with pytest.raises(Denied):
            asyncio.run(run())
        assert ran == []


@given(chosen=clauses)
def test_a_plain_body_runs_only_when_every_clause_held_and_nothing_had_to_be_awaited(chosen: list[tuple[Phase, str]]) -> None:
    log: list[str] = []
    ran: list[str] = []

    @contract(*_probes(chosen, log), layer="data")
    def body() -> str:
        ran.append("body")
        return "done"

    awaited = any(behaviour.startswith("async") for _, behaviour in chosen)
    with acting_as(Principal(id="ann"), Security()):
        if _holds(chosen) and not awaited:
            assert body() == "done"
        else:
            with pytest.raises(Denied):
                body()
            assert ran == []


class Change(BaseModel):
    name: str


@contract(layer="business")
def rename(change: Change) -> str:
    return change.name


def test_nobody_calls_it_outside_a_request() -> None:
    with pytest.raises(Denied) as refused:
        rename(Change(name="x"))
    assert refused.value.status == 401


def test_a_thread_without_the_context_is_nobody() -> None:
    seen: list[object] = []

    def work() -> None:
        try:
            seen.append(rename(Change(name="x")))
        except Denied as denial:
            seen.append(denial.status)

    with acting_as(Principal(id="ann"), Security()):
        assert rename(Change(name="x")) == "x"
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert seen == [401]


def test_what_a_clause_raised_does_not_go_out(caplog: pytest.LogCaptureFixture) -> None:
    @contract(Probe("p", Phase.RULE, "breaks"), layer="business")
    def body() -> None: ...

    with acting_as(Principal(id="ann"), Security()), pytest.raises(Denied) as refused:
        body()
    assert refused.value.status == 500
    assert "secret text" not in str(refused.value)
    assert "secret text" not in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert "test_order.py" in caplog.text


def _generator() -> Iterator[int]:
    yield 1


def test_a_stream_is_refused_unless_declared() -> None:
    from counterseal import ContractError, auth

    with pytest.raises(ContractError, match=r"returns\(Model, stream=True\)"):
        contract(auth())(_generator)
