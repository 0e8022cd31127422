"""`seal`: every way into an application has a contract, or the application does not start."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any
from weakref import WeakValueDictionary

from counterseal.enforce.contract.acting import configured
from counterseal.enforce.core.adapter import Adapter, Entry
from counterseal.enforce.core.errors import ContractError
from counterseal.enforce.core.security import Security
from counterseal.enforce.frameworks import detect
from counterseal.enforce.sealing import demands, propose
from counterseal.enforce.sealing.openings import Openings
from counterseal.enforce.sealing.place import Found, find
from counterseal.enforce.sealing.problems import Problem, SealError
from counterseal.enforce.sealing.promises import describer
from counterseal.enforce.sealing.report import Row, Sealed

log = logging.getLogger("counterseal")
_NOTHING: Mapping[str, str] = MappingProxyType({})
_UNKNOWN = Security()
"""In the place of settings that nobody gave."""
_Mark = tuple[str, str, int, int]
_seals: WeakValueDictionary[int, Seal] = WeakValueDictionary()
"""By the identity of its application, which keeps it alive: what encloses the application holds it."""


def seal(app: Any, security: Security | None = None, *, open: Mapping[str, str] = _NOTHING) -> Sealed:  # noqa: A002
    """Refuse to go on unless every way into an application is under contract, and close it to whatever is added later.

    Walks the framework's own routing table: included routers, mounted applications, sockets, documentation, files. Checks at
    once, and again when the application starts, so that routes which were added in between are checked too. From then on a
    request for a route that was not there answers 503.

    Args:
        app: the application.
        security: its settings; contracts find them with the application from now on. Without them only what contracts say is
            checked, against what `configure` was given.
        open: entries that need no contract, each with the reason: ``{"/docs": "for our own developers", "/static/*": "..."}``.

    Raises:
        SealError: with everything that is missing, where, and what to write.
        ContractError: this is no application of a known framework, or an opening has no reason.
    """
    adapter = adapter_of(app)
    before = seal_of(app)
    made = before or Seal(app, adapter)
    made.set(security, dict(open))
    report = made.check()
    if before is None:
        adapter.on_start(app, made.recheck)
        _seals[id(app)] = made
    return report


def adapter_of(app: Any) -> Adapter:
    """The adapter of an application's framework.

    Raises:
        ContractError: there is none.
    """
    for adapter in detect():
        if adapter.recognises(app):
            return adapter
    raise ContractError(f"seal() does not know what {type(app).__qualname__} is", "give it the application itself")


def seal_of(app: Any) -> Seal | None:
    """The seal on an application; ``None``: there is none."""
    found = _seals.get(id(app))
    return found if found is not None and found.app is app else None


class Seal:
    """The seal on one application."""

    def __init__(self, app: Any, adapter: Adapter) -> None:
        self.app = app
        self._adapter = adapter
        self.security: Security | None = None
        self.open: dict[str, str] = {}
        self._known: dict[_Mark, Any] = {}
        """Every admitted entry, and its endpoint: an identity tells things apart only as long as they live."""
        self._late: set[_Mark] = set()

    def set(self, security: Security | None, opened: dict[str, str]) -> None:
        """What to check against."""
        self.security = security
        self.open = opened

    def check(self) -> Sealed:
        """Walk, judge, and close.

        Raises:
            SealError: something is missing.
        """
        report, entries = examine(self.app, self._adapter, self.security, self.open)
        self._known = {_mark(entry): entry.endpoint for entry in entries}
        if self.security is not None:
            self._adapter.bind(self.app, self.security)
        self._adapter.enclose(self.app, self.admits)
        self._adapter.document(self.app, describer(self.security or configured() or _UNKNOWN))
        return report

    def recheck(self) -> None:
        """The same when the application starts.

        Raises:
            SealError: something that was added in the meantime lacks something.
        """
        log.info("%s sealed: %d entries", self._adapter.name, len(self.check().rows))

    def admits(self, entry: Entry) -> bool:
        """Whether an entry was there when the application was sealed. One that was not is reported, once."""
        mark = _mark(entry)
        if mark in self._known:
            return True
        if mark not in self._late:
            self._late.add(mark)
            found = find(entry.endpoint)
            what = f"{found.name} {found.where}".rstrip()
            log.error("not sealed: %s %s came after seal() and answers 503: %s", entry.method, entry.path, what)
        return False


def _mark(entry: Entry) -> _Mark:
    # A bound method is another object each time that it is asked for: what it is bound to and its function are not.
    owner = getattr(entry.endpoint, "__self__", None)
    return (entry.method, entry.path, id(owner), id(getattr(entry.endpoint, "__func__", entry.endpoint)))


def examine(app: Any, adapter: Adapter, security: Security | None, opened: Mapping[str, str]) -> tuple[Sealed, list[Entry]]:
    """Judge every way into an application, and change nothing.

    Raises:
        SealError: something is missing.
    """
    openings = Openings(opened)
    try:
        entries = adapter.entries(app)
    except ContractError as error:
        raise SealError([Problem("table", "", error.message, fix=error.hint)]) from error
    problems: list[Problem] = []
    rows: list[Row] = []
    for entry in entries:
        found = find(entry.endpoint)
        before = len(problems)
        problems.extend(_problems(entry, found, security, openings))
        if found.guard is not None and (objection := adapter.objection(entry.endpoint)) is not None:
            problems.append(Problem("cannot-be-kept", f"{entry.method} {entry.path}", objection[0], found.where, objection[1]))
        if len(problems) == before:
            rows.append(_row(entry, found, openings))
    problems.extend(openings.rotten())
    if problems:
        raise SealError(problems)
    return Sealed(adapter.name, tuple(rows)), entries


def _row(entry: Entry, found: Found, openings: Openings) -> Row:
    if found.guard is None:
        return Row(entry.method, entry.path, entry.what, found.name, found.where, (), frozenset(), openings.reason(entry) or "")
    spec = found.guard.spec
    words = tuple(spec.describe().splitlines())
    return Row(entry.method, entry.path, entry.what, found.name, found.where, words, spec.guarantees, None)


def _problems(entry: Entry, found: Found, security: Security | None, openings: Openings) -> Iterator[Problem]:
    route = f"{entry.method} {entry.path}"
    if found.disarmed:
        message = f"the route has the bare function {found.name}, not its contract"
        yield Problem(
            "decorator-order", route, message, found.where, "put @contract below the route decorator, directly above 'def'"
        )
        return
    if found.guard is None:
        yield from _without(entry, found, security, openings)
        return
    openings.note_contract(entry)
    if found.covered:
        message = f"a decorator stands around the contract of {found.name} and could answer in its place"
        yield Problem("decorator-order", route, message, found.where, "put @contract directly below the route decorator")
        return
    target = found.guard.plan.target
    if target.layer.inner:
        message = f"{found.name} is a function of the {target.layer.name.lower()} layer: it never establishes an identity"
        yield Problem("inner-layer", route, message, found.where, "call it from an endpoint that has a contract of its own")
        return
    settings = security or configured()
    if settings is not None:
        yield from _kept(route, found, settings)
        yield from _policy(entry, found, settings)


def _without(entry: Entry, found: Found, security: Security | None, openings: Openings) -> Iterator[Problem]:
    route = f"{entry.method} {entry.path}"
    if openings.reason(entry) is None:
        yield _uncovered(entry, found, security or configured())
        return
    settings = security or configured()
    policy = None if settings is None else settings.policy
    asked = frozenset() if policy is None else demands.asked_without_contract(entry, policy)
    if asked:
        words = ", ".join(sorted(asked))
        yield Problem("policy", route, f"it is open, and the policy asks for: {words}", found.where, "give it a contract")


def _uncovered(entry: Entry, found: Found, security: Security | None) -> Problem:
    route = f"{entry.method} {entry.path}"
    path = entry.path.removesuffix("/{path:path}")
    if entry.what == "route":
        return Problem("no-contract", route, f"{found.name} has no contract", found.where, propose.whole(entry, found, security))
    words = {
        "generated": ("the framework's own page is open to anyone", f'open={{"{path}": "reason"}}, or switch it off'),
        "static": ("files are open to anyone", f'open={{"{path if path.endswith(("}", ">")) else path + "/*"}": "reason"}}'),
    }
    otherwise = ("what answers there cannot be looked into", f'open={{"{path}/*": "reason"}} once it is guarded by itself')
    message, fix = words.get(entry.what, otherwise)
    return Problem("no-contract", route, message, fix=fix)


def _kept(route: str, found: Found, security: Security) -> Iterator[Problem]:
    if found.guard is None:
        return
    plan = found.guard.plan
    failed = [error for clause in plan.clauses if (error := _error(clause.check, security, plan.target)) is not None]
    if not failed and (error := _error(plan.check, security)) is not None:
        failed.append(error)
    for error in failed:
        message = error.message.removeprefix(f"{plan.target.where}: ")
        yield Problem("cannot-be-kept", route, message, found.where, error.hint)


def _error(check: Callable[..., None], *given: Any) -> ContractError | None:
    try:
        check(*given)
    except ContractError as error:
        return error
    return None


def _policy(entry: Entry, found: Found, security: Security) -> Iterator[Problem]:
    policy, guard = security.policy, found.guard
    if policy is None or guard is None:
        return
    route = f"{entry.method} {entry.path}"
    missing = demands.owed(entry, guard, policy)
    if missing:
        words = ", ".join(sorted(missing))
        fix = propose.clauses(missing, entry, found, security)
        yield Problem(
            "policy", route, f"the policy asks for more than the contract of {found.name} gives: {words}", found.where, fix
        )
    for message, clause in demands.shortfalls(entry, guard, security, policy):
        yield Problem("policy", route, message, found.where, f"write {clause} in the contract of '{found.head}' {found.where}")
