"""The function that stands in the place of the one under contract."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from inspect import Parameter, Signature
from types import FunctionType, ModuleType
from typing import Any

from counterseal.enforce.contract.acting import configured
from counterseal.enforce.contract.answers import Edge, around, refuse, rendered
from counterseal.enforce.contract.disarm import disarm
from counterseal.enforce.contract.drive import drive, drive_async
from counterseal.enforce.contract.plan import Plan, compile_plan
from counterseal.enforce.contract.procedure import admission, finished, procedure
from counterseal.enforce.contract.sockets import Watcher
from counterseal.enforce.contract.spec import Spec
from counterseal.enforce.contract.target import require_function, target
from counterseal.enforce.core.adapter import Adapter
from counterseal.enforce.core.call import Call, current
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.exchange import Exchange
from counterseal.enforce.core.security import Security

MARK = "__counterseal__"
"""Set on a function under contract: its `Guard`. `seal` finds it in a routing table."""
Adapters = Callable[[], Sequence[Adapter]]
"""The adapters of the frameworks that this process has imported so far."""


@dataclass(slots=True)
class Guard:
    """A contract in force on one function."""

    plan: Plan
    body: FunctionType
    adapters: Sequence[Adapter]
    detect: Adapters
    function: Any = None
    """The function that frameworks and callers hold."""
    known: frozenset[str] = frozenset()
    """What callers of a service function may give."""

    def __post_init__(self) -> None:
        self.known = frozenset(self.plan.given)

    @property
    def spec(self) -> Spec:
        """The contract."""
        return self.plan.spec

    def enter(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Call, Edge | None]:
        """What is known when the function is called: by a framework, or within another call.

        Raises:
            Denied: it was called in neither way.
        """
        parent = current.get()
        found = self._find(args, kwargs, parent)
        if found is None:
            return self._within(parent, args, kwargs), None
        adapter, exchange = found
        answers = adapter.answers(exchange, self.function)
        if parent is not None and (_same(parent, exchange) or (adapter.ambient and not answers)):
            return self._within(parent, args, kwargs), None
        edge = Edge(adapter, exchange, answers)
        call = exchange.kept(self) or self._begin(adapter, exchange)
        if exchange.kind == "websocket":
            exchange.watch(Watcher(self.plan, call))
        given = adapter.arguments(exchange, args, kwargs, self.plan.wanted)
        call.arguments.update(given)
        if self.plan.target.identifiers:
            # The ids that the body is called with are the ones to check: a view in between may have put others in their place.
            named = {**kwargs, **given}
            call.identifiers = {name: named[name] for name in self.plan.target.identifiers if name in named}
        if self.plan.takes_rest:
            call.arguments.update((name, value) for name, value in kwargs.items() if name not in self.plan.target.supplied)
        return call, edge

    def _begin(self, adapter: Adapter, exchange: Exchange) -> Call:
        security = adapter.security(exchange) or configured() or _UNCONFIGURED
        call = Call(self.plan.target.name, security, exchange, {})
        call.action = self.plan.action
        return call

    async def admit(self, adapter: Adapter, exchange: Exchange) -> None:
        """Limits, identity, role and input of a request, ahead of the call that the framework is about to make.

        Raises:
            Exception: the framework's own, which makes it refuse.
        """
        call = self._begin(adapter, exchange)
        call.on_loop = True
        try:
            await drive_async(admission(self.plan, call))
        except Denied as denial:
            status, body, headers = rendered(call, exchange, denial)
            raise adapter.refusal(exchange, status, body, headers) from None
        exchange.keep(self, call)

    def _find(self, args: tuple[Any, ...], kwargs: dict[str, Any], parent: Call | None) -> tuple[Adapter, Exchange] | None:
        for adapter in self.adapters:
            exchange = adapter.find(args, kwargs)
            if exchange is not None:
                return adapter, exchange
        if parent is None:
            # A framework may have been imported after this function was defined.
            self.adapters = self.detect()
            for adapter in self.adapters:
                exchange = adapter.find(args, kwargs)
                if exchange is not None:
                    return adapter, exchange
        return None

    def _within(self, parent: Call | None, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        """A call of a service function: inside a request, or as `acting_as` says."""
        if parent is None:
            raise Denied(
                401, "not-authenticated", f"{self.plan.target.name} was called outside a request and without acting_as()"
            )
        plan = self.plan
        given = {**dict(zip(plan.given, args, strict=False)), **kwargs} if args else kwargs
        if len(args) > len(plan.given) or not given.keys() <= self.known:
            self._refuse_strange(given)
        call = Call(plan.target.name, parent.security, parent.exchange, given, parent)
        call.action = plan.action
        if plan.target.identifiers:
            call.identifiers = {name: given[name] for name in plan.target.identifiers if name in given}
            call.arguments = {name: value for name, value in given.items() if name not in plan.only_ids}
        return call

    def _refuse_strange(self, given: dict[str, Any]) -> None:
        """Arguments that only the contract supplies, or that nobody takes."""
        plan = self.plan
        strange = [name for name in given if name not in self.known]
        if plan.takes_rest and strange and not set(strange) & set(plan.target.supplied):
            return
        words = f"takes {', '.join(plan.given) or 'nothing'}; not {', '.join(strange) or 'more'}"
        raise TypeError(f"{plan.target.name}() {words}")

    def leave(self, call: Call, edge: Edge | None, answer: Any) -> Any:
        """The answer, followed to its end where it has not ended yet."""
        reply = edge.adapter.read(answer) if edge is not None and edge.answers else None
        if edge is None or reply is None or not (reply.streams or reply.trailing):
            return answer
        call.on_loop = edge.adapter.ends_on_loop
        return edge.adapter.follow(
            edge.exchange, answer, around(call), lambda error: finished(self.plan, call, error, reply.status)
        )


def _same(call: Call, exchange: Exchange) -> bool:
    """Whether a call belongs to this very request: one that a handler sends to its own application is another one."""
    return call.exchange is not None and call.exchange.key is exchange.key


_UNCONFIGURED = Security()
"""For an application that nobody configured: knows no one, and says so."""


def guard(spec: Spec, function: object, detect: Adapters) -> Any:
    """Put a contract on a function.

    Args:
        spec: the contract.
        function: what it is put on.
        detect: the adapters of the frameworks imported so far.

    Raises:
        ContractError: the contract cannot be kept on it.
    """
    plain = require_function(function)
    if hasattr(plain, MARK):
        raise target(plain, spec.effective_layer).error("a function has one contract", "combine two with +")
    made = target(plain, spec.effective_layer)
    plan = compile_plan(spec, made)
    kept = Guard(plan, disarm(plain, made.where), detect(), detect)
    wrapper = _async(kept) if made.is_async else _plain(kept)
    functools.update_wrapper(wrapper, plain, updated=())
    # It would lead to the bare function, which does not run.
    del wrapper.__wrapped__
    setattr(wrapper, MARK, kept)
    signature = _exposed(kept)
    wrapper.__signature__ = signature
    wrapper.__annotations__ = {
        item.name: item.annotation for item in signature.parameters.values() if item.annotation is not Parameter.empty
    }
    if signature.return_annotation is not Signature.empty:
        wrapper.__annotations__["return"] = signature.return_annotation
    kept.function = wrapper
    return wrapper


def _exposed(kept: Guard) -> Signature:
    """What frameworks see: the parameters that no clause supplies."""
    made = kept.plan.target
    visible = [
        item.replace(annotation=made.hints.get(item.name, item.annotation))
        for item in made.signature.parameters.values()
        if item.name not in made.supplied
    ]
    # A shaped result is a response already: no framework is to shape it a second time.
    answer = Signature.empty if kept.plan.shaper is not None else made.signature.return_annotation
    full = Signature(visible, return_annotation=answer)
    for adapter in _candidates(kept):
        seen = adapter.expose(full, functools.partial(kept.admit, adapter))
        if seen is not None:
            return seen
    return full


def _candidates(kept: Guard) -> Sequence[Adapter]:
    """The frameworks that the function's annotations name, or else its module; all of them, when neither names one."""
    for used in (_packages(kept.plan.target.hints.values()), _packages(kept.body.__globals__.values())):
        named = [adapter for adapter in kept.adapters if not adapter.packages.isdisjoint(used)]
        if named:
            return named
    return kept.adapters


