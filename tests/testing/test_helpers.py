"""The plugin's fixtures and functions, in real runs of pytest on real applications."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from counterseal import ContractError, Denied, Principal, Security, auth, contract, open_limits, rate_limit, returns, seal
from counterseal.enforce.identity import MemoryStore, Sessions
from counterseal.testing import MovableClock, as_principal, assert_denied, moved_clock

pytest_plugins = "pytester"
SOURCE = Path(__file__).resolve().parents[2] / "src"


@contract(auth("admin"), layer="business")
def close_account(account: str) -> str:
    return account


@contract(auth("admin"), layer="business")
async def close_account_later(account: str) -> str:
    return account


@contract(auth("user"), rate_limit("me", "2/minute"), returns(dict[str, str]))
async def me(request: Request, principal: Principal) -> dict[str, str]:
    return {"id": principal.id, "scheme": principal.scheme}


@contract(auth())
async def enter(request: Request, principal: Principal) -> JSONResponse:
    return JSONResponse({"id": principal.id})


class Site:
    def __init__(self) -> None:
        self.sessions = Sessions(MemoryStore(), idle=600, absolute=3600)
        self.security = Security(identities=[self.sessions], limits=open_limits(), roles=["user", "admin"])
        self.app = Starlette(routes=[Route("/me", me), Route("/enter", enter, methods=["POST"])])
        seal(self.app, self.security)
        self.client = TestClient(self.app, base_url="https://testserver", raise_server_exceptions=False)


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def clock() -> Iterator[MovableClock]:
    with moved_clock() as made:
        yield made


# as_principal


def test_requests_are_made_by_the_principal_and_only_within_the_block(site: Site) -> None:
    assert_denied(site.client.get("/me"), 401, "not-authenticated")
    with as_principal("alice", roles={"user"}, app=site.app) as alice:
        assert site.client.get("/me").json() == {"id": "alice", "scheme": "test"}
        with as_principal("bob", roles={"admin"}, app=site.security):
            assert site.client.get("/me").json()["id"] == "bob"
        assert site.client.get("/me").json()["id"] == alice.id
    assert_denied(site.client.get("/me"), 401)
    assert site.security.identities == (site.sessions,)
    assert site.security.by_scheme == {"session": site.sessions}


def test_everything_else_stays_in_force(site: Site) -> None:
    with as_principal("alice", app=site.app):
        assert_denied(site.client.get("/me"), 403, "not-authorized")
    with as_principal("alice", roles={"user"}, app=site.app):
        assert [site.client.get("/me").status_code for _ in range(3)] == [200, 200, 429]
    with as_principal("alice", ambient=True, app=site.app):
        assert_denied(site.client.post("/enter"), 403, "cross-site")
        assert site.client.post("/enter", headers={"sec-fetch-site": "same-origin"}).status_code == 200


def test_service_functions_are_called_by_the_principal_too(site: Site) -> None:
    with as_principal("root", roles={"admin"}, app=site.app):
        assert close_account("7") == "7"
    with as_principal(Principal(id="alice", roles=frozenset({"user"})), app=site.app):
        denial = assert_denied(lambda: close_account("7"), 403, "not-authorized")
        assert isinstance(denial, Denied)
        assert_denied(lambda: close_account_later("7"), 403)


def test_a_principal_that_has_expired_is_nobody(site: Site, clock: MovableClock) -> None:
    with as_principal("alice", roles={"user"}, app=site.app, expires_at=clock.now() + 60):
        assert site.client.get("/me").status_code == 200
        clock.advance(61)
        assert_denied(site.client.get("/me"), 401)


def test_settings_are_needed(site: Site) -> None:
    with pytest.raises(ContractError, match="collections of names"), as_principal("x", roles="admin", app=site.app):
        pass


def test_the_fixture_finds_the_application(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest
        from starlette.testclient import TestClient
        from tests.testing.test_helpers import Site

        @pytest.fixture
        def site():
            return Site()

        @pytest.fixture
        def app(site):
            return site.app

        def test_me(site, as_principal, clock):
            with as_principal("alice", roles={"user"}):
                assert [site.client.get("/me").status_code for _ in range(3)] == [200, 200, 429]
                clock.advance(61)
                assert site.client.get("/me").json()["id"] == "alice"
        """
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1)


