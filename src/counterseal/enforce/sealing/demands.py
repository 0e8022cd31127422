"""What the policy asks of a route, and what its contract lacks of that."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import Parameter
from typing import TYPE_CHECKING

from counterseal.enforce.clauses.auth import Auth
from counterseal.enforce.clauses.rate_limit import RateLimit
from counterseal.enforce.contract.guard import Guard
from counterseal.enforce.core.adapter import Entry
from counterseal.enforce.core.security import Security
from counterseal.enforce.sealing.kinds import kinds_of
from counterseal.guarantees import Guarantee

if TYPE_CHECKING:
    from counterseal.policy import Policy
    from counterseal.policy.routes import RouteRule
    from counterseal.policy.values import Limit

_HANDED = frozenset({"Depends", "Security"})
_FRAMEWORK = frozenset({"Response", "BackgroundTasks"})


def owed(entry: Entry, guard: Guard, policy: Policy) -> frozenset[Guarantee]:
    """The guarantees that a route owes and its contract does not give."""
    kinds = kinds_of(entry, guard.plan.target.name, guard.spec, policy)
    missing = policy.required(entry.method, entry.path, kinds) - guard.spec.guarantees
    if Guarantee.VALIDATED in missing and not _takes_input(entry, guard):
        missing -= {Guarantee.VALIDATED}
    # Read from the code: no clause gives it, and a contract cannot lack it.
    return missing - {Guarantee.CONTAINED}


def asked_without_contract(entry: Entry, policy: Policy) -> frozenset[Guarantee]:
    """What the rules ask of an entry that is open: it gives nothing."""
    rule = policy.route_rule(entry.method, entry.path)
    return rule.demands - rule.excuses.keys()


def shortfalls(entry: Entry, guard: Guard, security: Security, policy: Policy) -> Iterator[tuple[str, str]]:
    """Where a contract gives a guarantee, but less of it than the rule asks for: what, and the clause to write."""
    rule = policy.route_rule(entry.method, entry.path)
    asked = [clause for clause in guard.spec.clauses if isinstance(clause, Auth)]
    if not guard.spec.is_public:
        yield from _role(rule, asked, security, policy)
    limits = [clause for clause in guard.spec.clauses if isinstance(clause, RateLimit)]
    if limits and not all(any(_keeps(clause, limit) for clause in limits) for limit in rule.limits):
        name = limits[0].name
        yield f"the policy limits it to {rule.limit}, the contract to {limits[0].rate}", f'rate_limit("{name}", "{rule.limit}")'


def _role(rule: RouteRule, asked: list[Auth], security: Security, policy: Policy) -> Iterator[tuple[str, str]]:
    if rule.role is not None and not any(_reaches(clause, rule.role, security, policy) for clause in asked):
        yield f"the policy asks for the role {rule.role}, the contract for less", f'auth("{rule.role}")'
    permission = rule.permission
    if permission is not None and not any(item.permission == permission or item.any_of == {permission} for item in asked):
        yield f"the policy asks for the permission {permission}, the contract does not", f'auth(permission="{permission}")'


def _reaches(clause: Auth, role: str, security: Security, policy: Policy) -> bool:
    """Whether everybody whom a clause lets pass may do what the role may."""
    order = [item.name for item in policy.roles]
    enough = security.satisfying(role) & frozenset(order[order.index(role) :] if role in order else (role,))
    return clause.role in enough or bool(clause.any_of and clause.any_of <= enough)


def _keeps(clause: RateLimit, limit: Limit) -> bool:
    """Whether a limit allows no more than another, in any stretch of time."""
    from counterseal.policy import parse_limits

    try:
        own = parse_limits(clause.rate)
    except ValueError:
        return False
    return any(-(-limit.seconds // item.seconds) * item.count <= limit.count for item in own)


def _takes_input(entry: Entry, guard: Guard) -> bool:
    """Whether the body takes anything of the caller's beside what is in the path."""
    target = guard.plan.target
    for name in guard.plan.wanted:
        item = target.signature.parameters[name]
        hint = target.hints.get(name)
        if name == "self" or f"{{{name}}}" in entry.path or f"{{{name}:" in entry.path:
            continue
        if isinstance(hint, type) and hint.__name__ in _FRAMEWORK:
            continue
        if not _is_handed(item, hint):
            return True
    return guard.plan.takes_rest


def _is_handed(item: Parameter, hint: object) -> bool:
    """Whether a dependency hands it over."""
    given = (item.default, *getattr(hint, "__metadata__", ()))
    return any(type(value).__name__ in _HANDED for value in given)