def _packages(values: Iterable[object]) -> set[str]:
    """The top-level packages that values come from. By type alone: some are proxies that answer nothing outside a request."""
    found = set()
    for value in values:
        kind = type(value)
        if issubclass(kind, ModuleType):
            found.add(vars(value)["__name__"].partition(".")[0])
        else:
            owner = value if issubclass(kind, (type, FunctionType)) else kind
            found.add(str(getattr(owner, "__module__", "")).partition(".")[0])
    return found


def _async(kept: Guard) -> Any:
    plan, body = kept.plan, kept.body

    async def guarded(*args: Any, **kwargs: Any) -> Any:
        call, edge = kept.enter(args, kwargs)
        call.on_loop = True
        token = current.set(call)
        try:
            answer = await drive_async(procedure(plan, call, body, edge))
        except Denied as denial:
            if edge is None:
                raise
            refusal = refuse(call, edge, denial)
            return await refusal if inspect.isawaitable(refusal) else refusal
        finally:
            current.reset(token)
        return kept.leave(call, edge, answer)

    return guarded


def _plain(kept: Guard) -> Any:
    plan, body = kept.plan, kept.body

    def guarded(*args: Any, **kwargs: Any) -> Any:
        call, edge = kept.enter(args, kwargs)
        call.on_loop = False
        token = current.set(call)
        wait = None if edge is None else functools.partial(edge.adapter.wait, edge.exchange)
        try:
            answer = drive(procedure(plan, call, body, edge), wait)
        except Denied as denial:
            if edge is None:
                raise
            return refuse(call, edge, denial)
        finally:
            current.reset(token)
        return kept.leave(call, edge, answer)

    return guarded
