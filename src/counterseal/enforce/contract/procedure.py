"""One call, from the first limit to the record of its outcome.

Written once, as a generator that yields whatever has to be awaited, so that ``async def`` and ``def`` are kept to the very same
order. `counterseal.enforce.contract.drive` runs it.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Generator
from typing import Any

from counterseal.enforce.clauses.atomic import adapted, ambient, in_its_thread
from counterseal.enforce.clauses.base import Step
from counterseal.enforce.contract.answers import Edge, log, note, shape
from counterseal.enforce.contract.plan import Plan
from counterseal.enforce.contract.recording import persist, reason_of, record
from counterseal.enforce.core.call import Call
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.errors import Unavailable
from counterseal.enforce.core.record import Outcome

Procedure = Generator[Awaitable[Any], Any, Any]
Body = Callable[..., Any]
_pending: set[Any] = set()
"""Records being written for callers who are gone: the event loop itself holds tasks only weakly."""


def procedure(plan: Plan, call: Call, body: Body, edge: Edge | None) -> Procedure:
    """Keep every promise of a contract around one call of its body; the value is what may leave.

    Raises:
        Denied: a clause refused, or something that it rests on failed.
        Exception: whatever the body raised.
    """
    try:
        if not call.admitted:
            yield from _steps(plan.admission, call)
        if plan.audit is not None and plan.audit.privileged:
            yield from _written(plan, call, Outcome.INTENT)
        within = _inside if plan.retry is None and not _opens(plan, call) else _tried
        answer = yield from within(plan, call, body, edge)
    except Exception as error:
        yield from _went_wrong(plan, call, error)
        raise
    except BaseException as error:
        _abandoned(plan, call, error)
        raise
    outcome, status = _result(call, edge, answer)
    if outcome is None:
        return answer
    if plan.audit is not None and not call.recorded:
        yield from _written(plan, call, outcome, status=status)
    if call.security.observers:
        _tell(call, outcome, None)
    return answer


def _result(call: Call, edge: Edge | None, answer: Any) -> tuple[Outcome | None, int | None]:
    """What goes on record of an answer, and its status. No outcome yet: a stream or background work follows.

    What follows the first byte is part of the operation: its end is what goes on record.
    """
    reply = edge.adapter.read(answer) if edge is not None and edge.answers else None
    if reply is not None and (reply.streams or reply.trailing):
        return None, reply.status
    status = call.status if reply is None else reply.status
    return Outcome.SUCCEEDED if status is None or status < 400 else Outcome.FAILED, status


def admission(plan: Plan, call: Call) -> Procedure:
    """The first part of `procedure` by itself: limits, identity, role, input. The second part then goes on with the same call.

    Raises:
        Denied: a clause refused; it is on record.
    """
    try:
        yield from _steps(plan.admission, call)
    except Exception as error:
        yield from _went_wrong(plan, call, error)
        raise
    call.admitted = True


def _steps(steps: tuple[Step, ...], call: Call) -> Procedure:
    """Run clauses one after another. Whatever they raise denies."""
    try:
        for step in steps:
            pending = step(call)
            if pending is not None:
                yield pending
    except Denied:
        raise
    except Exception as error:
        raise _denial(call, error) from error


def _denial(call: Call, error: Exception) -> Denied:
    """What a clause raised, as a denial."""
    if isinstance(error, Unavailable):
        return Denied(503, "unavailable", str(error))
    return _clause_failed(call, error)


def _clause_failed(call: Call, error: Exception) -> Denied:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else "?"
    # The message may hold what a caller sent or a secret: the class and the place are enough to find it.
    log.error("a clause of %s failed: %s at %s (request %s)", call.name, type(error).__qualname__, where, call.request_id)
    return Denied(500, "clause-failed", f"{type(error).__qualname__} in a clause")


def _opens(plan: Plan, call: Call) -> bool:
    """Whether the call takes a session or a transaction."""
    return (
        plan.target.wants_unit
        or (plan.audit is not None and call.security.record_in_transaction)
        or (call.security.unit_of_work is not None and ambient(call.security))
    )


def _in_unit(plan: Plan, call: Call, body: Body, edge: Edge | None) -> Procedure:
    """Object, rules, body, output check and, where they share a database, the record: together or not at all."""
    injected = plan.target.unit
    if plan.target.unit_injected and injected is not None:
        call.unit, call.unit_opened = call.arguments.get(injected), False
    factory = call.security.unit_of_work
    if factory is None or call.unit is not None:
        return (yield from _recorded(plan, call, body, edge))
    manager = adapted(factory(), on_loop=call.on_loop)
    is_async = hasattr(manager, "__aenter__")
    call.unit = (yield manager.__aenter__()) if is_async else manager.__enter__()
    call.unit_opened = True
    try:
        answer = yield from _recorded(plan, call, body, edge)
    except BaseException as error:
        call.recorded = False
        yield from _left(manager, is_async, error)
        raise
    finally:
        call.unit, call.unit_opened = None, False
    yield from _left(manager, is_async, None)
    return answer


def _recorded(plan: Plan, call: Call, body: Body, edge: Edge | None) -> Procedure:
    """What `_inside` does, and the record in the same transaction: of an inner call in that of the outer one."""
    answer = yield from _inside(plan, call, body, edge)
    if plan.audit is not None and call.unit_opened and call.security.record_in_transaction:
        outcome, status = _result(call, edge, answer)
        if outcome is not None:
            yield from _recorded_in_transaction(plan, call, outcome, status)
            call.recorded = True
    return answer


def _left(manager: Any, is_async: bool, error: BaseException | None) -> Procedure:
    """Leave a unit of work: commit at a normal end, roll back at any other."""
    given = (None, None, None) if error is None else (type(error), error, error.__traceback__)
    if is_async:
        yield manager.__aexit__(*given)
    else:
        manager.__exit__(*given)


def _inside(plan: Plan, call: Call, body: Body, edge: Edge | None) -> Procedure:
    """The requirements that are left, the body, and what is ensured of its result."""
    if plan.inside:
        yield from _steps(plan.inside, call)
    if call.security.at_body is not None:
        call.security.at_body(body, call)
    try:
        result = body(**call.arguments)
        if plan.awaits:
            result = yield result
        elif hasattr(result, "__await__"):
            raise _unfinished(result)
        call.result = result
    except Exception as error:
        call.result = result = edge.adapter.raised(error) if edge is not None and edge.answers else None
        if result is None:
            raise
    if plan.after:
        yield from _steps(plan.after, call)
    return result if plan.shaper is None else shape(plan.shaper, call, edge, result)


def _unfinished(result: Any) -> Denied:
    """The work of a plain function that has yet to be awaited would run outside its contract: it does not run."""
    close = getattr(result, "close", None)
    if close is not None:
        close()
    return Denied(500, "clause-failed", "a plain function returned something to be awaited: make the function async")


def _tried(plan: Plan, call: Call, body: Body, edge: Edge | None) -> Procedure:
    """The unit of work, anew after a passing failure where the contract says so."""
    if plan.retry is None:
        return (yield from _in_unit(plan, call, body, edge))
    for _ in range(plan.retry.times):
        try:
            return (yield from _in_unit(plan, call, body, edge))
        except Denied:
            # A refusal does not pass by itself, whatever the contract calls worth another try.
            raise
        except plan.retry.on as error:
            log.info("%s is run again after %s (request %s)", call.name, type(error).__qualname__, call.request_id)
        yield from _pause(plan)
    return (yield from _in_unit(plan, call, body, edge))


def _pause(plan: Plan) -> Procedure:
    seconds = plan.retry.delay if plan.retry is not None else 0.0
    if not seconds:
        return
    if plan.target.is_async:
        import asyncio

        yield asyncio.sleep(seconds)
    else:
        time.sleep(seconds)


def _recorded_in_transaction(plan: Plan, call: Call, outcome: Outcome, status: int | None) -> Procedure:
    ledger = call.security.ledger
    if plan.audit is None or ledger is None or not call.security.record_in_transaction:
        return
    try:
        write = in_its_thread(call.unit, ledger.write_in, on_loop=call.on_loop)
        pending = write(call.unit, record(plan, call, outcome, status=status))
        if pending is not None:
            yield pending
    except Unavailable as error:
        raise Denied(503, "unavailable", str(error)) from error


def _written(plan: Plan, call: Call, outcome: Outcome, *, status: int | None = None, reason: str | None = None) -> Procedure:
    """Put an outcome on record; what cannot go on record is refused."""
    try:
        pending = persist(plan, call, record(plan, call, outcome, status=status, reason=reason))
        if pending is not None:
            yield pending
    except Denied:
        raise
    except Exception as error:
        raise _denial(call, error) from error


def _went_wrong(plan: Plan, call: Call, error: Exception) -> Procedure:
    """A denial or a failure goes on record too."""
    denial = error if isinstance(error, Denied) else None
    outcome = Outcome.FAILED if denial is None or denial.status == 500 else Outcome.DENIED
    if denial is not None:
        note(call, denial)
    _tell(call, outcome, denial)
    if plan.audit is None or call.security.ledger is None:
        return
    try:
        yield from _written(plan, call, outcome, status=None if denial is None else denial.status, reason=reason_of(error))
    except Denied as second:
        # The call is refused or has failed as it is; that it is not on record has to be known to somebody.
        log.error("not on record: %s of %s (request %s): %s", outcome, call.name, call.request_id, second.reason)


def _abandoned(plan: Plan, call: Call, error: BaseException) -> None:
    """The caller hung up, or the process ends: nobody waits any more, and the record is written all the same."""
    _tell(call, Outcome.FAILED, None)
    if plan.audit is None or isinstance(error, GeneratorExit):
        return
    pending = persist(plan, call, record(plan, call, Outcome.FAILED, reason=reason_of(error)))
    if pending is not None:
        import asyncio

        task = asyncio.ensure_future(pending)
        _pending.add(task)
        task.add_done_callback(_pending.discard)


def finished(plan: Plan, call: Call, error: BaseException | None, status: int | None) -> Awaitable[None] | None:
    """Put the end of a stream or of background work on record."""
    outcome = Outcome.SUCCEEDED if error is None else Outcome.FAILED
    _tell(call, outcome, None)
    if plan.audit is None:
        return None
    reason = None if error is None else reason_of(error)
    return persist(plan, call, record(plan, call, outcome, status=status, reason=reason))


def _tell(call: Call, outcome: Outcome, denial: Denied | None) -> None:
    for observer in call.security.observers:
        try:
            observer(call, outcome.value, denial)
        except Exception as error:  # noqa: BLE001  a broken gauge decides nothing about the call, and must not hide
            log.error("an observer failed: %s", type(error).__qualname__)
