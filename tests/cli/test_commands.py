"""The other commands: routes, rules, explain, init, policy; and what the help teaches."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from counterseal import __version__
from counterseal.policy import load_policy
from tests.audit.apps import FASTAPI, write
from tests.cli.command import counterseal, one_line

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "profiles"
COMMANDS = ("audit", "routes", "init", "rules", "explain", "policy", "ledger")


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return write(tmp_path / "app", {"main.py": FASTAPI})


def test_help_names_every_command_and_exit_code() -> None:
    run = counterseal("--help")
    assert run.returncode == 0
    for command in COMMANDS:
        assert f"\n  {command} " in run.stdout
    assert "Exit codes:" in run.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    run = counterseal(command, "--help")
    assert run.returncode == 0
    assert run.stdout.startswith(f"Usage: counterseal {command}")


def test_version() -> None:
    assert __version__ in counterseal("--version").stdout


def test_an_unknown_command() -> None:
    run = counterseal("adit")
    assert run.returncode == 2
    assert "No such command 'adit'" in run.stderr


# -- routes -------------------------------------------------------------------------------------------------------


def test_routes_as_json(app: Path) -> None:
    run = counterseal("routes", app, "--format", "json")
    assert run.returncode == 0
    rows = {row["path"]: row for row in json.loads(run.stdout)}
    row = rows["/mine"]
    assert (row["method"], row["file"]) == ("GET", "main.py")
    assert row["line"] > 0
    assert row["handler"].endswith("mine")
    assert row["guarantees"]["authenticated"] == "found"
    assert {"file", "line", "why"} == set(row["evidence"]["authenticated"][0])


def test_routes_as_text_and_openapi(app: Path, tmp_path: Path) -> None:
    assert "/mine" in counterseal("routes", app).stdout
    target = tmp_path / "openapi.json"
    assert counterseal("routes", app, "--format", "openapi", "-o", target).stdout == ""
    assert "/mine" in json.loads(target.read_text(encoding="utf-8"))["paths"]


def test_routes_of_a_back_end_without_any(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": "import flask\n"})
    run = counterseal("routes", tmp_path, "--format", "json")
    assert run.returncode == 3
    assert json.loads(run.stdout) == []
    assert "Incomplete: 1 not checked" in run.stderr


# -- rules --------------------------------------------------------------------------------------------------------


def test_rules_and_explain() -> None:
    known = json.loads(counterseal("rules", "--format", "json").stdout)
    listed = counterseal("rules").stdout
    assert len(known) > 20
    for rule in known:
        assert f"\n  {rule['id']} " in listed
        assert rule["cwe"]
    run = counterseal("explain", "missing-authentication")
    assert run.returncode == 0
    for part in ("# Missing authentication", "CWE-306", "## Why it matters", "## Remedy", "# finding", "not reported"):
        assert part in run.stdout


def test_explain_suggests() -> None:
    run = counterseal("explain", "missing_autentication")
    assert run.returncode == 2
    assert one_line(run.stderr) == "Error: there is no rule 'missing_autentication'; did you mean missing-authentication?"


# -- init ---------------------------------------------------------------------------------------------------------


def test_init_proposes_a_policy_that_can_be_used(tmp_path: Path) -> None:
    files = {path.relative_to(EXAMPLE).as_posix(): path.read_text(encoding="utf-8") for path in EXAMPLE.rglob("*.py")}
    root = write(tmp_path / "app", files)
    run = counterseal("init", root)
    assert run.returncode == 0
    text = (root / "counterseal.toml").read_text(encoding="utf-8")
    policy = load_policy(root).policy
    owners = {resource.model: resource.owner for resource in policy.resources.values()}
    assert owners["Invoice"] == "owner_id"
    assert {rule.match for rule in policy.routes if rule.public} >= {"POST /auth/login", "POST /auth/signup", "GET /health"}
    assert "/update_user_profile" not in {rule.match.partition(" ")[2] for rule in policy.routes}
    assert "#   POST /update_user_profile" in text
    guesses = sum("# CONFIRM" in line for line in text.splitlines())
    assert f"{guesses} guesses" in run.stderr
    assert guesses >= len(policy.resources) + len(policy.routes)
    assert counterseal("policy", "check", root).returncode == 0
    audited = counterseal("audit", root, "--fail-on", "never")
    assert audited.returncode == 3
    assert "say CONFIRM" in " ".join(audited.stdout.split())


def test_init_never_overwrites_without_force(app: Path) -> None:
    target = app / "counterseal.toml"
    target.write_text('origins = ["https://app.example.com"]\n', encoding="utf-8")
    before = target.read_bytes()
    run = counterseal("init", app)
    assert run.returncode == 2
    assert "is there already; --force replaces it" in one_line(run.stderr)
    assert target.read_bytes() == before
    assert counterseal("init", app, "--force").returncode == 0
    assert target.read_bytes() != before


def test_init_sees_a_policy_in_the_project_file(app: Path) -> None:
    (app / "pyproject.toml").write_text('[tool.counterseal]\norigins = ["https://app.example.com"]\n', encoding="utf-8")
    run = counterseal("init", app)
    assert run.returncode == 2
    assert "there is a policy already, in pyproject.toml" in one_line(run.stderr)
    assert not (app / "counterseal.toml").exists()


def test_init_on_standard_output(app: Path) -> None:
    run = counterseal("init", app, "-o", "-")
    assert run.returncode == 0
    tomllib.loads(run.stdout)
    assert not (app / "counterseal.toml").exists()


HOSTILE = """
from flask import Flask
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
app = Flask(__name__)

class Base(DeclarativeBase): pass

class Straße(Base):
    __tablename__ = 'x"]\\nroles = ["root"]'
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int]
    salary: Mapped[int]

@app.get('/health"]\\n[tool]\\nx = "')
def quote(): return "ok"

@app.get('/a\\\\b\\u202e\\x00{x')
def control(): return "ok"

@app.post("/login")
@app.post("/log in now")
def login(): return "ok"
"""


def test_names_in_the_code_cannot_steer_the_proposal(tmp_path: Path) -> None:
    root = write(tmp_path, {"main.py": HOSTILE})
    run = counterseal("init", root)
    assert run.returncode == 0, run.stderr
    policy = load_policy(root).policy
    assert policy.roles == ()
    assert policy.sensitive_fields == ("salary",)
    assert all(char.isprintable() or char == "\n" for char in (root / "counterseal.toml").read_text(encoding="utf-8"))
