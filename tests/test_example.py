"""The example in examples/profiles: it runs, each flaw that its README lists can be used, and the audit finds it."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import uuid
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "profiles"
PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Account:
    """Someone who has signed up, with a client that carries their token."""

    id: int
    email: str
    http: httpx.Client


@dataclass(frozen=True)
class Server:
    """The example, running."""

    port: int
    anonymous: httpx.Client

    def sign_up(self) -> Account:
        """A new account, logged in."""
        email = f"{uuid.uuid4().hex}@example.com"
        created = self.anonymous.post("/auth/signup", json={"email": email, "name": "Someone", "password": PASSWORD})
        assert created.status_code == 201, created.text
        token = self.anonymous.post("/auth/login", json={"email": email, "password": PASSWORD}).json()["access_token"]
        client = httpx.Client(base_url=self.anonymous.base_url, headers={"Authorization": f"Bearer {token}"}, trust_env=False)
        return Account(created.json()["id"], email, client)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The example under uvicorn, with a database of its own."""
    port, folder = _free_port(), tmp_path_factory.mktemp("example")
    environment = {name: value for name, value in os.environ.items() if name != "SECRET_KEY"}
    environment |= {"DATABASE_URL": f"sqlite:///{folder / 'profiles.db'}", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "app.main:app",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--log-level",
        "warning",
    ]
    with (folder / "log").open("w") as log, httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        process = subprocess.Popen(command, cwd=EXAMPLE, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait_until_up(client, process, folder / "log")
            yield Server(port, client)
        finally:
            process.terminate()
            process.wait(timeout=10)


def _wait_until_up(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            if client.get("/health").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail(f"the example did not start: {log.read_text()}")


def _invoice(account: Account) -> int:
    created = account.http.post("/invoices", json={"customer": "ACME", "amount": 12.5})
    assert created.status_code == 201, created.text
    return int(created.json()["id"])


def test_anyone_rewrites_any_profile(server: Server) -> None:
    victim = server.sign_up()
    form = {"user_id": victim.id, "email": "not an address", "name": "x" * 5000}
    assert server.anonymous.post("/update_user_profile", data=form).status_code == 200
    assert victim.http.get("/users/me").json()["email"] == "not an address"


def test_any_user_becomes_an_administrator(server: Server) -> None:
    mallory = server.sign_up()
    assert mallory.http.get("/admin/users").status_code == 403
    assert mallory.http.patch(f"/users/{mallory.id}", json={"is_admin": True}).status_code == 200
    assert mallory.http.get("/admin/users").status_code == 200


def test_any_user_changes_another_user(server: Server) -> None:
    victim, mallory = server.sign_up(), server.sign_up()
    assert mallory.http.patch(f"/users/{victim.id}", json={"name": "Mallory was here"}).status_code == 200
    assert victim.http.get("/users/me").json()["name"] == "Mallory was here"


def test_any_user_deletes_another_user_and_no_record_is_kept(server: Server) -> None:
    victim, mallory = server.sign_up(), server.sign_up()
    assert mallory.http.delete(f"/admin/users/{victim.id}").status_code == 204
    assert victim.http.get("/users/me").status_code == 401


def test_any_user_reads_any_invoice(server: Server) -> None:
    victim, mallory = server.sign_up(), server.sign_up()
    assert mallory.http.get(f"/invoices/{_invoice(victim)}").json()["customer"] == "ACME"


def test_any_user_lists_the_invoices_of_everyone(server: Server) -> None:
    victim, mallory = server.sign_up(), server.sign_up()
    assert _invoice(victim) in {invoice["id"] for invoice in mallory.http.get("/invoices").json()}


def test_the_profile_shows_the_password_hash(server: Server) -> None:
    assert server.sign_up().http.get("/users/me").json()["hashed_password"].startswith("$2")


def test_tokens_are_signed_with_a_secret_from_the_source_and_never_expire(server: Server) -> None:
    account = server.sign_up()
    claims: dict[str, Any] = {"sub": str(account.id)}
    with warnings.catch_warnings(action="ignore", category=jwt.InsecureKeyLengthWarning):  # that it is short is part of the flaw
        forged = jwt.encode(claims, "dev-secret-key-change-me", algorithm="HS256")
    answer = server.anonymous.get("/users/me", headers={"Authorization": f"Bearer {forged}"})
    assert answer.json()["id"] == account.id


def test_login_and_sign_up_tell_who_has_an_account(server: Server) -> None:
    account = server.sign_up()
    wrong = server.anonymous.post("/auth/login", json={"email": account.email, "password": "wrong"})
    absent = server.anonymous.post("/auth/login", json={"email": "nobody@example.com", "password": "wrong"})
    again = server.anonymous.post("/auth/signup", json={"email": account.email, "name": "x", "password": PASSWORD})
    assert (wrong.status_code, absent.status_code, again.status_code) == (401, 404, 400)


def test_the_default_limit_never_takes_effect(server: Server) -> None:
    answers = {server.anonymous.get("/health").status_code for _ in range(120)}
    assert answers == {200}


def test_every_origin_may_read_answers_with_credentials(server: Server) -> None:
    headers = {"Origin": "https://evil.example", "Cookie": "session=1"}
    answer = server.anonymous.get("/health", headers=headers)
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["access-control-allow-origin"] in {"*", "https://evil.example"}


def test_the_websocket_shows_anyone_the_notifications_of_anyone(server: Server) -> None:
    victim = server.sign_up()
    assert victim.http.post(f"/invoices/{_invoice(victim)}/send").status_code == 200
    assert server.anonymous.get("/notifications").status_code in {401, 403}
    code = (
        "import sys; from websockets.sync.client import connect\n"
        "with connect(sys.argv[1], proxy=None) as socket: print(socket.recv(timeout=10))"
    )
    url = f"ws://127.0.0.1:{server.port}/ws/notifications/{victim.id}"
    received = subprocess.run([sys.executable, "-c", code, url], capture_output=True, text=True, check=True, timeout=30)
    assert "was sent to ACME" in json.loads(received.stdout)["text"]


def test_the_guarded_routes_hold(server: Server) -> None:
    victim, mallory = server.sign_up(), server.sign_up()
    invoice = _invoice(victim)
    assert server.anonymous.get("/invoices").status_code in {401, 403}
    assert mallory.http.get("/notifications").json() == []
    assert mallory.http.put(f"/invoices/{invoice}", json={"amount": 1}).status_code == 404
    assert mallory.http.delete(f"/invoices/{invoice}").status_code == 404
    assert mallory.http.post(f"/admin/users/{victim.id}/deactivate").status_code == 403
    assert victim.http.put(f"/invoices/{invoice}", json={"owner_id": mallory.id}).status_code == 422
    assert victim.http.put("/users/me", json={"is_admin": True}).status_code == 422
    sent = [victim.http.post(f"/invoices/{invoice}/send").status_code for _ in range(6)]
    assert sent == [200] * 5 + [429]


# What the audit says about it

README = (EXAMPLE / "README.md").read_text(encoding="utf-8")
FLAWS = re.findall(r"^\| `([^`]+)` \|", README, re.MULTILINE)
SOUND = (
    "GET /health",
    "PUT /users/me",
    "POST /invoices",
    "PUT /invoices/{invoice_id}",
    "POST /invoices/{invoice_id}/send",
    "DELETE /invoices/{invoice_id}",
    "GET /admin/users",
    "POST /admin/users/{user_id}/deactivate",
    "GET /notifications",
)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The audit of the example, as a program reads it."""
    target = tmp_path_factory.mktemp("audit") / "report.json"
    command = [sys.executable, "-m", "counterseal", "audit", str(EXAMPLE), "--no-cache", "--format", "json", "-o", str(target)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 1, run.stderr
    read: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
    return read


def test_the_readme_lists_the_flaws() -> None:
    assert len(FLAWS) == 13


@pytest.mark.parametrize("flaw", FLAWS)
def test_every_flaw_is_found(flaw: str, report: dict[str, Any]) -> None:
    about = [finding["rule"] for finding in report["findings"] if flaw in (finding["route"], finding["file"])]
    assert about, f"nothing is reported about {flaw}"


@pytest.mark.parametrize("route", SOUND)
def test_sound_routes_are_left_alone(route: str, report: dict[str, Any]) -> None:
    about = [finding["rule"] for finding in report["findings"] if finding["route"] == route]
    assert not about


def test_the_matrix_shows_what_the_worst_route_lacks(report: dict[str, Any]) -> None:
    (route,) = [route for route in report["routes"] if route["path"] == "/update_user_profile"]
    lacking = {name for name, state in route["guarantees"].items() if state == "missing"}
    assert {"authenticated", "owned", "validated"} <= lacking


def test_routes_of_the_application_are_all_there(report: dict[str, Any]) -> None:
    own = {f"{route['method']} {route['path']}" for route in report["routes"] if route["kind"] in ("http", "websocket")}
    assert len(own) == 18
    assert set(SOUND) < own
    assert {flaw for flaw in FLAWS if "/" in flaw and " " in flaw} < own


def test_nothing_is_left_unchecked(report: dict[str, Any]) -> None:
    assert not report["incomplete"]
