"""A contract compiled for one function: the steps, in their order, and nothing to look up per call."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from counterseal.enforce.clauses.audit_log import AuditLog
from counterseal.enforce.clauses.auth import Auth, not_authenticated
from counterseal.enforce.clauses.base import Clause, Phase, Step, Target
from counterseal.enforce.clauses.csrf import IMPLIED, Csrf
from counterseal.enforce.clauses.retry import Retry
from counterseal.enforce.clauses.returns import Returns, Shaper
from counterseal.enforce.contract.spec import Spec
from counterseal.enforce.core.call import Call
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.identity import Identity
from counterseal.enforce.core.principal import Principal
from counterseal.enforce.core.security import Security


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done around the body of one function."""

    spec: Spec
    target: Target
    clauses: tuple[Clause, ...]
    """The contract's own, and those that it implies."""
    admission: tuple[Step, ...]
    """Before a unit of work is opened: limits, identity, role, input."""
    inside: tuple[Step, ...]
    """In the unit of work, before the body: objects, rules, invariants."""
    after: tuple[Step, ...]
    """In the unit of work, after the body: invariants."""
    awaits: bool
    """Whether the body's result is to be awaited."""
    shaper: Shaper | None
    audit: AuditLog | None
    retry: Retry | None
    wanted: tuple[str, ...]
    """The body's parameters that no clause supplies, in its order."""
    given: tuple[str, ...]
    """What callers of a service function give, in order: the body's parameters, with the id in the place of an object."""
    only_ids: frozenset[str]
    """Those of them that the body itself does not take."""
    takes_rest: bool
    """Whether the body takes further arguments by name (``**kwargs``)."""

    @property
    def action(self) -> str:
        """What is done, in the application's words where it has said them."""
        return self.target.name if self.audit is None else self.audit.action

    def check(self, security: Security) -> None:
        """Whether an application's settings let the contract be kept.

        Raises:
            ContractError: they do not.
        """
        for clause in self.clauses:
            clause.check(security, self.target)
        if not self.spec.is_public and self.spec.only(Auth) is None:
            Auth(None, None, frozenset()).check(security, self.target)
        target = self.target
        if target.wants_unit and target.unit is None and security.unit_of_work is None:
            raise target.error("loading objects takes a session", "give Security unit_of_work=..., or take one as a parameter")
        if target.unit is not None and not target.unit_injected and security.unit_of_work is None:
            raise target.error(f"nobody supplies the session {target.unit!r}", "give Security unit_of_work=...")


def compile_plan(spec: Spec, target: Target) -> Plan:
    """Bind every clause to a function.

    Raises:
        ContractError: a promise cannot be kept on this function.
    """
    clauses: list[Clause] = list(spec.clauses)
    if not target.layer.inner and not any(isinstance(clause, Csrf) for clause in clauses):
        clauses.append(IMPLIED)
    steps: list[tuple[Phase, Step]] = [(Phase.IDENTITY, _identify(spec, target))]
    after: list[Step] = []
    for clause in clauses:
        bound = clause.bind(target)
        if bound.before is not None:
            steps.append((clause.moment(), bound.before))
        if bound.after is not None:
            after.append(bound.after)
    steps.extend(_own_arguments(target))
    steps.sort(key=lambda item: item[0])
    output = spec.only(Returns)
    if target.streams and output is None:
        raise target.error(f"{target.name} is a generator", "declare what it yields with returns(Model, stream=True)")
    parameters = target.signature.parameters
    rest = [name for name, item in parameters.items() if item.kind is item.VAR_KEYWORD]
    wanted = tuple(name for name in parameters if name not in target.supplied and name not in rest)
    given = _given(target, rest)
    return Plan(
        spec,
        target,
        tuple(clauses),
        tuple(step for phase, step in steps if phase < Phase.OBJECT),
        tuple(step for phase, step in steps if phase >= Phase.OBJECT),
        tuple(after),
        target.is_async and not target.streams,
        None if output is None else output.shaper(target),
        spec.only(AuditLog),
        spec.only(Retry),
        wanted,
        given,
        frozenset(target.identifiers).difference(wanted),
        bool(rest),
    )


