"""The example in examples/users, as a process under uvicorn: everything that it is for, and everything that it must refuse.

Once with SQLite, once with PostgreSQL and Redis.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from tests.servers import PostgreSQL, Server
from tests.users_example import EXAMPLE, PASSWORD, ROOT, Browser, Person, Users, cookie_of, running

OTHER = "another horse battery"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def users(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Users]:
    """The example, running."""
    with running(tmp_path_factory.mktemp("users"), **environment_for(request.param, request)) as started:
        yield started


def environment_for(backend: str, request: pytest.FixtureRequest) -> dict[str, str]:
    """The variables that choose where everything is kept."""
    if backend == "sqlite":
        return {}
    database: PostgreSQL = request.getfixturevalue("postgresql_server")
    redis: Server = request.getfixturevalue("redis_server")
    return {"DATABASE_URL": database.fresh(), "REDIS_URL": f"redis://127.0.0.1:{redis.port}/0"}


@pytest.fixture(scope="module")
def admin(users: Users) -> Person:
    """An administrator."""
    return users.administrator()


def code(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


def tokens(users: Users, person: Person, password: str = PASSWORD) -> tuple[Browser, str]:
    """A program that acts for somebody, and its refresh token."""
    program = users.browser()
    answer = program.send("POST", "/tokens", json={"email": person.email, "password": password})
    assert answer.status_code == 200, answer.text
    program.token = answer.json()["access_token"]
    return program, answer.json()["refresh_token"]


# What it is for


def test_somebody_signs_up_reads_and_changes_a_profile_and_signs_out(users: Users) -> None:
    ann = users.person("Ann")
    assert ann.send("GET", ann.path).json() == {"id": ann.id, "email": ann.email, "name": "Ann", "about": "", "role": "user"}
    changed = ann.send("PATCH", ann.path, json={"name": "Ann B", "about": "gardens"})
    assert (changed.status_code, changed.json()["name"], changed.json()["about"]) == (200, "Ann B", "gardens")
    out = ann.send("POST", "/sign-out")
    assert out.status_code == 200
    assert cookie_of(out) == ""
    assert ann.send("GET", ann.path).status_code == 401  # though the browser still sends the cookie


def test_a_program_uses_tokens_and_renews_them_once(users: Users) -> None:
    ann = users.person()
    program, renewal = tokens(users, ann)
    assert program.send("GET", ann.path).json()["id"] == ann.id
    renewed = program.send("POST", "/tokens/refresh", json={"refresh_token": renewal})
    assert renewed.status_code == 200
    assert program.send("POST", "/tokens/refresh", json={"refresh_token": renewal}).status_code == 401
    following = {"refresh_token": renewed.json()["refresh_token"]}
    assert program.send("POST", "/tokens/refresh", json=following).status_code == 401, "a copy was used: the chain has ended"
    assert program.send("POST", "/sign-out").status_code == 200
    assert code(program.send("GET", ann.path)) == (401, "invalid-credentials")


def test_an_administrator_lists_and_pages(users: Users, admin: Person) -> None:
    people = {users.person().id for _ in range(3)} | {admin.id}
    seen: list[dict[str, Any]] = []
    while True:
        after = {"after": seen[-1]["id"]} if seen else {}
        page = admin.send("GET", "/admin/users", params={"limit": 2, **after}).json()
        if not page:
            break
        assert len(page) <= 2
        seen += page
    assert people <= {each["id"] for each in seen}
    assert len(seen) == len({each["id"] for each in seen})
    assert set(seen[0]) == {"id", "email", "name", "about", "role", "active"}


def test_an_administrator_changes_anybodys_profile(users: Users, admin: Person) -> None:
    ann = users.person()
    assert admin.send("PATCH", ann.path, json={"about": "checked"}).json()["about"] == "checked"


def test_another_role_counts_from_the_next_request_on(users: Users, admin: Person) -> None:
    ann = users.person()
    program, renewal = tokens(users, ann)
    assert code(ann.send("GET", "/admin/users")) == (403, "not-authorized")
    assert admin.send("PUT", f"/admin/users/{ann.id}/role", json={"role": "admin"}).json()["role"] == "admin"
    assert ann.send("GET", "/admin/users").status_code == 200
    assert program.send("GET", ann.path).status_code == 401, "the token still says: user"
    program.token = program.send("POST", "/tokens/refresh", json={"refresh_token": renewal}).json()["access_token"]
    assert program.send("GET", "/admin/users").status_code == 200
    assert admin.send("PUT", f"/admin/users/{ann.id}/role", json={"role": "user"}).status_code == 200
    assert code(ann.send("GET", "/admin/users")) == (403, "not-authorized")
    assert program.send("GET", "/admin/users").status_code == 401


def test_who_is_deactivated_is_out_at_once(users: Users, admin: Person) -> None:
    ann = users.person()
    program, renewal = tokens(users, ann)
    answer = admin.send("POST", f"/admin/users/{ann.id}/deactivate")
    assert (answer.status_code, answer.json()["active"]) == (200, False)
    assert ann.send("GET", ann.path).status_code == 401
    assert program.send("GET", ann.path).status_code == 401
    assert program.send("POST", "/tokens/refresh", json={"refresh_token": renewal}).status_code == 401
    refused = users.browser().sign_in(ann.email)
    assert code(refused) == (401, "not-authenticated")
    users.browser().send("POST", "/password-reset", json={"email": ann.email})
    assert admin.send("GET", ann.path).status_code == 200


def test_who_is_deleted_is_gone(users: Users, admin: Person) -> None:
    ann = users.person()
    program, _ = tokens(users, ann)
    assert admin.send("DELETE", f"/admin/users/{ann.id}").json() == {"message": "Deleted."}
    assert ann.send("GET", ann.path).status_code == 401
    assert program.send("GET", ann.path).status_code == 401
    assert code(admin.send("GET", ann.path)) == (404, "not-found")
    assert users.browser().sign_in(ann.email).status_code == 401


def test_a_changed_password_ends_everything_else(users: Users) -> None:
    ann = users.person()
    elsewhere = users.browser()
    elsewhere.sign_in(ann.email)
    program, renewal = tokens(users, ann)
    assert users.browser().send("POST", "/password-reset", json={"email": ann.email}).status_code == 202
    reset = users.mail(ann.email, number=2)["token"]

    wrong = ann.send("PUT", f"{ann.path}/password", json={"current": "guessed", "password": OTHER})
    assert code(wrong) == (403, "wrong-password")
    assert elsewhere.send("GET", ann.path).status_code == 200
    done = ann.send("PUT", f"{ann.path}/password", json={"current": PASSWORD, "password": OTHER})
    assert done.status_code == 200, done.text

    assert ann.send("GET", ann.path).status_code == 200, "the session in which it was changed goes on"
    assert elsewhere.send("GET", ann.path).status_code == 401
    assert program.send("GET", ann.path).status_code == 401
    assert program.send("POST", "/tokens/refresh", json={"refresh_token": renewal}).status_code == 401
    late = users.browser().send("POST", "/password-reset/confirm", json={"token": reset, "password": "a third one, late"})
    assert code(late) == (400, "invalid-token")
    assert users.browser().sign_in(ann.email).status_code == 401
    assert users.browser().sign_in(ann.email, OTHER).status_code == 200


def test_a_forgotten_password_is_reset_once(users: Users) -> None:
    ann = users.person()
    browser = users.browser()
    assert browser.send("POST", "/password-reset", json={"email": ann.email}).status_code == 202
    token = users.mail(ann.email, number=2)["token"]
    assert browser.send("POST", "/password-reset/confirm", json={"token": token, "password": OTHER}).status_code == 200
    assert ann.send("GET", ann.path).status_code == 401, "all sessions end: whoever reset it need not be who is signed in"
    again = browser.send("POST", "/password-reset/confirm", json={"token": token, "password": "a third one, late"})
    assert code(again) == (400, "invalid-token")
    assert browser.sign_in(ann.email, OTHER).status_code == 200


# What it must refuse


@pytest.mark.parametrize("claims", [{}, {"roles": ["admin"]}, {"sub": "operator", "roles": ["admin"]}])
def test_forged_tokens_are_refused(users: Users, admin: Person, claims: dict[str, Any]) -> None:
    now = time.time()
    good = {"iss": "users-example", "aud": "users-example", "sub": admin.id, "iat": now, "nbf": now, "exp": now + 600}
    whole = good | {"roles": ["admin"], "scope": "", "jti": "x"} | claims
    header = {"typ": "at+jwt"}
    forged = [
        jwt.encode(whole, "k" * 48, algorithm="HS256", headers=header),
        jwt.encode(whole, "", algorithm="none", headers=header),
        jwt.encode(whole | {"exp": now - 60}, users.secret, algorithm="HS256", headers=header),
        jwt.encode(whole | {"aud": "elsewhere"}, users.secret, algorithm="HS256", headers=header),
        jwt.encode(whole, users.secret, algorithm="HS512", headers=header),
        jwt.encode(whole, users.secret, algorithm="HS256", headers={"typ": "JWT"}),
    ]
    thief = users.browser()
    for token in forged:
        thief.token = token
        assert code(thief.send("GET", "/admin/users")) == (401, "invalid-credentials")
    signed, _, signature = tokens(users, admin)[0].token.rpartition(".")  # type: ignore[union-attr]
    thief.token = f"{signed}.{'A' * len(signature)}"
    assert code(thief.send("GET", "/admin/users")) == (401, "invalid-credentials")


def test_another_persons_profile_is_not_there(users: Users) -> None:
    ann, mallory = users.person(), users.person()
    absent = f"/users/{uuid.uuid4()}"
    for method, body in (("GET", None), ("PATCH", {"name": "Mallory was here"})):
        answers = [mallory.send(method, path, json=body) for path in (ann.path, absent, "/users/no-id")]
        assert {code(answer) for answer in answers} == {(404, "not-found")}
    stolen = {"current": PASSWORD, "password": OTHER}
    assert code(mallory.send("PUT", f"{ann.path}/password", json=stolen)) == (404, "not-found")
    assert ann.send("GET", ann.path).json()["name"] == "Someone"


def test_not_even_an_administrator_changes_another_persons_password(users: Users, admin: Person) -> None:
    ann = users.person()
    answer = admin.send("PUT", f"{ann.path}/password", json={"current": PASSWORD, "password": OTHER})
    assert code(answer) == (404, "not-found")


@pytest.mark.parametrize("extra", [{"role": "admin"}, {"active": True}, {"id": str(uuid.uuid4())}, {"password_hash": "x"}])
def test_nobody_gets_a_role_or_anything_else_through_a_form(users: Users, extra: dict[str, Any]) -> None:
    mallory = users.person()
    answer = mallory.send("PATCH", mallory.path, json={"name": "M", **extra})
    assert code(answer) == (422, "invalid-input")
    assert answer.json()["errors"] == [
        {"path": next(iter(extra)), "code": "extra_forbidden", "message": "Extra inputs are not permitted"}
    ]
    assert mallory.send("GET", mallory.path).json()["role"] == "user"
    sign_up = {"email": "m@example.com", "name": "M", "password": PASSWORD, **extra}
    assert users.browser().send("POST", "/sign-up", json=sign_up).status_code == 422


def test_a_member_given_twice_is_refused(users: Users) -> None:
    ann = users.person()
    body = b'{"name": "one", "name": "two"}'
    answer = ann.send("PATCH", ann.path, content=body, headers={"content-type": "application/json"})
    assert code(answer) == (400, "malformed-json")


def test_only_administrators_administer(users: Users, admin: Person) -> None:
    ann, stranger = users.person(), users.browser()
    asked = [
        ("GET", "/admin/users", None),
        ("PUT", f"/admin/users/{ann.id}/role", {"role": "admin"}),
        ("POST", f"/admin/users/{admin.id}/deactivate", None),
        ("DELETE", f"/admin/users/{admin.id}", None),
    ]
    for method, path, body in asked:
        assert code(ann.send(method, path, json=body)) == (403, "not-authorized")
        assert code(stranger.send(method, path, json=body)) == (401, "not-authenticated")
        assert code(stranger.send(method, path, content=b"{not json")) == (401, "not-authenticated")


def test_administrators_do_nothing_to_themselves(users: Users, admin: Person) -> None:
    assert code(admin.send("PUT", f"/admin/users/{admin.id}/role", json={"role": "user"})) == (409, "rule-not-met")
    assert code(admin.send("POST", f"/admin/users/{admin.id}/deactivate")) == (409, "rule-not-met")
    assert code(admin.send("DELETE", f"/admin/users/{admin.id}")) == (409, "rule-not-met")
    assert admin.send("GET", "/admin/users").status_code == 200


def test_a_password_is_not_its_owners_name(users: Users) -> None:
    ann = users.person()
    answer = ann.send("PUT", f"{ann.path}/password", json={"current": PASSWORD, "password": ann.email.upper()})
    assert code(answer) == (422, "rule-not-met")


def test_guessing_is_limited_for_an_account_from_wherever_it_comes(users: Users) -> None:
    ann = users.person()  # has signed in once
    guesses = [users.browser().sign_in(ann.email, f"guess {number}").status_code for number in range(6)]
    assert guesses == [401] * 4 + [429] * 2
    right = users.browser().sign_in(ann.email)
    assert code(right) == (429, "limit-exceeded")
    assert int(right.headers["retry-after"]) <= 60
    assert users.browser().send("POST", "/tokens", json={"email": ann.email, "password": PASSWORD}).status_code == 429
    nobody = f"{uuid.uuid4().hex}@example.com"
    assert [users.browser().sign_in(nobody, "guess").status_code for _ in range(6)] == [401] * 5 + [429]


def test_guessing_is_limited_for_a_client_whatever_it_says_of_itself(users: Users) -> None:
    client = users.browser()
    body = {"email": "not an address", "password": "x"}
    answers = [
        client.send("POST", "/sign-in", json=body, headers={"X-Forwarded-For": f"203.0.113.{number}"}).status_code
        for number in range(22)
    ]
    assert answers == [422] * 20 + [429] * 2
    assert users.browser().send("POST", "/sign-in", json=body).status_code == 422, "another client is not affected"


def test_a_planted_session_gains_nothing(users: Users) -> None:
    mallory, ann = users.person(), users.person()
    for planted in (mallory.browser.cookie, "chosen-by-mallory"):
        victim = users.browser()
        victim.cookie = planted
        assert victim.sign_in(ann.email).status_code == 200
        assert victim.cookie not in (planted, None)
        thief = users.browser()
        thief.cookie = planted
        assert thief.send("GET", ann.path).status_code == 401
    answer = ann.browser.sign_in(ann.email)
    flags = answer.headers["set-cookie"].split("; ")[1:]
    assert {"Path=/", "HttpOnly", "Secure", "SameSite=Lax"} <= set(flags)


def test_other_sites_cannot_use_a_session(users: Users) -> None:
    ann = users.person()
    for headers in (
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
        {"Origin": ""},
    ):
        answer = ann.send("PATCH", ann.path, json={"name": "Mallory was here"}, headers=headers)
        assert code(answer) == (403, "cross-site")
        login = {"email": ann.email, "password": PASSWORD}
        assert code(users.browser().send("POST", "/sign-in", json=login, headers=headers)) == (403, "cross-site")
    assert ann.send("GET", ann.path).json()["name"] == "Someone"


def _alike(answers: list[httpx.Response]) -> bool:
    seen = set()
    for answer in answers:
        body = answer.json()
        body.pop("request_id", None)
        headers = sorted(name for name in answer.headers if name not in ("date", "content-length"))
        seen.add((answer.status_code, str(body), str(headers)))
    return len(seen) == 1


def _form(path: str, email: str) -> dict[str, str]:
    return {
        "/sign-in": {"email": email, "password": "wrong"},
        "/tokens": {"email": email, "password": "wrong"},
        "/sign-up": {"email": email, "name": "Somebody", "password": PASSWORD},
        "/password-reset": {"email": email},
    }[path]


@pytest.mark.parametrize("path", ["/sign-in", "/tokens", "/sign-up", "/password-reset"])
def test_nobody_learns_who_has_an_account(users: Users, admin: Person, path: str) -> None:
    known, locked = users.person(), users.person()
    admin.send("POST", f"/admin/users/{locked.id}/deactivate")
    answers = [
        users.browser().send("POST", path, json=_form(path, email))
        for email in (known.email, locked.email, f"{uuid.uuid4().hex}@example.com")
    ]
    assert _alike(answers), [answer.text for answer in answers]


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/sign-in", "/sign-up", "/password-reset"])
def test_the_time_does_not_tell_who_has_an_account(users: Users, path: str) -> None:
    people = [users.person() for _ in range(4)]

    def took(email: str) -> float:
        browser = users.browser()
        browser.send("GET", "/health")  # the connection stands
        began = time.perf_counter()
        assert browser.send("POST", path, json=_form(path, email)).status_code in (202, 401)
        return time.perf_counter() - began

    known: list[float] = []
    unknown: list[float] = []
    for number in range(8):
        known.append(took(people[number % 4].email))
        unknown.append(took(f"{uuid.uuid4().hex}@example.com"))
    slower, faster = sorted((statistics.median(known), statistics.median(unknown)), reverse=True)
    # Without a hash for nobody, sign-in differs by a factor of ten and more. A shared machine is noisy below a few milliseconds.
    assert slower < faster * 1.6 + 0.01, (known, unknown)


def test_a_taken_address_gets_a_mail_that_says_so_and_no_token(users: Users) -> None:
    ann = users.person()
    form = {"email": ann.email.upper(), "name": "Mallory", "password": OTHER}
    assert users.browser().send("POST", "/sign-up", json=form).status_code == 202
    mail = users.mail(ann.email, number=2)
    assert (mail["token"], "already" in mail["subject"]) == ("", True)
    assert users.browser().sign_in(ann.email, OTHER).status_code == 401


def test_errors_hold_no_secret(users: Users) -> None:
    ann, secret = users.person(), "hunter2-hunter2"
    answers = [
        ann.send("PATCH", ann.path, json={"name": [secret], "about": 7}),
        ann.send("PUT", f"{ann.path}/password", json={"current": secret, "password": [secret]}),
        ann.send("PUT", f"{ann.path}/password", json={"current": secret, "password": OTHER}),
        users.browser().sign_in(f"{secret}@", secret),
        users.browser().send("POST", "/sign-in", content=f'{{"password": "{secret}"'.encode()),
        users.browser().send("POST", "/tokens/refresh", json={"refresh_token": f"{secret}-{secret}"}),
    ]
    for answer in answers:
        assert answer.status_code >= 400
        assert secret not in answer.text
        assert not {"detail", "clause"} & answer.json().keys(), "production says no more than needed"
        assert not re.search(r"argon2|Traceback|sqlalchemy|site-packages", answer.text)
    everything = str(users.records()) + users.log
    assert secret not in everything
    for hidden in (PASSWORD, OTHER, "$argon2", users.secret, ann.browser.cookie):
        assert str(hidden) not in everything


def test_only_what_is_declared_answers(users: Users) -> None:
    for path in ("/docs", "/redoc", "/openapi.json", "/admin", "/users"):
        assert users.browser().send("GET", path).status_code == 404


def test_somebody_who_is_locked_between_two_requests_is_not_let_through_by_many_at_once(users: Users, admin: Person) -> None:
    """Role changes and locks hold for requests that are under way on other threads, too."""
    ann = users.person()
    with ThreadPoolExecutor(8) as pool:
        before = list(pool.map(lambda _: ann.send("GET", ann.path).status_code, range(16)))
        assert admin.send("POST", f"/admin/users/{ann.id}/deactivate").status_code == 200
        after = list(pool.map(lambda _: ann.send("GET", ann.path).status_code, range(16)))
    assert (set(before), set(after)) == ({200}, {401})


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_two_administrators_who_remove_each_other_do_not_both_succeed(
    backend: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """The last one stays, also when both requests are judged at the same moment."""
    with running(tmp_path, **environment_for(backend, request)) as users:
        pair = [users.administrator(), users.administrator()]

        def demote(who: Person, whom: Person) -> int:
            return who.send("PUT", f"/admin/users/{whom.id}/role", json={"role": "user"}).status_code

        with ThreadPoolExecutor(2) as pool:
            answers = sorted(pool.map(demote, pair, reversed(pair)))
        # The slower one is refused by the invariant, or is no administrator any more by the time it is looked at.
        assert answers[0] == 200
        assert answers[1] in (403, 500)
        listed = [each.send("GET", "/admin/users").status_code for each in pair]
        assert sorted(listed) == [200, 403]


# What is on record


def test_many_at_once_are_all_answered_and_all_on_record(users: Users) -> None:
    people = [users.person() for _ in range(6)]

    def change(number: int) -> int:
        person = people[number % 6]
        return person.send("PATCH", person.path, json={"about": f"change {number}"}).status_code

    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(change, range(96))) == [200] * 96
    known = {person.id for person in people}
    done = [each for each in users.records("--action", "profile_update", "--outcome", "succeeded") if each["actor"] in known]
    assert sorted(int(each["changes"]["about"].split()[1]) for each in done) == list(range(96))


def test_everything_is_on_record_with_who_did_it(users: Users, admin: Person) -> None:
    ann = users.person()
    ann.send("GET", ann.path)
    ann.send("PATCH", ann.path, json={"name": "Ann"})
    ann.send("PUT", f"{ann.path}/password", json={"current": PASSWORD, "password": OTHER})
    ann.send("GET", "/admin/users")
    admin.send("GET", "/admin/users")
    for method, path, body in (("PUT", "role", {"role": "admin"}), ("POST", "deactivate", None)):
        admin.send(method, f"/admin/users/{ann.id}/{path}", json=body)
    admin.send("DELETE", f"/admin/users/{ann.id}")

    about = [record for record in users.records() if ann.id in (record.get("object_id"), record.get("details", {}).get("user"))]
    done = [(record["action"], record["outcome"], record.get("actor")) for record in about]
    assert done == [
        ("sign_up_confirmed", "succeeded", None),
        ("sign_in", "succeeded", None),
        ("profile_read", "succeeded", ann.id),
        ("profile_update", "succeeded", ann.id),
        ("password_change", "intent", ann.id),
        ("password_change", "succeeded", ann.id),
        ("role_change", "intent", admin.id),
        ("role_change", "succeeded", admin.id),
        ("user_deactivated", "intent", admin.id),
        ("user_deactivated", "succeeded", admin.id),
        ("user_deleted", "intent", admin.id),
        ("user_deleted", "succeeded", admin.id),
    ]
    listed = users.records("--action", "users_listed", "--actor", ann.id)
    assert [(record["outcome"], record["reason"]) for record in listed] == [("denied", "not-authorized")]
    commands = users.records("--actor", "operator")
    assert {record["action"] for record in commands} == {"role_change"}


def test_the_ledger_verifies_and_shows_when_somebody_has_changed_it(users: Users, admin: Person) -> None:
    time.sleep(1.5)  # the last records are sealed within a second
    verified = users.command("counterseal", "ledger", "verify", users.ledger)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    if not users.ledger.startswith("sqlite"):
        return
    copy = users.folder / "copy.db"
    with sqlite3.connect(users.ledger.removeprefix("sqlite:///")) as source, sqlite3.connect(copy) as target:
        source.backup(target)
        for (name,) in target.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            target.execute(f"DROP TRIGGER {name}")
        target.execute(
            "UPDATE counterseal_records SET line = replace(line, 'role_change', 'role_chang3') WHERE line LIKE '%role_change%'"
        )
    assert users.command("counterseal", "ledger", "verify", str(copy)).returncode == 1


def test_the_record_and_the_change_are_one_transaction(users: Users, admin: Person) -> None:
    """A refused change leaves neither: the name is as it was, and no success is on record."""
    ann = users.person()
    ann.send("PUT", f"{ann.path}/password", json={"current": PASSWORD, "password": ann.email})
    mine = users.records("--actor", ann.id, "--action", "password_change")
    assert [record["outcome"] for record in mine] == ["intent", "denied"]
    assert users.browser().sign_in(ann.email).status_code == 200


# How it starts


def _started(tmp_path: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{EXAMPLE}", **environment}
    command = [sys.executable, "-m", "users", *arguments]
    return subprocess.run(command, cwd=tmp_path, env=given, capture_output=True, text=True, timeout=60, check=False)


GOOD = {
    "TOKEN_SECRET": "0Zr8yqkT5w1mXvB3nC7dF9hJ2lP4sU6aE8gK",
    "COUNTERSEAL_LEDGER_KEY": "3yQ9vT5w1mXvB3nC7dF9hJ2lP4sU6aE8gK0Zr8yq",
}


def test_it_does_not_start_with_a_route_without_a_contract(tmp_path: Path) -> None:
    """Nor with less of one than the policy asks for."""
    late = """
