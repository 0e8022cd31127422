"""`owns`: the caller may touch this very object."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin
from uuid import UUID

from counterseal.enforce.clauses.base import Bound, Clause, Phase, Target
from counterseal.enforce.clauses.given import is_text
from counterseal.enforce.clauses.objects import store_for, unit_of
from counterseal.enforce.clauses.ownership import By, Ownership, ownership, same
from counterseal.enforce.core.call import Call
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.errors import ContractError
from counterseal.enforce.core.principal import Principal
from counterseal.enforce.core.security import Security
from counterseal.guarantees import Guarantee

_MISSING = object()
_UNIONS: tuple[Any, ...] = (Union, UnionType)


@dataclass(frozen=True, slots=True, repr=False)
class Owns(Clause):
    """See `owns`."""

    what: Any
    parameter: str
    ownership: Ownership
    into: str | None
    status: int

    phase = Phase.OBJECT
    guarantee = Guarantee.OWNED

    def bind(self, target: Target) -> Bound:
        words = self.describe()
        handed = target.parameter_for(self._annotation(), self.into, words)
        target.supply(handed, words)
        if handed is not None:
            target.replaced[handed] = self.parameter
        if self.parameter not in target.identifiers:
            target.identifiers.append(self.parameter)
        return Bound(before=_Check(self, _loader(self.what, target, words), handed).step)

    def _annotation(self) -> Any:
        """The type that a handler's parameter for the object is annotated with."""
        if isinstance(self.what, type):
            return self.what
        return _returned(self.what)

    @property
    def model_name(self) -> str:
        """The kind of object, in one word."""
        return self.ownership.model.rpartition(".")[2]

    def check(self, security: Security, target: Target) -> None:
        if self.ownership.resolved(security) is None:
            hint = f'write owns(..., by="owner_id"), or describe {self.ownership.model} under [resources] in the policy'
            raise target.error(f"{self.describe()}: nothing says whose it is", hint)

    def describe(self) -> str:
        others = f", or has the role {' or '.join(sorted(self.ownership.also))}" if self.ownership.also else ""
        return f"the {self.model_name} named by {self.parameter} is the caller's own{others}"


class _Check:
    """Loads, compares and hands over for one function."""

    def __init__(self, clause: Owns, load: Callable[[Call, Any], Any], handed: str | None) -> None:
        self._clause = clause
        self._load = load
        self._handed = handed

    def step(self, call: Call) -> Awaitable[None] | None:
        found = self._load(call, self._key(call))
        if isinstance(found, Awaitable):
            return self._later(call, found)
        return self._judge(call, found)

    async def _later(self, call: Call, pending: Awaitable[Any]) -> None:
        judged = self._judge(call, await pending)
        if judged is not None:
            await judged

    def _key(self, call: Call) -> Any:
        """The id: from the matched path, or what the caller of a service function gave."""
        name = self._clause.parameter
        key = call.identifiers.get(name, _MISSING)
        if key is _MISSING and call.exchange is not None and call.parent is None:
            key = call.exchange.path_params.get(name, _MISSING)
        if key is _MISSING:
            raise Denied(500, "clause-failed", f"the route has no path parameter {name!r}", clause=self._clause.describe())
        call.object_key = key
        return key

    def _judge(self, call: Call, found: Any) -> Awaitable[None] | None:
        rule = self._clause.ownership.resolved(call.security)
        if rule is None:
            raise Denied(500, "clause-failed", "nothing says whose it is", clause=self._clause.describe())
        if found is None:
            raise self._refusal("there is no such object")
        by, also = rule
        held = True if also and self._clause.ownership.exempt(call, also) else _belongs(call.caller, found, by)
        if isinstance(held, Awaitable):
            return self._judge_later(call, found, held)
        self._hand_over(call, found, held)
        return None

    async def _judge_later(self, call: Call, found: Any, held: Awaitable[object]) -> None:
        self._hand_over(call, found, await held)

    def _hand_over(self, call: Call, found: Any, held: object) -> None:
        if held is not True:
            raise self._refusal("the object is not the caller's")
        call.object = found
        if self._handed is not None:
            call.arguments[self._handed] = found

    def _refusal(self, reason: str) -> Denied:
        # Both cases answer the same, so that the answer does not say whether the object exists.
        code = "not-found" if self._clause.status == 404 else "not-owner"
        return Denied(self._clause.status, code, reason, clause=self._clause.describe())


