"""``counterseal seal``: the routing table of an imported application, without a server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command import counterseal, one_line

OPEN = """
from fastapi import FastAPI
from counterseal import contract, auth

print("importing")
app = FastAPI(openapi_url=None)


@app.get("/kept")
@contract(auth())
async def kept() -> int:
    return 1


@app.get("/open")
async def left_open() -> int:
    return 1


def make():
    made = FastAPI(openapi_url=None)
    made.add_api_route("/kept", kept)
    return made


empty = FastAPI(openapi_url=None)
number = 3
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(OPEN, encoding="utf-8")
    return tmp_path


def test_problems(folder: Path) -> None:
    run = counterseal("seal", "shop:app", cwd=folder)
    assert run.returncode == 1
    assert run.stdout.splitlines() == [
        "GET /open: left_open has no contract (shop.py:16)",
        "    @contract(requires=[auth()])  # directly above 'async def left_open' shop.py:16",
        "not sealed: 1 problem",
    ]
    assert run.stderr == "importing\n"


@pytest.mark.parametrize("arguments", [["shop:app", "--open", "/open=for a while"], ["shop:make()"]])
def test_sealed(folder: Path, arguments: list[str]) -> None:
    run = counterseal("seal", *arguments, cwd=folder)
    assert run.returncode == 0
    assert "GET  /kept  authenticated" in run.stdout


def test_json(folder: Path) -> None:
    run = counterseal("seal", "shop:app", "--format", "json", cwd=folder)
    assert run.returncode == 1
    report = json.loads(run.stdout)
    assert report["sealed"] is False
    assert report["problems"][0]["code"] == "no-contract"
    run = counterseal("seal", "shop:make()", "--format", "json", cwd=folder)
    report = json.loads(run.stdout)
    assert (run.returncode, report["sealed"], report["framework"]) == (0, True, "starlette")
    assert report["routes"][0]["guarantees"] == ["authenticated"]


def test_nothing_to_check(folder: Path) -> None:
    run = counterseal("seal", "shop:empty", cwd=folder)
    assert run.returncode == 3
    assert "the application has no routes" in run.stderr


@pytest.mark.parametrize(
    ("argument", "says"),
    [
        ("shop", "'shop' is not MODULE:APP"),
        ("nowhere:app", "nowhere:app cannot be imported: ModuleNotFoundError: No module named 'nowhere'"),
        ("shop:absent", "shop:absent cannot be imported: AttributeError: module 'shop' has no attribute 'absent'"),
        ("shop:number", "does not know what int is"),
        ("broken:app", "broken:app cannot be imported: SyntaxError"),
        ("angry:app", "angry:app cannot be imported: RuntimeError (" + "{folder}/angry.py:1)"),
        ("leaving:app", "leaving:app cannot be imported: SystemExit"),
    ],
)
def test_a_wrong_call(folder: Path, argument: str, says: str) -> None:
    (folder / "broken.py").write_text("def (", encoding="utf-8")
    (folder / "angry.py").write_text("raise RuntimeError('password=hunter2')", encoding="utf-8")
    (folder / "leaving.py").write_text("raise SystemExit(0)", encoding="utf-8")
    run = counterseal("seal", argument, cwd=folder)
    assert (run.returncode, run.stdout) == (2, "")
    error = run.stderr.replace("importing\n", "")
    assert says.replace("{folder}", str(folder)) in " ".join(error.split())
    assert "hunter2" not in error
    if argument != "shop":
        one_line(error)


@pytest.mark.parametrize("opening", ["/open", "=reason", "/open="])
def test_an_opening_without_a_reason(folder: Path, opening: str) -> None:
    run = counterseal("seal", "shop:app", "--open", opening, cwd=folder)
    assert run.returncode == 2
    assert "is not PATH=REASON" in run.stderr


SELF_SEALED = """
from fastapi import FastAPI
from counterseal import Security, auth, contract, rate_limit, seal

app = FastAPI(openapi_url=None)


@app.get("/kept")
@contract(auth(), rate_limit("kept", "5/minute"))
async def kept() -> int:
    return 1


@app.get("/open")
async def left_open() -> int:
    return 1


seal(app, {settings}open={{"/open": "for a while"}})
"""


def test_the_applications_own_openings_and_settings_hold(folder: Path) -> None:
    (folder / "own.py").write_text(SELF_SEALED.format(settings=""), encoding="utf-8")
    assert counterseal("seal", "own:app", cwd=folder).returncode == 0
    (folder / "own.py").write_text(SELF_SEALED.format(settings="Security(), "), encoding="utf-8")
    run = counterseal("seal", "own:app", cwd=folder)
    assert run.returncode == 1
    assert "GET /kept: at most 5/minute of kept per caller cannot be kept: no limiter is configured (own.py:10)" in run.stdout


def test_what_comes_after_the_applications_own_seal(folder: Path) -> None:
    text = SELF_SEALED.format(settings="") + '\napp.add_api_route("/late", left_open)\n'
    (folder / "own.py").write_text(text, encoding="utf-8")
    run = counterseal("seal", "own:app", cwd=folder)
    assert run.returncode == 1
    assert "GET /late: left_open has no contract" in run.stdout
