"""Contracts in aiohttp, through its own server."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from counterseal.enforce.core.record import Outcome
from counterseal.enforce.frameworks.aiohttp import ADAPTER
from tests.frameworks import aiohttp_app
from tests.frameworks.asgi_support import Site, aiohttp_site, security
from tests.frameworks.scenarios import NOTE, Scenarios, problem


@pytest.fixture(scope="module")
def running() -> Iterator[Site]:
    app, settings = aiohttp_app.application(), security()
    ADAPTER.bind(app, settings)
    with aiohttp_site(app, settings) as site:
        yield site


@pytest.fixture
def site(running: Site) -> Site:
    running.trail.records.clear()
    return running


class TestAiohttp(Scenarios):
    @pytest.mark.parametrize("path", ["/undeclared-payload", "/undeclared-stubborn", "/file-shaped"])
    def test_nothing_unshaped_leaves_on_another_way(self, site: Site, path: str) -> None:
        answer = site.get(path, "alice")
        problem(answer, 500, "unshaped-answer")
        assert "hunter2" not in answer.text

    def test_a_redirect_is_raised_and_succeeds(self, site: Site) -> None:
        answer = site.get("/redirects", "alice")
        assert (answer.status_code, answer.headers["location"], answer.text) == (302, "/elsewhere", "")
        assert "flavour=vanilla" in answer.headers["set-cookie"]
        assert site.trail.outcome("redirects", Outcome.SUCCEEDED).status == 302

    def test_a_success_that_is_raised_is_shaped(self, site: Site) -> None:
        assert site.get("/raises", "alice").json() == {"id": 1, "title": "t"}

    def test_an_error_that_is_raised_stays_one(self, site: Site) -> None:
        assert site.get("/raises-404", "alice").status_code == 404
        assert site.trail.outcome("raises-404", Outcome.FAILED).reason == "HTTPNotFound"

    def test_a_response_that_breaks_inside_the_function_is_on_record_as_failed(self, site: Site) -> None:
        with pytest.raises(httpx.RemoteProtocolError):
            site.get("/breaks-inside", "alice")
        assert site.trail.outcome("breaks-inside", Outcome.FAILED).reason == "ValueError"

    def test_a_file_is_sent_to_those_who_may(self, site: Site) -> None:
        problem(site.get("/file"), 401, "not-authenticated")
        assert "An application in aiohttp" in site.get("/file", "alice").text
        assert site.trail.outcome("file", Outcome.SUCCEEDED).status == 200

    def test_a_function_under_contract_that_a_bare_one_calls_refuses_the_request(self, site: Site) -> None:
        problem(site.get("/bare"), 401, "not-authenticated")
        problem(site.get("/bare", "alice"), 403, "not-authorized")
        assert site.get("/bare", "root").text == "figures"

    def test_a_head_request_is_kept_to_the_contract_of_its_function(self, site: Site) -> None:
        assert site.request("HEAD", "/admin").status_code == 401
        assert site.request("HEAD", "/admin", "root").status_code == 200
        assert site.request("HEAD", "/stream", "alice").status_code == 200

    def test_an_empty_answer_has_no_body(self, site: Site) -> None:
        answer = site.get("/empties", "alice")
        assert (answer.status_code, answer.content) == (204, b"")

    def test_a_header_does_not_turn_a_request_into_a_socket(self, site: Site) -> None:
        upgrade = {"connection": "upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
        problem(site.post("/notes", "alice", json={**NOTE, "role": "admin"}, headers=upgrade), 422, "invalid-input")
        assert site.get("/dict", "alice", headers=upgrade).json() == {"id": 1, "title": "note 1"}
