"""`contract_matrix`: the unhappy path of every contract of an application, as tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, Protocol

import pytest

from counterseal.enforce.core.adapter import Adapter, Entry
from counterseal.enforce.core.errors import ContractError
from counterseal.enforce.core.security import Security
from counterseal.enforce.sealing.place import Found, find
from counterseal.enforce.sealing.seal import adapter_of, seal_of
from counterseal.enforce.testing import access, inputs, limit, output
from counterseal.enforce.testing.case import Case, Failed, allowance, matches
from counterseal.enforce.testing.clients import Clients, MakeClient, client_for
from counterseal.enforce.testing.kind import Kind
from counterseal.enforce.testing.people import settings_of
from counterseal.enforce.testing.route import Route
from counterseal.enforce.testing.running import require_pytest
from counterseal.enforce.testing.samples import Given, Samples
from counterseal.enforce.testing.stage import Stage, Timeline

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class ContractTests(Protocol):
    """A test function, one test for each case."""

    cases: tuple[Case, ...]
    """The cases, for ``pytest.mark.parametrize("case", ..., ids=str)`` and tests of your own."""

    def __call__(self, contract_case: Case, counterseal_clients: Clients) -> None:
        """Run one case. pytest does."""


def contract_matrix(
    app: Any,
    *,
    samples: Mapping[str, Given | Any] = _NOTHING,
    security: Security | None = None,
    credentials: Mapping[str, Mapping[str, Any]] = _NOTHING,
    allow: Mapping[str, str] = _NOTHING,
    bodies: Literal["safe", "all"] = "safe",
    client: MakeClient | None = None,
) -> ContractTests:
    """Tests of what every contract of an application has to refuse. Assign the result to a name that pytest collects.

    Each test makes one request with which everything is right, up to the body, which is stopped there; then the same with one
    thing wrong, which has to be refused by the clause that promises it, without the body being reached. What cannot be tested
    is *unknown*, and fails.

    Args:
        app: the application, sealed.
        samples: by route, path, or path parameter: see `Sample`.
        security: its settings, where it is not sealed.
        credentials: for identities that are not ours, by scheme: ``good`` ones and kinds that have to be refused, as headers.
        allow: cases that may remain unknown, each with the reason. ``*`` stands for anything. One that fits no case is an error.
        bodies: which bodies may run, once, with everything right, to see what comes back: those of GET (``safe``), or ``all``.
        client: makes a client from the application; needed for frameworks that are not known here.

    Raises:
        ContractError: the application is not known or has no settings; a sample, a scheme or an allowance fits nothing.
        ImportError: pytest does not run in this process.
    """
    require_pytest()
    adapter = adapter_of(app)
    settings = security or settings_of(app)
    entries = [entry for entry in adapter.entries(app) if entry.what == "route"]
    known = Samples(samples)
    known.check(entries)
    strange = credentials.keys() - {item.scheme for item in settings.identities}
    if strange:
        raise ContractError(f"credentials: there is no identity {min(strange)!r}")
    build = _Build(app, adapter, settings, known, credentials, dict(allow), bodies == "all", client)
    return _function(build.cases(entries))


def _function(cases: Sequence[Case]) -> ContractTests:
    def test_contracts(contract_case: Case, counterseal_clients: Clients) -> None:
        __tracebackhide__ = True
        contract_case.run(counterseal_clients)

    made: Any = pytest.mark.parametrize("contract_case", cases, ids=str)(test_contracts)
    made.cases = tuple(cases)
    tests: ContractTests = made
    return tests


class _Build:
    """Makes the cases of one application."""

    def __init__(
        self,
        app: Any,
        adapter: Adapter,
        security: Security,
        samples: Samples,
        credentials: Mapping[str, Mapping[str, Any]],
        allow: dict[str, str],
        run_all: bool,
        client: MakeClient | None,
    ) -> None:
        self._app = app
        self._adapter = adapter
        self._security = security
        self._samples = samples
        self._credentials = credentials
        self._allow = allow
        self._run_all = run_all
        self._client = client or client_for(adapter.name)
        self._time = Timeline()

    def cases(self, entries: Sequence[Entry]) -> list[Case]:
        """All cases; those in which bodies run come last, and of these deletions.

        Raises:
            ContractError: an allowance fits no case, or there are no routes.
        """
        made = [pair for entry in entries for pair in self._of(entry)]
        if not made:
            raise ContractError("the application has no routes: nothing would be tested")
        made.sort(key=lambda pair: pair[0])
        cases = [case for _, case in made]
        for pattern, reason in self._allow.items():
            if not reason.strip():
                raise ContractError(f"allow={{{pattern!r}: ...}} has no reason")
            if not any(matches(str(case), pattern) for case in cases):
                raise ContractError(f"allow={{{pattern!r}: ...}} fits no case", "take it out")
        return cases

    def _of(self, entry: Entry) -> Iterator[tuple[int, Case]]:
        found = find(entry.endpoint)
        if found.guard is None or found.covered:
            if seal_of(self._app) is None or found.covered:
                yield 0, self._bare(entry, found)
            # What a sealed application has without a contract was opened, with a reason.
            return
        route = Route(entry, found.guard, self._security, self._samples, self._credentials)
        for kind in self._kinds(route):
            rank = 0 if not kind.last else 2 if entry.method == "DELETE" else 1
            yield rank, self._case(route, kind)

    def _kinds(self, route: Route) -> Iterator[Kind]:
        yield from access.kinds(route)
        yield from inputs.kinds(route)
        yield from limit.kinds(route)
        yield from output.kinds(route, run_all=self._run_all)

    def _case(self, route: Route, kind: Kind) -> Case:
        def opened(clients: Clients) -> Stage:
            return Stage(route, clients.get(self._app, self._client), self._time)

        name = f"{route.label}-{kind.what}"
        return Case(route.label, kind.what, kind.promise, kind.play, opened, allowance(name, self._allow))

    def _bare(self, entry: Entry, found: Found) -> Case:
        label = f"{entry.method} {entry.path}"

        def play(stage: Stage) -> None:
            raise Failed(f"{found.name} {found.where} has no contract, or something stands around it")

        def opened(clients: Clients) -> Stage:
            raise Failed(f"{found.name} {found.where} has no contract, or something stands around it")

        return Case(label, "no contract", "every route has a contract", play, opened, None)
