"""`update_user_profile` before and after: both run under uvicorn, and what examples/users/before_after says of them is so."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from tests.servers import free_port

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "examples" / "users" / "before_after" / "README.md"
PARTS = dict(re.findall(r'^```python title="(\w+)\.py"\n(.*?)^```', PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL))
SECRET = "0Zr8yqkT5w1mXvB3nC7dF9hJ2lP4sU6aE8gK"
ANN, BOB = 1, 2


@contextmanager
def running(name: str, folder: Path, **environment: str) -> Iterator[httpx.Client]:
    """One of the two, with two people in its database."""
    (folder / f"{name}.py").write_text(PARTS[name], encoding="utf-8")
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        f"{name}:app",
        "--port",
        str(port),
        "--no-proxy-headers",
        "--log-level",
        "warning",
    ]
    given = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{folder}", "PYTHONDONTWRITEBYTECODE": "1", **environment}
    given.pop("SECRET_KEY", None)
    made = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, headers={"Connection": "close"})
    with (folder / "log").open("w") as log, made as client:
        process = subprocess.Popen(command, cwd=folder, env=given, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait(client, process, folder / "log")
            with closing(sqlite3.connect(folder / f"{name}.db")) as database, database:
                rows = [(ANN, "Ann"), (BOB, "Bob")]
                database.executemany("INSERT INTO users VALUES (?, ?, 'user', 'argon2 of the password')", rows)
            yield client
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(400):
        if process.poll() is not None:
            break
        try:
            client.get("/")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"it did not start: {log.read_text()}")


def as_(who: int, secret: str = SECRET, **claims: Any) -> dict[str, str]:
    """A token."""
    with warnings.catch_warnings(action="ignore", category=jwt.InsecureKeyLengthWarning):
        return {"Authorization": f"Bearer {jwt.encode({'sub': str(who), **claims}, secret, algorithm='HS256')}"}


def good(who: int) -> dict[str, str]:
    """A token that the second application accepts."""
    now = time.time()
    return as_(who, iss="users", aud="users", iat=now, exp=now + 60, roles=["user"])


def test_before_everything_that_the_page_lists_is_possible(tmp_path: Path) -> None:
    with running("before", tmp_path) as client:
        forged = as_(ANN, "dev-secret-key-change-me")
        stolen = client.patch(f"/users/{BOB}", json={"name": "Mallory was here"}, headers=forged)
        assert (stolen.status_code, stolen.json()["name"]) == (200, "Mallory was here")
        assert stolen.json()["password_hash"].startswith("argon2")
        assert client.patch(f"/users/{ANN}", json={"role": "admin"}, headers=forged).json()["role"] == "admin"
        assert client.patch(f"/users/{ANN}", json={}, headers={"Authorization": "Bearer nonsense"}).status_code == 500
        assert {client.patch(f"/users/{ANN}", json={}, headers=forged).status_code for _ in range(20)} == {200}


@pytest.fixture
def after(tmp_path: Path) -> Iterator[httpx.Client]:
    """The second one."""
    with running("after", tmp_path, TOKEN_SECRET=SECRET) as client:
        yield client


def test_after_nothing_of_it_is(after: httpx.Client, tmp_path: Path) -> None:
    changed = after.patch(f"/users/{ANN}", json={"name": "Ann B"}, headers=good(ANN))
    assert (changed.status_code, changed.json()) == (200, {"id": ANN, "name": "Ann B"})
    refused = {
        404: after.patch(f"/users/{BOB}", json={"name": "Mallory was here"}, headers=good(ANN)),
        422: after.patch(f"/users/{ANN}", json={"name": "x", "role": "admin"}, headers=good(ANN)),
        401: after.patch(f"/users/{ANN}", json={"name": "x"}, headers=as_(ANN, "dev-secret-key-change-me")),
    }
    assert {status: answer.status_code for status, answer in refused.items()} == {status: status for status in refused}
    assert after.patch(f"/users/{ANN}", json={}, headers={"Authorization": "Bearer nonsense"}).status_code == 401
    assert after.patch(f"/users/{ANN}", json={"name": "x"}, headers=as_(ANN)).status_code == 401, "it never expires"
    answers = [after.patch(f"/users/{ANN}", json={"name": "x"}, headers=good(ANN)).status_code for _ in range(6)]
    assert answers[-1] == 429
    from counterseal.enforce.ledger import entries, reading

    with reading(str(tmp_path / "audit.db")) as store:
        outcomes = [entry.record.outcome.value for entry in entries(store) if entry.record is not None]
    # Denials have used the limit up, too: of the last six, two were done.
    assert (outcomes.count("succeeded"), outcomes.count("denied")) == (3, 9)


def test_the_audit_tells_them_apart(tmp_path: Path) -> None:
    import json

    states, rules = {}, {}
    for name, source in PARTS.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "main.py").write_text(source, encoding="utf-8")
        report = tmp_path / f"{name}.json"
        command = [sys.executable, "-m", "counterseal", "audit", str(tmp_path / name), "--no-cache", "--format", "json"]
        subprocess.run([*command, "-o", str(report)], capture_output=True, check=False)
        read = json.loads(report.read_text(encoding="utf-8"))
        (route,) = [each for each in read["routes"] if each["path"] == "/users/{user_id}"]
        states[name] = route["guarantees"]
        rules[name] = {each["rule"] for each in read["findings"]}
    promised = ("authenticated", "authorized", "owned", "validated", "limited", "audited", "shaped")
    assert {states["after"][name] for name in promised} == {"enforced"}
    assert states["before"]["validated"] == "missing"
    assert "enforced" not in states["before"].values()
    assert {"fallback-secret", "mass-assignment", "excessive-data-exposure"} <= rules["before"]
    assert not rules["after"]