from users import routes

@routes.router.post("/admin/users/{user_id}/bonus")
def bonus(user_id: str) -> dict[str, str]:
    return {"paid": user_id}

@routes.router.get("/admin/report")
@routes.contract(routes.auth("user"), routes.returns(int))
def report() -> int:
    return 1

from users.application import application
application()
"""
    given = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{EXAMPLE}", **GOOD}
    ended = subprocess.run([sys.executable, "-c", late], cwd=tmp_path, env=given, capture_output=True, text=True, check=False)
    assert "SealError" in ended.stderr
    assert "POST /admin/users/{user_id}/bonus: bonus has no contract" in ended.stderr
    assert "GET /admin/report" in ended.stderr


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"TOKEN_SECRET": ""}, "TOKEN_SECRET is not set"),
        ({"TOKEN_SECRET": "secret"}, "secret"),
        ({"TOKEN_SECRET": "changeme" * 6}, "placeholder"),
        ({"COUNTERSEAL_LEDGER_KEY": None}, "the ledger is not signed"),
        ({"DATABASE_URL": "postgresql://nobody@127.0.0.1/none"}, "REDIS_URL"),
    ],
)
def test_it_does_not_start_with_a_hole(tmp_path: Path, change: dict[str, str | None], words: str) -> None:
    environment = {name: value for name, value in {**GOOD, **change}.items() if value is not None}
    ended = _started(tmp_path, "--port", "0", **environment)
    assert ended.returncode != 0
    assert words in ended.stderr
    assert GOOD["TOKEN_SECRET"] not in ended.stderr


def test_development_needs_no_secret_and_says_so(tmp_path: Path) -> None:
    with running(tmp_path, "--development", TOKEN_SECRET="", COUNTERSEAL_LEDGER_KEY="") as users:
        browser = users.browser()
        refused = browser.send("GET", "/admin/users").json()
        assert refused["clause"] == "the caller is known"
        form = {"email": "ann@example.com", "name": "Ann", "password": PASSWORD}
        browser.send("POST", "/sign-up", json=form)
        browser.send("POST", "/sign-up/confirm", json={"token": users.mail("ann@example.com")["token"]})
        answer = browser.send("POST", "/sign-in", json={"email": "ann@example.com", "password": PASSWORD})
        assert answer.headers["set-cookie"].startswith("session=")


def test_the_operators_command_needs_an_account_that_exists(users: Users) -> None:
    ended = users.command("users", "--make-admin", "nobody@example.com")
    assert ended.returncode != 0
    assert users.records("--actor", "operator", "--outcome", "denied")[-1]["reason"] == "not-found"


# What the audit says of it


def test_the_audit_finds_nothing_and_shows_contracts_as_enforced(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    command = [sys.executable, "-m", "counterseal", "audit", str(EXAMPLE), "--no-cache", "--format", "json", "-o", str(target)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    report = json.loads(target.read_text(encoding="utf-8"))
    assert run.returncode == 0, [(each["rule"], each["route"]) for each in report["findings"]]
    assert not report["incomplete"]
    assert len(report["routes"]) == 16
    for route in report["routes"]:
        states = route["guarantees"]
        assert states["shaped"] == "enforced"
        assert "missing" not in states.values()
        if route["path"] != "/health":
            assert (states["limited"], states["audited"]) == ("enforced", "enforced")
        if route["path"].startswith("/admin"):
            assert (states["authenticated"], states["authorized"]) == ("enforced", "enforced")
        if route["method"] == "POST" and route["path"] in ("/sign-in", "/tokens", "/sign-up"):
            assert states["authenticated"] == "not required"
