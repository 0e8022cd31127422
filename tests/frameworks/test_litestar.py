"""Contracts in Litestar, through a real server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from counterseal.enforce.core.record import Outcome
from counterseal.enforce.frameworks.litestar import ADAPTER
from tests.frameworks import litestar_app
from tests.frameworks.asgi_support import Site, security, uvicorn_site
from tests.frameworks.scenarios import Scenarios, problem


@pytest.fixture(scope="module")
def running() -> Iterator[Site]:
    app, settings = litestar_app.application(), security()
    ADAPTER.bind(app, settings)
    with uvicorn_site(app, settings) as site:
        yield site


@pytest.fixture
def site(running: Site) -> Site:
    running.trail.records.clear()
    return running


class TestLitestar(Scenarios):
    def test_what_litestar_reads_itself_is_read_after_the_caller_is_known(self, site: Site) -> None:
        bad: dict[str, Any] = {"content": b"{", "headers": {"content-type": "application/json"}}
        problem(site.post("/own-parsing?page=x", **bad), 401, "not-authenticated")
        assert site.post("/own-parsing?page=x", "alice", **bad).status_code == 400
        assert site.post("/own-parsing?page=3", "alice", json={"a": 1}).json() == {"sum": 4}

    def test_functions_in_a_thread_are_kept_to_their_contract(self, site: Site) -> None:
        assert site.get("/plain?page=3", "alice").json() == {"id": 3, "title": "alice alice"}
        problem(site.get("/plain?page=3"), 401, "not-authenticated")
        assert site.trail.outcome("plain", Outcome.SUCCEEDED).actor == "alice"
        assert site.post("/plain", "alice", json={"title": "t", "stars": 1}).json() == {"id": 1, "title": "t"}
        problem(site.post("/plain", "alice", json={"title": "t", "stars": 1, "x": 1}), 422, "invalid-input")
        # The object is loaded on the event loop while the function's thread waits.
        assert site.get("/plain/1", "alice").json() == {"id": 1, "title": "note 1"}
        problem(site.get("/plain/2", "alice"), 404, "not-found")

    @pytest.mark.parametrize("path", ["/background", "/background-of-the-route"])
    def test_background_work_that_fails_after_the_answer_is_on_record_as_failed(self, site: Site, path: str) -> None:
        assert site.get(path, "alice").status_code == 200
        assert site.trail.outcome(path.removeprefix("/"), Outcome.FAILED).reason == "ValueError"
        assert len(site.trail.of(path.removeprefix("/"))) == 1

    def test_background_work_is_done_for_the_caller(self, site: Site) -> None:
        assert site.get("/remembers", "alice").json() == {"id": 1, "title": "note 1"}
        site.trail.outcome("remembers", Outcome.SUCCEEDED)
        assert litestar_app.seen == ["alice"]

    def test_events_that_break_are_on_record_as_failed(self, site: Site) -> None:
        with pytest.raises(httpx.RemoteProtocolError):
            site.get("/breaks-events", "alice")
        assert site.trail.outcome("breaks-events", Outcome.FAILED).reason == "ValueError"

    def test_an_object_whose_id_the_route_does_not_have_is_refused(self, site: Site) -> None:
        problem(site.get("/class/thread", "alice"), 500, "clause-failed")
