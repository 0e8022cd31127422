"""Contracts for what most applications do. Each is an ordinary contract: it can be put on functions, read, tightened with ``+``.

A template asks for what it cannot know (who, what shape, whose, how often is in the defaults) and guesses nothing that would open
something.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection
from typing import Any, Literal

from counterseal.enforce.api import contract
from counterseal.enforce.clauses.audit_log import audit_log
from counterseal.enforce.clauses.auth import auth
from counterseal.enforce.clauses.csrf import SAFE
from counterseal.enforce.clauses.given import is_count, is_function, is_text
from counterseal.enforce.clauses.ownership import By
from counterseal.enforce.clauses.owns import owns
from counterseal.enforce.clauses.public import public
from counterseal.enforce.clauses.rate_limit import rate_limit
from counterseal.enforce.clauses.returns import returns
from counterseal.enforce.clauses.rule import rule
from counterseal.enforce.clauses.scoped import scoped
from counterseal.enforce.clauses.validates import validates
from counterseal.enforce.contract.decorator import Contract
from counterseal.enforce.core.call import Call
from counterseal.enforce.core.errors import ContractError
from counterseal.enforce.core.principal import Principal
from counterseal.enforce.templates.fields import check_closed, check_input, check_output

Source = Literal["json", "form", "query"]
Each = Callable[[Principal, Any], bool | Awaitable[bool]]
"""Whether the caller may have this item of a batch processed."""


class Crud:
    """The five contracts of `crud`."""

    __slots__ = ("_made", "name")

    def __init__(self, name: str, made: dict[str, Contract]) -> None:
        self.name = name
        self._made = made

    def __getattr__(self, operation: str) -> Contract:
        found: Contract | None = self._made.get(operation)
        if found is None:
            if operation not in _NEEDS:
                raise AttributeError(operation)
            raise ContractError(f"crud() of {self.name} has no contract to {operation}", f"give it {_NEEDS[operation]}")
        return found

    create: Contract
    """Anyone who is known creates an object. The function sets the owner; the caller cannot."""
    read: Contract
    """One object of the caller's own."""
    list: Contract
    """The caller's own objects: the function gets a query that holds no others."""
    update: Contract
    """One object of the caller's own is changed."""
    delete: Contract
    """One object of the caller's own is deleted. That it is about to be goes on record first."""

    def describe(self) -> str:
        """The contracts in words."""
        return "\n".join(f"{operation} {self.name}\n{made.describe()}" for operation, made in self._made.items())


_NEEDS = {
    "create": "create=Model",
    "update": "update=Model",
    "list": "mine=..., a function of the principal that makes the query",
    "read": "nothing more",
    "delete": "nothing more",
}


def crud(
    what: Any,
    parameter: str,
    *,
    out: Any,
    create: Any = None,
    update: Any = None,
    by: By | None = None,
    also: Collection[str] = (),
    role: str | None = None,
    name: str | None = None,
    into: str | None = None,
    query: str = "query",
    mine: Callable[[Principal], Any] | None = None,
    reads: str = "120/minute",
    writes: str = "30/minute",
    allow: Collection[str] = (),
    reveals: Collection[str] = (),
) -> Crud:
    """Contracts to create, read, list, update and delete objects that belong to somebody.

    Args:
        what: a model class, or a function that loads the object by its id: see `owns`.
        parameter: the path parameter with the id.
        out: what leaves of an object.
        create: what a caller gives to create one.
        update: what a caller gives to change one.
        by: whose an object is: see `owns`. Without it the policy decides.
        also: roles that may touch every object.
        role: the role that callers need; ``None``: any known caller.
        name: what limits and records are called by; by default the model's or the function's name.
        into: the function's parameter for the object, when its annotation does not say.
        query: the listing function's parameter for its query.
        mine: makes the query for a principal, where ``what`` is a function.
        reads: how often one caller may read or list.
        writes: how often one caller may create, update or delete.
        allow: fields that callers may set although they usually must not: roles, owners, verified marks.
        reveals: fields that may leave although they usually must not.

    Raises:
        ContractError: a model lets anything through, lets callers set what makes them more than they are, or shows a secret.
    """
    word = name or _name(what)
    owner = by if isinstance(by, str) else by[0] if isinstance(by, tuple) else None
    check_output(out, f"crud() of {word}", reveals)
    for model in (create, update):
        if model is not None:
            check_input(model, f"crud() of {word}", allow, owner)
    own = owns(what, parameter, by=by, also=also, into=into)
    who, shown = auth(role), returns(out)
    made = {"read": contract(who, rate_limit(f"{word}_read", reads), own, shown)}
    listing = mine if mine is not None else what
    if isinstance(listing, type) or mine is not None:
        narrowed = scoped(listing, query, by=by, also=also)
        made["list"] = contract(who, rate_limit(f"{word}_list", reads), narrowed, returns(list[out]))
    if create is not None:
        limit, record = rate_limit(f"{word}_create", writes), audit_log(f"{word}_created")
        made["create"] = contract(who, limit, validates(create), record, shown)
    if update is not None:
        limit, record = rate_limit(f"{word}_update", writes), audit_log(f"{word}_updated")
        made["update"] = contract(who, limit, validates(update), own, record, shown)
    limit, record = rate_limit(f"{word}_delete", writes), audit_log(f"{word}_deleted", privileged=True)
    made["delete"] = contract(who, limit, own, record, returns(out | None))
    return Crud(word, made)


