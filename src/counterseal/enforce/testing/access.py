"""Cases of who may call: no credentials, wrong ones, too few rights, somebody else's object, another site's page."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from counterseal.enforce.clauses.auth import Auth
from counterseal.enforce.clauses.base import Phase
from counterseal.enforce.clauses.csrf import SAFE, Csrf
from counterseal.enforce.clauses.owns import Owns
from counterseal.enforce.core.principal import Principal
from counterseal.enforce.testing.case import Expected, Failed, refuses
from counterseal.enforce.testing.credentials import Make, is_ambient, trials
from counterseal.enforce.testing.inputs import good
from counterseal.enforce.testing.kind import Kind
from counterseal.enforce.testing.route import Attempt, Route, new_address, new_name
from counterseal.enforce.testing.stage import Stage
from counterseal.enforce.testing.unknown import Unknown

_KNOWN = "the caller is known"
_STRANGER = "counterseal-nobody"
_FOREIGN = "the object is not the caller's"


def kinds(route: Route) -> Iterator[Kind]:
    """The cases of a route."""
    if not route.guard.spec.is_public:
        yield Kind("no identity", _KNOWN, _anonymous)
        for identity in route.security.identities:
            made = trials(identity, route.credentials.get(identity.scheme))
            for name, make in made.items():
                yield Kind(f"{name} {identity.scheme}", _KNOWN, functools.partial(_credentials, make))
        for clause in route.guard.spec.clauses:
            if isinstance(clause, Auth):
                yield from _rights(clause)
            elif isinstance(clause, Owns) and _matters(route, clause):
                yield Kind("other owner", clause.describe(), functools.partial(_other_owner, clause))
    yield from _cross_site(route)


def _expected(phase: Phase, status: int, clause: str, *codes: str) -> Expected:
    return Expected(phase, status, codes, clause)


# Credentials


def _anonymous(stage: Stage) -> None:
    attempt = good(stage.route)
    stage.control(attempt, Phase.IDENTITY)
    refuses(stage, replace(attempt, principal=None, client=new_address()), _unauthenticated())


def _unauthenticated() -> Expected:
    # Whatever the code: an identity of the application's own words its refusals itself.
    return _expected(Phase.IDENTITY, 401, _KNOWN)


def _credentials(make: Make, stage: Stage) -> None:
    attempt = good(stage.route)
    person = attempt.principal
    if person is None:
        raise Unknown("there is nobody to make credentials for")
    trial = make(person)
    bare = replace(attempt, principal=None, identities=(trial.identity,))
    # No fresh start between the two: moving the time would let credentials expire that are to be wrong for another reason.
    control = stage.make(_with(bare, trial.good))
    if stage.phase(control) <= Phase.IDENTITY:
        hint = "A real principal as the owner in this route's sample may help, or credentials={...}"
        raise Unknown(f"right credentials, made for this test, are refused too: {control.words}. {hint}")
    stage.time.advance(trial.wait)
    refuses(stage, _with(bare, trial.bad), _unauthenticated(), fresh=False)
    if trial.foreign is not None:
        refuses(stage, replace(_with(bare, trial.foreign), identities=None), _unauthenticated(), fresh=False)


def _with(attempt: Attempt, headers: Any) -> Attempt:
    return replace(attempt, headers={**attempt.headers, **headers}, client=new_address())


# Rights


def _rights(clause: Auth) -> Iterator[Kind]:
    words = clause.describe()
    if clause.role is not None:
        yield Kind("lower role", words, functools.partial(_refused_as, clause, "role"))
    if clause.permission is not None:
        yield Kind("missing permission", words, functools.partial(_refused_as, clause, "permission"))
    if clause.any_of:
        yield Kind("none of the roles", words, functools.partial(_refused_as, clause, "any_of"))


def _refused_as(clause: Auth, lacking: str, stage: Stage) -> None:
    route = stage.route
    attempt = good(route)
    if attempt.principal is None:
        raise Unknown("there is nobody who could lack a right")
    stage.control(attempt, Phase.ROLE)
    person = attempt.principal
    if lacking == "permission":
        lesser = replace(person, permissions=person.permissions - {clause.permission or ""})
    elif lacking == "role":
        lesser = replace(person, roles=_lower(route, clause.role or ""))
    else:
        lesser = replace(person, roles=frozenset({_STRANGER}), permissions=person.permissions - clause.any_of)
    expected = _expected(Phase.ROLE, 403, clause.describe(), "not-authorized")
    refuses(stage, replace(attempt, principal=lesser, client=new_address()), expected)


def _lower(route: Route, role: str) -> frozenset[str]:
    """The role below; where roles have no order, one that nobody has heard of."""
    order = route.security.roles
    if role in order:
        return frozenset(order[: order.index(role)][-1:])
    return frozenset({_STRANGER})


# Objects


def _matters(route: Route, clause: Owns) -> bool:
    """Whether anybody who gets as far is held to owning the object."""
    return route.needed()[0].isdisjoint(route.exempt())


def _other_owner(clause: Owns, stage: Stage) -> None:
    route = stage.route
    sample = route.sample
    named = clause.parameter in sample.path or route.samples.value(clause.parameter) is not None
    if not named:
        raise Unknown(f"no sample for the path parameter {clause.parameter!r}: the id of an object, and its owner")
    attempt = good(route)
    if sample.owner is not None:
        stage.control(attempt, Phase.OBJECT)
    stranger = _stranger(route, attempt.principal)
    code = "not-found" if clause.status == 404 else "not-owner"
    expected = _expected(Phase.OBJECT, clause.status, clause.describe(), code)
    seen = refuses(stage, replace(attempt, principal=stranger, client=new_address()), expected)
    if sample.owner is None and (seen.denial is None or seen.denial.reason != _FOREIGN):
        raise Unknown("the sample names no object that the loader finds: say whose it is, with owner=")


def _stranger(route: Route, owner: Principal | None) -> Principal:
    """Somebody with the rights that the contract asks for, and nothing in common with the owner."""
    roles, permissions = route.needed()
    if owner is None:
        raise Failed("a public contract has no owner")
    attributes = {name: f"{value}-other" for name, value in owner.attributes.items()}
    return Principal(id=new_name(), roles=roles, permissions=permissions, scheme=owner.scheme, attributes=attributes)


# Other sites


def _cross_site(route: Route) -> Iterator[Kind]:
    explicit = any(isinstance(clause, Csrf) and clause.always for clause in route.guard.plan.clauses)
    implied = not route.guard.spec.is_public and any(map(is_ambient, route.security.identities))
    if route.entry.method in SAFE or not (explicit or implied):
        return
    words = "a request with a cookie comes from the application's own pages"
    yield Kind("no CSRF proof", words, functools.partial(_from_elsewhere, None))
    yield Kind("cross-site request", words, functools.partial(_from_elsewhere, "cross-site"))


def _from_elsewhere(site: str | None, stage: Stage) -> None:
    attempt = good(stage.route)
    if attempt.principal is not None:
        attempt = replace(attempt, principal=replace(attempt.principal, ambient=True))
    stage.control(attempt, Phase.ORIGIN)
    other = attempt.having(sec_fetch_site=site, origin=None if site is None else "https://other.invalid")
    expected = _expected(Phase.ORIGIN, 403, "own pages", "cross-site")
    refuses(stage, replace(other, client=new_address()), expected)
