"""The generated tests: a correct application passes, and each way of breaking it fails the very case that speaks of it."""

from __future__ import annotations

import pytest

from tests.testing.shop import APP, TESTS

pytest_plugins = "pytester"

# What is done to the running application: the contracts as they are written, which the matrix reads, stay as they are.
TOOLS = """
def plan_of(name):
    from counterseal.enforce.contract.guard import MARK
    return getattr(getattr(shop, name), MARK).plan

def without(name, part, step):
    steps = getattr(plan_of(name), part)
    kept = tuple(item for item in steps if item.__qualname__ != step)
    assert len(kept) < len(steps), [item.__qualname__ for item in steps]
    object.__setattr__(plan_of(name), part, kept)
"""


def run(pytester: pytest.Pytester, sabotage: str = "", *args: str, app: str = APP, tests: str = TESTS) -> pytest.RunResult:
    pytester.makepyfile(shop=app)
    pytester.makepyfile(test_shop=tests.replace("# SABOTAGE", TOOLS + sabotage))
    return pytester.runpytest_subprocess("-q", "-rfEs", *args)


def failed(result: pytest.RunResult) -> set[str]:
    """The ids of the cases that failed."""
    lines = [line for line in result.outlines if line.startswith(("FAILED ", "ERROR ")) and "::" in line]
    return {line.partition("[")[2].rpartition("]")[0] for line in lines}


def test_a_correct_application_passes(pytester: pytest.Pytester) -> None:
    result = run(pytester)
    assert result.parseoutcomes().keys() == {"passed"}, result.stdout.str()
    assert result.parseoutcomes()["passed"] >= 60


def test_it_runs_in_several_processes(pytester: pytest.Pytester) -> None:
    result = run(pytester, "", "-n", "2")
    assert result.parseoutcomes().keys() == {"passed"}, result.stdout.str()