def _belongs(principal: Principal, found: Any, by: By) -> object:
    if callable(by):
        return by(principal, found)
    field, attribute = by if isinstance(by, tuple) else (by, "id")
    return same(_follow(found, field), principal.get(attribute))


def _follow(found: Any, path: str) -> Any:
    for name in path.split("."):
        if found is None:
            return None
        found = found.get(name) if isinstance(found, dict) else getattr(found, name)
    return found


def _returned(load: Callable[..., Any]) -> Any:
    """What a loader returns when it finds something: ``User`` of ``User | None``, also where annotations are postponed."""
    try:
        given: Any = inspect.get_annotations(load, eval_str=True).get("return", _MISSING)
    except (NameError, AttributeError, SyntaxError, TypeError):
        return _MISSING
    found = [item for item in get_args(given) if item is not NoneType] if get_origin(given) in _UNIONS else [given]
    return found[0] if len(found) == 1 and isinstance(found[0], type) else _MISSING


def _loader(what: Any, target: Target, words: str) -> Callable[[Call, Any], Any]:
    if isinstance(what, type):
        store = store_for(what, target, words)
        target.wants_unit |= store.needs_unit
        return lambda call, key: store.load(unit_of(call, words) if store.needs_unit else None, key)
    return _called(what, target, words)


def _called(load: Callable[..., Any], target: Target, words: str) -> Callable[[Call, Any], Any]:
    """A loader of the application's own: the id first; further parameters by their annotation or name."""
    parameters = list(inspect.signature(load).parameters.values())
    if not parameters:
        raise target.error(f"{words}: the function that loads it takes no id")
    extra = {item.name: _source(item, target, words) for item in parameters[1:] if item.default is inspect.Parameter.empty}
    convert = _key_type(load, parameters[0])

    def loader(call: Call, key: Any) -> Any:
        try:
            value = convert(key)
        except ValueError:
            return None
        return load(value, **{name: give(call) for name, give in extra.items()})

    return loader


def _source(parameter: inspect.Parameter, target: Target, words: str) -> Callable[[Call], Any]:
    kind = str(parameter.annotation)
    if parameter.name == "call" or "Call" in kind:
        return lambda call: call
    if parameter.name == "principal" or "Principal" in kind:
        return lambda call: call.caller
    if parameter.name in ("session", "db", "unit", "connection") or "Session" in kind:
        target.wants_unit = True
        return lambda call: unit_of(call, words)
    raise target.error(
        f"{words}: nobody knows what to give the loader's parameter {parameter.name!r}", "it may take call, principal, session"
    )


def _key_type(load: Callable[..., Any], parameter: inspect.Parameter) -> Callable[[Any], Any]:
    kind = parameter.annotation
    if isinstance(kind, str):
        kind = {"int": int, "UUID": UUID, "uuid.UUID": UUID, "str": str}.get(kind, kind)
    if kind in (int, UUID):
        return lambda key: key if isinstance(key, kind) else kind(str(key))
    return lambda key: key


def owns(
    what: Any, parameter: str, *, by: By | None = None, also: Collection[str] = (), into: str | None = None, deny: int = 404
) -> Clause:
    """The caller may touch this very object. It is loaded once, checked, and handed to the function instead of its id.

    Args:
        what: a model class (SQLAlchemy, SQLModel, Django), or a function that takes the id and returns the object or ``None``.
            Such a function may also take ``call``, ``principal`` and ``session``, and may be async.
        parameter: the path parameter with the id; for service functions, the argument.
        by: whose it is: the field that must equal the principal's id, a pair of the field and the principal's attribute, or
            a function of principal and object that returns ``True``. Without it the policy's resource decides.
        also: roles that may touch every such object.
        into: the name of the function's parameter, when its annotation does not say.
        deny: what a refusal answers: 404, the same as for an object that does not exist, or 403.

    Raises:
        ContractError: an argument that cannot be meant.
    """
    if not (isinstance(what, type) or callable(what)):
        raise ContractError(f"owns() takes a model class or a function that loads the object, not {what!r}")
    if not is_text(parameter):
        raise ContractError("owns() needs the name of the parameter with the id", 'write owns(Invoice, "invoice_id")')
    if deny not in (403, 404):
        raise ContractError("owns(deny=...) is 403 or 404")
    return Owns(what, parameter, ownership(what, by, also), into, deny)