def admin_only(
    action: str,
    *,
    role: str | None = "admin",
    permission: str | None = None,
    takes: Any = None,
    source: Source = "json",
    out: Any = None,
    rate: str = "60/minute",
    reveals: Collection[str] = (),
) -> Contract:
    """A contract for what only administrators do. Every call is on record before it runs and after.

    Args:
        action: what is done, in the application's words.
        role: the role that callers need.
        permission: a permission that they need too.
        takes: the input's model; ``None``: there is none.
        source: where the input is.
        out: the answer's model; ``None``: the answer is empty.
        rate: how often one caller may.
        reveals: fields that may leave although they usually must not.

    Raises:
        ContractError: neither a role nor a permission is asked for, or a model lets anything through.
    """
    words = f"admin_only({action!r})"
    if role is None and permission is None:
        raise ContractError(f"{words} asks for neither a role nor a permission")
    clauses = [auth(role, permission=permission), rate_limit(_slug(action), rate), audit_log(action, privileged=True)]
    return contract(*clauses, *_shapes(words, takes, source, out, reveals, None))


def public_api(
    reason: str,
    *,
    name: str,
    out: Any,
    takes: Any = None,
    source: Source = "query",
    rate: str = "60/minute",
    changes: str | None = None,
    allow: Collection[str] = (),
    reveals: Collection[str] = (),
) -> Contract:
    """A contract for what anyone may call. Anonymous callers are admitted, and limited by their address.

    Unless it says what it ``changes``, it answers only to methods that change nothing.

    Args:
        reason: why anyone may call, in words that a reviewer can agree or disagree with.
        name: what is limited.
        out: the answer's model.
        takes: the input's model; ``None``: there is none.
        source: where the input is.
        rate: how often one client may.
        changes: for an operation that changes something (signing up, a contact form): what is done, for the record.
        allow: fields that callers may set although they usually must not.
        reveals: fields that may leave although they usually must not.

    Raises:
        ContractError: there is no reason, or a model lets anything through, or callers could make themselves more than they are.
    """
    words = f"public_api({name!r})"
    if out is None:
        raise ContractError(f"{words} does not say what leaves", "give it out=Model")
    clauses = [public(reason), rate_limit(name, rate, per="client")]
    if changes is None:
        clauses.append(rule("nothing is changed by what anyone may call", _only_reads))
    else:
        clauses.append(audit_log(changes))
    return contract(*clauses, *_shapes(words, takes, source, out, reveals, allow))


def batch(
    action: str,
    *,
    takes: Any,
    each: Each | None = None,
    role: str | None = None,
    out: Any = None,
    most: int = 100,
    rate: str = "1000/minute",
    allow: Collection[str] = (),
    reveals: Collection[str] = (),
) -> Contract:
    """A contract for one operation on many items. The body is a list of them, and each counts against the limit.

    Args:
        action: what is done, in the application's words.
        takes: the model of one item; the function gets a ``list`` of them.
        each: given the principal and an item, returns ``True`` if the caller may have it processed. May be async.
        role: the role that callers need. One of ``each`` and ``role`` has to be given.
        out: the answer's model; ``None``: the answer is empty.
        most: the most items of one call.
        rate: how many items one caller may have processed.
        allow: fields that callers may set although they usually must not.
        reveals: fields that may leave although they usually must not.

    Raises:
        ContractError: nothing says whose the items are, or a model lets anything through.
    """
    words = f"batch({action!r})"
    if each is None and role is None:
        raise ContractError(f"{words} does not say who may have which items processed", "give each=..., or role=...")
    if each is not None and not is_function(each):
        raise ContractError(f"{words}: each=... is a function of the principal and an item")
    if not is_count(most):
        raise ContractError(f"{words}: most=... is a number from 1")
    clauses = [auth(role), rate_limit(_slug(action), rate, cost=_items), audit_log(action)]
    clauses.append(rule(f"a call has at most {most} items", lambda call: len(call.input) <= most, status=422))
    if each is not None:
        clauses.append(rule("each item is one that the caller may have processed", _every(each)))
    return contract(*clauses, *_shapes(words, list[takes], "json", out, reveals, allow))


def _shapes(
    words: str, takes: Any, source: Source, out: Any, reveals: Collection[str], allow: Collection[str] | None
) -> list[object]:
    """Input and output; ``allow`` is ``None`` where callers may set everything that the model has."""
    clauses: list[object] = []
    if takes is not None:
        if allow is None:
            check_closed(takes, words)
        else:
            check_input(takes, words, allow)
        clauses.append(validates(takes, source=source))
    if out is not None:
        check_output(out, words, reveals)
    clauses.append(returns(out))
    return clauses


def _only_reads(call: Call) -> bool:
    return call.exchange is not None and call.exchange.kind == "http" and call.exchange.method in SAFE


def _items(call: Call) -> int:
    # A call without items is a call too.
    return max(1, len(call.input))


def _every(each: Each) -> Callable[[Call], object]:
    async def rest(call: Call, items: list[Any], pending: Awaitable[bool]) -> bool:
        if await pending is not True:
            return False
        for item in items:
            held = each(call.caller, item)
            if (await held if isinstance(held, Awaitable) else held) is not True:
                return False
        return True

    def check(call: Call) -> object:
        items = list(call.input)
        for number, item in enumerate(items, 1):
            held = each(call.caller, item)
            if isinstance(held, Awaitable):
                return rest(call, items[number:], held)
            if held is not True:
                return False
        return True

    return check


def _name(what: Any) -> str:
    word = getattr(what, "__name__", "")
    if not isinstance(what, type):
        word = re.sub(r"^(load|get|find|fetch)_", "", word)
    if not is_text(word) or word == "<lambda>":
        raise ContractError("crud() does not know what its objects are called", 'give it name="invoice"')
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word).lower()


def _slug(action: str) -> str:
    """An action as the name of a limit."""
    if not is_text(action):
        raise ContractError("a template needs the name of an action", 'write "user_banned"')
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", action.strip())