# the clock


def test_sessions_end_by_it(site: Site, clock: MovableClock) -> None:
    begun = site.sessions.sign_in(None, "alice", roles={"user"})
    headers = {"cookie": f"__Host-session={begun.token}"}
    assert site.client.get("/me", headers=headers).status_code == 200
    clock.advance(601)
    assert_denied(site.client.get("/me", headers=headers), 401, "invalid-credentials")


def test_it_runs_on_unless_it_is_frozen() -> None:
    with moved_clock() as clock:
        clock.freeze()
        at = clock.now()
        assert clock.now() == at
        clock.advance(5)
        assert clock.now() == at + 5
        clock.freeze()
        clock.unfreeze()
        clock.unfreeze()
        assert at + 5 <= clock.now() < at + 65
        with pytest.raises(ValueError, match="forward"):
            clock.advance(-1)


# assert_denied


def test_it_says_what_was_expected_and_what_came(site: Site) -> None:
    site.security.environment = type(site.security.environment)("development")
    answer = site.client.get("/me")
    words = "status 403 and code 'not-owner'; came 401 'not-authenticated' by the clause 'the caller is known'"
    with pytest.raises(AssertionError, match=words):
        assert_denied(answer, 403, "not-owner")
    with as_principal("alice", roles={"user"}, app=site.app):
        with pytest.raises(AssertionError, match="nothing refused: 200"):
            assert_denied(site.client.get("/me"))
        with pytest.raises(AssertionError, match=r"none of a contract's: 404 Not Found"):
            assert_denied(site.client.get("/nowhere"), 404)
    with as_principal("root", roles={"admin"}, app=site.app), pytest.raises(AssertionError, match="ran and returned str"):
        assert_denied(lambda: close_account("7"))


def test_in_production_it_says_how_to_learn_more(site: Site) -> None:
    with pytest.raises(AssertionError, match='environment="development"'):
        assert_denied(site.client.get("/me"), 403)


def test_what_is_no_response_is_refused() -> None:
    with pytest.raises(TypeError, match="not int"):
        assert_denied(7)


# where it can be loaded


def _python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": str(SOURCE), **environment}, check=False
    )


# A server that a test starts inherits the variable; a program may import pytest by accident.
@pytest.mark.parametrize(("before", "environment"), [("", {}), ("import pytest;", {}), ("", {"PYTEST_VERSION": "9"})])
def test_it_cannot_be_loaded_outside_pytest(before: str, environment: dict[str, str]) -> None:
    result = _python(f"{before}import counterseal.testing", **environment)
    assert result.returncode == 1
    assert "ImportError: counterseal.testing lets callers in without credentials" in result.stderr


def test_the_identity_cannot_be_made_outside_pytest() -> None:
    code = "from counterseal.enforce.testing.people import TestIdentity; TestIdentity(None)"
    assert "ImportError" in _python(code).stderr


def test_the_plugin_costs_nothing_where_it_is_not_used() -> None:
    code = """
import sys, time
import pytest
known = set(sys.modules)
start = time.perf_counter()
import counterseal.enforce.testing.plugin
print(time.perf_counter() - start, *sorted(set(sys.modules) - known))
"""
    results = [_python(code).stdout.split() for _ in range(5)]
    assert set(results[0][1:]) <= {
        "counterseal",
        "counterseal.enforce",
        "counterseal.enforce.testing",
        "counterseal.enforce.testing.plugin",
    }
    assert min(float(result[0]) for result in results) < 0.005


def test_the_package_declares_the_plugin() -> None:
    import tomllib

    project = tomllib.loads((SOURCE.parent / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"counterseal": "counterseal.enforce.testing.plugin"}