SHOW, UPDATE, DELETE, USERS, SIGN_IN = (
    "GET /users/{user_id}",
    "PATCH /users/{user_id}",
    "DELETE /users/{user_id}",
    "GET /users",
    "POST /sign-in",
)
ALL = {SHOW, UPDATE, DELETE, USERS}
BROKEN = {
    "an owner is not compared": (
        "from counterseal.enforce.clauses import owns\nowns._belongs = lambda *given: True",
        {f"{SHOW}-other owner", f"{UPDATE}-other owner"},
    ),
    "an object is not checked": (
        "without('update', 'inside', '_Check.step')",
        # The body gets no object then, and cannot answer either.
        {f"{UPDATE}-other owner", f"{UPDATE}-undeclared output"},
    ),
    "a role is not asked for": ("without('update', 'admission', 'Auth._step')", {f"{UPDATE}-lower role"}),
    "role and permission are not asked for": (
        "without('delete', 'admission', 'Auth._step')",
        {f"{DELETE}-lower role", f"{DELETE}-missing permission"},
    ),
    "none of several roles is asked for": ("without('users', 'admission', 'Auth._step')", {f"{USERS}-none of the roles"}),
    "cookies come from other sites": (
        "without('update', 'admission', 'Csrf._step')",
        {f"{UPDATE}-no CSRF proof", f"{UPDATE}-cross-site request"},
    ),
    "the limiter lets everything through": (
        (
            "from counterseal.enforce.core.limiter import Verdict\n"
            "from counterseal.enforce.limits.memory import MemoryMeter\n"
            "MemoryMeter.hit = MemoryMeter.hit_async = lambda self, key, cost=1: Verdict(True, 1, 1, 0.0)"
        ),
        {
            f"{UPDATE}-over the limit",
            f"{DELETE}-over the limit delete",
            f"{DELETE}-over the limit any",
            f"{SIGN_IN}-over the limit sign_in",
            f"{SIGN_IN}-over the limit account",
        },
    ),
    "a limit is not counted": ("without('update', 'admission', 'RateLimit._step')", {f"{UPDATE}-over the limit"}),
    "every request has a count of its own": (
        (
            "import itertools\n"
            "from counterseal.enforce.clauses.rate_limit import RateLimit\n"
            "numbers = itertools.count()\n"
            "plain = RateLimit._key\n"
            "RateLimit._key = lambda self, call: f'{next(numbers)}' if self.name == 'delete' else plain(self, call)"
        ),
        {f"{DELETE}-over the limit delete"},
    ),
    "answers are not filtered": (
        "for name in ('show', 'users', 'sign_in'): object.__setattr__(plan_of(name), 'shaper', None)",
        {f"{SHOW}-undeclared output", f"{USERS}-undeclared output", f"{SIGN_IN}-undeclared output"},
    ),
    "input is not validated": (
        "without('update', 'admission', '_Reader.step.<locals>.validate')",
        {
            f"{UPDATE}-{what}"
            for what in (
                "extra field",
                "missing field",
                "duplicate JSON key",
                "wrong content type",
                "too large",
                "undeclared output",
            )
        },
    ),
    "members that come twice are taken": (
        "from counterseal.enforce.clauses import strict_json\nstrict_json.check = lambda body: None",
        {f"{UPDATE}-duplicate JSON key"},
    ),
    "any content type is taken": (
        "from counterseal.enforce.clauses.validates import _Reader\n_Reader._expect = lambda *given: None",
        {f"{UPDATE}-wrong content type", f"{SIGN_IN}-wrong content type"},
    ),
    "nothing is too large": (
        "from counterseal.enforce.clauses.validates import _Reader\n_Reader._limit = lambda *given: 1 << 30",
        {f"{UPDATE}-too large", f"{SIGN_IN}-too large"},
    ),
    "signatures are not verified": (
        "from counterseal.enforce.identity import bearer\nbearer._verifies = lambda key, token: True",
        {f"{route}-tampered bearer" for route in ALL},
    ),
    "tokens never expire": (
        (
            "from counterseal.enforce.identity.bearer import BearerTokens\n"
            "BearerTokens._again = lambda self, known: known.principal"
        ),
        {f"{route}-expired bearer" for route in ALL},
    ),
    "tokens for others are taken": (
        "from counterseal.enforce.identity.claims import ClaimRules\nClaimRules._check_parties = lambda *given: None",
        {f"{route}-{what} bearer" for route in ALL for what in ("wrong audience", "wrong issuer")},
    ),
    "sessions never end": (
        (
            "from counterseal.enforce.identity.sessions import Sessions\n"
            "def living(self, key):\n"
            "    (row,) = yield self._store.fetch('session', (key,))\n"
            "    return (None, {}) if row is None else (row, row.content())\n"
            "Sessions._living = living"
        ),
        {f"{route}-expired session" for route in ALL},
    ),
    "the secret of a key is not compared": (
        (
            "from counterseal.enforce.identity import api_keys\n"
            "api_keys.hmac = type('hmac', (), {'compare_digest': staticmethod(lambda *given: True)})"
        ),
        {f"{route}-tampered api-key" for route in ALL},
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_fails_its_own_case(pytester: pytest.Pytester, name: str) -> None:
    sabotage, cases = BROKEN[name]
    result = run(pytester, sabotage)
    assert failed(result) == cases, result.stdout.str()


def test_an_identity_that_takes_everybody(pytester: pytest.Pytester) -> None:
    sabotage = """
from counterseal import Principal
from counterseal.enforce.identity.sessions import Sessions
everybody = lambda self, exchange: Principal(id="root", roles=frozenset({"admin"}), scheme="session")
Sessions.authenticate = everybody
"""
    result = run(pytester, sabotage)
    expected = {f"{route}-no identity" for route in ALL} | {f"{route}-unknown session" for route in ALL}
    # Nobody else recognises a wrong API key, so the request comes to this identity.
    expected |= {f"{route}-{what}" for route in ALL for what in ("expired session", "tampered api-key")}
    assert failed(result) == expected, result.stdout.str()
    result.stdout.fnmatch_lines(["*expected 401; the body was entered (it was stopped there)*"])


def test_a_loader_whose_owner_check_lets_everybody_pass(pytester: pytest.Pytester) -> None:
    app = APP.replace('owns(load_user, "user_id", by="id"), rate', 'owns(load_user, "user_id", by=lambda who, user: True), rate')
    assert app != APP
    assert failed(run(pytester, app=app)) == {f"{UPDATE}-other owner"}


def test_no_body_runs_in_unhappy_cases_even_when_nothing_refuses(pytester: pytest.Pytester) -> None:
    sabotage = "for name in ('show', 'update', 'delete', 'users'): object.__setattr__(plan_of(name), 'admission', ())"
    tests = (
        TESTS.replace('bodies="all"', 'bodies="safe"')
        + """

@pytest.fixture(scope="module", autouse=True)
def nothing_ran():
    yield
    assert "update" not in shop.RAN and "delete" not in shop.RAN
"""
    )
    result = run(pytester, sabotage, tests=tests)
    assert result.parseoutcomes()["failed"] > 40
    assert "errors" not in result.parseoutcomes(), result.stdout.str()


def test_what_cannot_be_tested_is_unknown_and_fails(pytester: pytest.Pytester) -> None:
    tests = """
import shop
from counterseal.testing import contract_matrix
test_contracts = contract_matrix(shop.app)
"""
    result = run(pytester, tests=tests)
    # No object is known, and bodies that may change something do not run unless somebody says so.
    assert failed(result) == {
        f"{SHOW}-other owner",
        f"{SHOW}-undeclared output",
        f"{UPDATE}-other owner",
        f"{UPDATE}-undeclared output",
        f"{SIGN_IN}-undeclared output",
    }, result.stdout.str()
    result.stdout.fnmatch_lines(["*unknown: no sample for the path parameter 'user_id'*"])


def test_what_may_remain_unknown_is_skipped_with_the_reason(pytester: pytest.Pytester) -> None:
    tests = """
import shop
from counterseal.testing import contract_matrix
allowed = {"* /users/{user_id}-other owner": "no objects yet", "*-undeclared output": "later"}
test_contracts = contract_matrix(shop.app, allow=allowed)
"""
    result = run(pytester, tests=tests)
    assert not failed(result)
    assert result.parseoutcomes()["skipped"] == 5
    result.stdout.fnmatch_lines(["*unknown, which is allowed (no objects yet)*"])


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ('allow={"GET /nowhere-no identity": "x"}', "fits no case"),
        ('allow={"*": " "}', "has no reason"),
        ('samples={"/nowhere": {}}', "there is no route or path parameter '/nowhere'"),
        ('samples={"GET /users": {"paht": {}}}', "has members that a Sample does not have"),
        ('credentials={"oauth": {}}', "there is no identity 'oauth'"),
    ],
)
def test_what_fits_nothing_is_an_error(pytester: pytest.Pytester, argument: str, words: str) -> None:
    tests = (
        f"import shop\nfrom counterseal.testing import contract_matrix\ntest_contracts = contract_matrix(shop.app, {argument})"
    )
    result = run(pytester, tests=tests)
    assert result.ret != 0
    assert words in result.stdout.str()


def test_cases_can_be_parametrized_by_hand(pytester: pytest.Pytester) -> None:
    tests = """
import pytest, shop
from counterseal.testing import contract_matrix

cases = contract_matrix(shop.app).cases

@pytest.mark.parametrize("case", [case for case in cases if case.what == "no identity"], ids=str)
def test_mine(case):
    case.run()
"""
    assert run(pytester, tests=tests).parseoutcomes() == {"passed": 4}