def _given(target: Target, rest: list[str]) -> tuple[str, ...]:
    """See `Plan.given`."""
    names = [
        target.replaced.get(name, name)
        for name in target.signature.parameters
        if name not in rest and (name not in target.supplied or name in target.inputs or name in target.replaced)
    ]
    return tuple(dict.fromkeys((*names, *target.identifiers)))


def _own_arguments(target: Target) -> list[tuple[Phase, Step]]:
    """The steps that hand over the principal, the call and the session."""
    steps: list[tuple[Phase, Step]] = []
    for name, source in target.supplied.items():
        if source == "the contract (principal)":
            steps.append((Phase.INPUT, _give_principal(name)))
        elif source == "the contract (call)":
            steps.append((Phase.INPUT, _give_call(name)))
        elif source == "the unit of work":
            steps.append((Phase.OBJECT, _give_unit(name)))
    return steps


def _give_principal(name: str) -> Step:
    def step(call: Call) -> None:
        call.arguments[name] = call.principal

    return step


def _give_call(name: str) -> Step:
    def step(call: Call) -> None:
        call.arguments[name] = call

    return step


def _give_unit(name: str) -> Step:
    def step(call: Call) -> None:
        if call.unit is None:
            raise Denied(503, "unavailable", "no unit of work is configured")
        call.arguments[name] = call.unit

    return step


def _identify(spec: Spec, target: Target) -> Step:
    """Who is calling: asked of the identities at the edge, taken from the outer call within it."""
    if not spec.is_public:
        inner = target.layer.inner

        def required(call: Call) -> Awaitable[None] | None:
            if call.exchange is None or call.parent is not None:
                _inherit(call)
                if call.principal is None:
                    raise not_authenticated(call.security, "the caller is known", "nobody is established as the caller")
                return None
            if inner:
                raise Denied(401, "not-authenticated", "a function of an inner layer is called without an established principal")
            return _ask(call, call.security.identities)

        return required
    # Who may be anyone is asked only where somebody wants to know: a broken cookie must not close the sign-in page.
    curious = "the contract (principal)" in target.supplied.values() or spec.only(AuditLog) is not None

    def optional(call: Call) -> Awaitable[None] | None:
        if call.exchange is None or call.parent is not None:
            _inherit(call)
            return None
        return _ask_politely(call) if curious else None

    return optional


def _inherit(call: Call) -> None:
    call.principal = None if call.parent is None else call.parent.principal


def _ask(call: Call, identities: tuple[Identity, ...]) -> Awaitable[None] | None:
    exchange = call.exchange
    for number, identity in enumerate(identities):
        found = identity.authenticate(exchange)  # type: ignore[arg-type]
        if found is None:
            continue
        if isinstance(found, Principal):
            call.principal = found
            return None
        return _ask_later(call, found, identities[number + 1 :])
    raise not_authenticated(call.security, "the caller is known")


async def _ask_later(call: Call, pending: Awaitable[Any], others: tuple[Identity, ...]) -> None:
    found = await pending
    if isinstance(found, Principal):
        call.principal = found
        return
    rest = _ask(call, others)
    if rest is not None:
        await rest


def _ask_politely(call: Call) -> Awaitable[None] | None:
    try:
        pending = _ask(call, call.security.identities)
    except Denied as denial:
        _tolerate(denial)
        return None
    return None if pending is None else _wait_politely(pending)


async def _wait_politely(pending: Awaitable[None]) -> None:
    try:
        await pending
    except Denied as denial:
        _tolerate(denial)


def _tolerate(denial: Denied) -> None:
    """No or bad credentials make an anonymous caller; anything else refuses."""
    if not denial.challenge:
        raise denial
