"""What the tests of examples/users share: the example as a process of its own, and people who use it."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from tests.servers import free_port

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "users"
PASSWORD = "correct horse battery"
_ADDRESSES = count(1)
_PATIENCE = 30.0
_OURS = ("COUNTERSEAL_", "USERS_", "REDIS_URL", "DATABASE_URL", "TOKEN_SECRET", "OUTBOX")


@dataclass
class Browser:
    """Somebody's browser: an address of its own, and the session cookie, which real ones send over https only."""

    base: str
    cookie: str | None = None
    token: str | None = None
    _client: httpx.Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        number = next(_ADDRESSES)
        transport = httpx.HTTPTransport(local_address=f"127.9.{number // 250}.{number % 250 + 1}")
        self._client = httpx.Client(base_url=self.base, transport=transport, trust_env=False, timeout=30)

    def send(self, method: str, path: str, *, headers: dict[str, str] | None = None, **given: Any) -> httpx.Response:
        """Send a request as a page of the application itself would."""
        sent = {"Origin": self.base}
        if self.cookie is not None:
            sent["Cookie"] = f"__Host-session={self.cookie}"
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        return self._client.request(method, path, headers=sent | (headers or {}), **given)

    def sign_in(self, email: str, password: str = PASSWORD) -> httpx.Response:
        """Sign in, and keep the cookie."""
        answer = self.send("POST", "/sign-in", json={"email": email, "password": password})
        if answer.status_code == 200:
            self.cookie = cookie_of(answer)
        return answer


def cookie_of(answer: httpx.Response) -> str:
    """The session cookie that an answer sets."""
    name, _, value = answer.headers["set-cookie"].partition(";")[0].partition("=")
    assert name == "__Host-session"
    return value


@dataclass
class Person:
    """Somebody with an account, signed in."""

    id: str
    email: str
    browser: Browser

    def send(self, method: str, path: str, **given: Any) -> httpx.Response:
        """Send a request."""
        return self.browser.send(method, path, **given)

    @property
    def path(self) -> str:
        """Where their profile is."""
        return f"/users/{self.id}"


@dataclass
class Users:
    """The example, running."""

    base: str
    environment: dict[str, str]
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def secret(self) -> str:
        """What its tokens are signed with."""
        return self.environment["TOKEN_SECRET"]

    @property
    def ledger(self) -> str:
        """Where its ledger is."""
        return self.environment["DATABASE_URL"]

    def browser(self) -> Browser:
        """A browser that nobody has used yet."""
        return Browser(self.base)

    def mail(self, email: str, *, number: int = 1) -> dict[str, str]:
        """The newest mail to an address, once there are that many."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            path = self.folder / "outbox.jsonl"
            lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
            found = [mail for mail in map(json.loads, lines) if mail["to"] == email]
            if len(found) >= number:
                latest: dict[str, str] = found[-1]
                return latest
            time.sleep(0.02)
        raise AssertionError("no mail came")

    def person(self, name: str = "Someone") -> Person:
        """Somebody new: signed up, confirmed, signed in."""
        email, browser = f"{uuid.uuid4().hex}@example.com", self.browser()
        asked = browser.send("POST", "/sign-up", json={"email": email, "name": name, "password": PASSWORD})
        assert asked.status_code == 202, asked.text
        made = browser.send("POST", "/sign-up/confirm", json={"token": self.mail(email)["token"]})
        assert made.status_code == 201, made.text
        assert browser.sign_in(email).status_code == 200
        return Person(made.json()["id"], email, browser)

    def administrator(self) -> Person:
        """Somebody whom the operator has made an administrator."""
        person = self.person("Admin")
        done = self.command("users", "--make-admin", person.email)
        assert done.returncode == 0, done.stderr
        return person

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a module on the same machine, with the same environment."""
        command = [sys.executable, "-m", *arguments]
        return subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False)

    def records(self, *options: str) -> list[dict[str, Any]]:
        """The audit trail."""
        done = self.command("counterseal", "ledger", "export", self.ledger, *options)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    @property
    def log(self) -> str:
        """What the server has written."""
        return (self.folder / "log").read_text(encoding="utf-8")


@contextmanager
def running(folder: Path, *arguments: str, **environment: str) -> Iterator[Users]:
    """The example as a process of its own, set up as for production. A variable that is given as empty is not set."""
    port = free_port()
    given = {
        **{
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("COUNTERSEAL", "USERS", "REDIS", "DATABASE"))
        },
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(EXAMPLE)]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TOKEN_SECRET": secrets.token_urlsafe(48),
        "COUNTERSEAL_LEDGER_KEY": secrets.token_urlsafe(48),
        "DATABASE_URL": f"sqlite:///{folder / 'users.db'}",
        **environment,
    }
    command = [sys.executable, "-m", "users", "--port", str(port), *arguments]
    given = {name: value for name, value in given.items() if value}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=given, stdout=log, stderr=subprocess.STDOUT)
    users = Users(f"http://127.0.0.1:{port}", given, folder, process)
    try:
        _wait(users)
        yield users
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait(users: Users) -> None:
    deadline = time.monotonic() + _PATIENCE
    with httpx.Client(trust_env=False) as client:
        while time.monotonic() < deadline and users.process.poll() is None:
            try:
                if client.get(f"{users.base}/health").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
    raise AssertionError(f"the example did not start: {users.log}")
