"""What every asynchronous framework has to get right, through real requests. Each framework offers the same routes."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from counterseal import Principal, auth, contract
from counterseal.enforce.core.record import Outcome
from tests.frameworks.asgi_support import Site, Tokens

NOTE = {"title": "a", "stars": 3}


class NoteIn(BaseModel):
    title: str
    stars: int


class NoteOut(BaseModel):
    id: int
    title: str


class Filters(BaseModel):
    page: int
    tag: list[str] = []


class Note:
    """An object as an ORM has it."""

    def __init__(self, number: int, owner: str) -> None:
        self.id, self.owner, self.title, self.password_hash = number, owner, f"note {number}", "hunter2"


NOTES = {1: Note(1, "alice"), 2: Note(2, "bob")}


async def load_note(number: int) -> Note | None:
    return NOTES.get(number)


@contract(requires=[auth("user")], layer="business")
async def whoami(principal: Principal) -> str:
    return principal.id


@contract(requires=[auth("user")], layer="business")
def whoami_plain(principal: Principal) -> str:
    return principal.id


@contract(requires=[auth("admin")], layer="business")
async def admins_only(principal: Principal) -> str:
    return principal.id


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.headers["cache-control"] == "no-store"
    document: dict[str, Any] = answer.json()
    assert document["code"] == code
    assert document["status"] == status
    assert "detail" not in document
    return document


class Scenarios:
    """Subclassed once for each framework, with a fixture ``site``."""

    def test_unknown_callers_are_challenged(self, site: Site) -> None:
        answer = site.get("/admin")
        problem(answer, 401, "not-authenticated")
        assert answer.headers["www-authenticate"] == Tokens.challenge
        answer = site.get("/admin", "forged")
        problem(answer, 401, "invalid-token")
        assert "invalid_token" in answer.headers["www-authenticate"]

    def test_a_role_is_required(self, site: Site) -> None:
        problem(site.get("/admin", "alice"), 403, "not-authorized")
        assert site.get("/admin", "root").json() == {"id": 9, "title": "root"}

    def test_the_method_of_a_class_is_kept_to_its_contract(self, site: Site) -> None:
        problem(site.get("/class"), 401, "not-authenticated")
        assert site.get("/class", "alice").json() == {"id": 7, "title": "alice in a class"}

    def test_input_is_taken_as_declared_and_nothing_more(self, site: Site) -> None:
        answer = site.post("/notes", "alice", json=NOTE)
        assert answer.status_code == 201, answer.text
        assert answer.json() == {"id": 5, "title": "a by alice"}
        assert answer.headers["content-type"] == "application/json"
        document = problem(site.post("/notes", "alice", json={**NOTE, "role": "admin"}), 422, "invalid-input")
        assert document["errors"][0]["path"] == "role"
        answer = site.post("/notes", "alice", json={"title": "x", "stars": "s3cret"})
        problem(answer, 422, "invalid-input")
        assert "s3cret" not in answer.text

    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b'{"title":"a","title":"b","stars":1}',
            b'{"title":"a","stars":NaN}',
            b"\xff",
            b'{"title":' + b"[" * 99 + b"]" * 99,
        ],
    )
    def test_malformed_documents_are_refused(self, site: Site, body: bytes) -> None:
        headers = {"content-type": "application/json"}
        problem(site.post("/notes", "alice", content=body, headers=headers), 400, "malformed-json")
        problem(site.post("/notes", content=body, headers=headers), 401, "not-authenticated")

    @pytest.mark.parametrize("kind", ["text/plain", "", "application/x-www-form-urlencoded"])
    def test_another_media_type_is_refused(self, site: Site, kind: str) -> None:
        answer = site.post("/notes", "alice", content=json.dumps(NOTE), headers={"content-type": kind} if kind else {})
        problem(answer, 415, "unsupported-media-type")

    def test_a_large_body_is_refused_whether_it_says_so_or_not(self, site: Site) -> None:
        body = json.dumps({**NOTE, "title": "x" * 5000}).encode()
        headers = {"content-type": "application/json"}
        problem(site.post("/notes", "alice", content=body, headers=headers), 413, "too-large")
        pieces = (body[start : start + 500] for start in range(0, len(body), 500))
        problem(site.post("/notes", "alice", content=pieces, headers=headers), 413, "too-large")
        # Anonymous callers have nothing read from them at all.
        problem(site.post("/notes", content=body, headers=headers), 401, "not-authenticated")

    def test_an_object_of_somebody_else_does_not_exist(self, site: Site) -> None:
        assert site.get("/notes/1", "alice").json() == {"id": 1, "title": "note 1"}
        others, absent = site.get("/notes/2", "alice"), site.get("/notes/77", "alice")
        assert problem(others, 404, "not-found").keys() == problem(absent, 404, "not-found").keys()
        record = site.trail.outcome("note_read", Outcome.DENIED)
        assert (record.actor, record.object_id) == ("alice", "2")

    def test_a_limit_holds_for_each_caller(self, site: Site) -> None:
        assert [site.get("/limited", "alice").status_code for _ in range(3)] == [200, 200, 429]
        answer = site.get("/limited", "alice")
        problem(answer, 429, "limit-exceeded")
        assert answer.headers["retry-after"] == "30"
        assert "ratelimit-policy" in answer.headers
        assert site.get("/limited", "bob").status_code == 200

    @pytest.mark.parametrize("path", ["/object", "/dict", "/response"])
    def test_undeclared_fields_never_leave(self, site: Site, path: str) -> None:
        answer = site.get(path, "alice")
        assert answer.json() == {"id": 1, "title": "note 1"}
        assert "hunter2" not in answer.text

    def test_undeclared_fields_of_a_list_never_leave(self, site: Site) -> None:
        assert site.get("/list", "alice").json() == [{"id": 1, "title": "note 1"}, {"id": 2, "title": "note 2"}]

    def test_headers_and_cookies_of_the_function_s_own_response_stay(self, site: Site) -> None:
        answer = site.get("/response", "alice")
        assert answer.headers["x-own"] == "yes"
        assert "flavour=vanilla" in answer.headers["set-cookie"]

    def test_an_error_that_the_function_words_keeps_what_errors_consist_of(self, site: Site) -> None:
        answer = site.get("/conflict", "alice")
        assert answer.status_code == 409
        assert answer.json() == {"detail": "taken"}

    def test_an_answer_of_another_shape_is_withheld(self, site: Site) -> None:
        problem(site.get("/misshapen", "alice"), 500, "unshaped-answer")
        assert "hunter2" not in site.get("/text", "alice").text
        problem(site.get("/text", "alice"), 500, "unshaped-answer")
        assert site.trail.outcome("misshapen", Outcome.FAILED).reason == "unshaped-answer"

    def test_a_declared_stream_is_filtered_piece_by_piece(self, site: Site) -> None:
        answer = site.get("/stream", "alice")
        assert [json.loads(line) for line in answer.text.splitlines()] == [{"id": n, "title": f"note {n}"} for n in (1, 2)]
        assert site.trail.outcome("streamed", Outcome.SUCCEEDED).actor == "alice"

    def test_an_undeclared_stream_is_refused(self, site: Site) -> None:
        answer = site.get("/undeclared", "alice")
        problem(answer, 500, "unshaped-answer")
        assert "hunter2" not in answer.text

    @pytest.mark.parametrize("path", ["/breaks", "/breaks-declared"])
    def test_a_stream_that_breaks_is_on_record_as_failed(self, site: Site, path: str) -> None:
        with pytest.raises(httpx.RemoteProtocolError):
            site.get(path, "alice")
        record = site.trail.outcome(path.removeprefix("/"), Outcome.FAILED)
        assert record.reason == "ValueError"
        assert not [item for item in site.trail.of(path.removeprefix("/")) if item.outcome is Outcome.SUCCEEDED]

    def test_a_stream_whose_client_goes_away_is_on_record_as_failed(self, site: Site) -> None:
        with site.client.stream("GET", "/endless", headers={"authorization": "Bearer alice"}) as answer:
            assert next(answer.iter_lines())
        site.trail.outcome("endless", Outcome.FAILED, timeout=10)

    def test_a_form_and_a_query_are_taken_as_declared(self, site: Site) -> None:
        assert site.post("/form", "alice", data={"title": "t", "stars": "4"}).json() == {"id": 4, "title": "t"}
        assert site.post("/form", "alice", files={"title": (None, "t"), "stars": (None, "5")}).json() == {"id": 5, "title": "t"}
        twice = site.post("/form", "alice", data={"title": ["t", "u"], "stars": "4"})
        problem(twice, 400, "repeated-field")
        problem(site.post("/form", "alice", data={"title": "t", "stars": "4", "role": "admin"}), 422, "invalid-input")
        assert site.get("/search?page=2&tag=a&tag=b", "alice").json() == {"id": 2, "title": "a,b"}
        problem(site.get("/search?page=2&page=3", "alice"), 400, "repeated-field")
        problem(site.get("/search?page=x"), 401, "not-authenticated")

    def test_a_request_with_a_cookie_comes_from_the_application_s_own_pages(self, site: Site) -> None:
        cookies = {"cookie": "session=carol"}
        assert site.post("/notes", json=NOTE, headers={**cookies, "sec-fetch-site": "same-origin"}).status_code == 201
        problem(site.post("/notes", json=NOTE, headers={**cookies, "sec-fetch-site": "cross-site"}), 403, "cross-site")
        problem(site.post("/notes", json=NOTE, headers={**cookies, "origin": "https://evil.example"}), 403, "cross-site")
        problem(site.post("/notes", json=NOTE, headers=cookies), 403, "cross-site")

    def test_a_browser_without_identity_is_sent_to_sign_in(self, site: Site) -> None:
        answer = site.get("/admin?x=//evil.example", headers={"sec-fetch-mode": "navigate", "accept": "text/html"})
        assert answer.status_code == 303
        assert answer.headers["location"] == "/sign-in?next=/admin%3Fx%3D//evil.example"
        # A script gets the plain refusal.
        assert site.post("/notes", headers={"accept": "text/html"}).status_code == 401

    def test_what_a_clause_raises_denies_and_says_nothing(self, site: Site) -> None:
        answer = site.get("/broken-clause", "alice")
        problem(answer, 500, "clause-failed")
        assert "hunter2" not in answer.text

    def test_a_failure_of_the_function_is_on_record_without_its_message(self, site: Site) -> None:
        answer = site.get("/fails", "alice")
        assert answer.status_code == 500
        record = site.trail.outcome("fails", Outcome.FAILED)
        assert record.reason == "RuntimeError"
        assert "hunter2" not in repr(record)

    def test_outcomes_are_on_record_with_who_what_and_where(self, site: Site) -> None:
        site.post("/notes", "bob", json=NOTE)
        made = next(item for item in site.trail.of("note_created") if item.actor == "bob")
        assert (made.outcome, made.status, made.route, made.client) == (Outcome.SUCCEEDED, 201, "POST /notes", "127.0.0.1")
        assert made.changes == NOTE
        site.get("/notes/1", "alice")
        assert site.trail.outcome("note_read", Outcome.SUCCEEDED).route == "GET /notes/{note_id}"

    def test_the_caller_goes_along_into_services_tasks_and_threads(self, site: Site) -> None:
        answer = site.get("/nested", "alice").json()
        assert answer == {"service": "alice", "task": "alice", "thread": "alice", "carried": "alice", "executor": "401"}
        problem(site.get("/nested-admin", "alice"), 403, "not-authorized")
        assert site.get("/nested-admin", "root").status_code == 200

    def test_callers_at_the_same_time_are_never_mixed_up(self, site: Site) -> None:
        names = [f"user-{number}" for number in range(50)]

        def ask(name: str) -> str:
            answer = httpx.get(f"{site.url}/slow", headers={"authorization": f"Bearer {name}"}, timeout=30)
            return str(answer.json()["title"])

        with ThreadPoolExecutor(25) as pool:
            assert list(pool.map(ask, names)) == [f"{name} {name} {name}" for name in names]

    def test_no_other_method_gets_past(self, site: Site) -> None:
        for method in ("HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"):
            answer = site.request(method, "/admin")
            assert answer.status_code in (204, 401, 404, 405), method
            assert "root" not in answer.text

    def test_a_host_header_decides_nothing(self, site: Site) -> None:
        answer = site.get("/admin", headers={"host": "x/open?"})
        assert answer.status_code in (400, 401)

    def test_anyone_may_call_what_is_public(self, site: Site) -> None:
        assert site.get("/open").json() == {"id": 0, "title": "nobody"}
        # A bad token does not close it.
        assert site.get("/open", "forged").status_code == 200
