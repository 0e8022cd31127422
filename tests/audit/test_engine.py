"""One audit from beginning to end: what is read, what is said not to be, and what is read again."""

from __future__ import annotations

import gc
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from counterseal.audit.engine import Progress, audit, read
from counterseal.audit.errors import AuditError
from counterseal.audit.findings import Severity
from counterseal.audit.inputs import repository_path
from counterseal.audit.result import AuditResult, RouteKind
from counterseal.guarantees import Guarantee, State
from counterseal.policy import Policy
from tests.audit.apps import FASTAPI, write

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "profiles"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return write(tmp_path / "app", {"main.py": FASTAPI, "tests/test_app.py": "def test(): pass\n"})


def run(root: Path, *, cache: Path | None = None, policy: Policy | None = None, progress: Progress | None = None) -> AuditResult:
    return audit(root, policy=policy or Policy(), jobs=1, cache_dir=cache or False, progress=progress)


def timeless(result: AuditResult) -> AuditResult:
    return replace(result, stats=replace(result.stats, seconds=0.0, cached_files=0))


def test_routes_and_their_guarantees(app: Path) -> None:
    result = run(app)
    states = {
        route.name: route.guarantees[Guarantee.AUTHENTICATED].state for route in result.routes if route.kind is RouteKind.HTTP
    }
    assert states["GET /mine"] is State.FOUND
    assert states["GET /all"] is State.FOUND
    assert not states["GET /open"].holds
    assert result.root == "app"
    assert result.stats.files == 1
    assert result.stats.lines == FASTAPI.count("\n") + 1
    assert "fastapi" in result.stats.frameworks


def test_code_around_evidence_is_kept_without_secrets(app: Path) -> None:
    lines = run(app).snippets["main.py"]
    assert lines[FASTAPI.splitlines().index('@app.get("/mine")') + 1] == '@app.get("/mine")'
    shown = "\n".join(lines.values())
    assert "jwt.decode" in shown
    assert "a-hard-coded-signing-key-of-ours" not in shown


def test_test_code_is_left_out_and_counted(app: Path) -> None:
    (item,) = [item for item in run(app).not_checked if item.what == "test code"]
    assert "1 file" in item.why
    assert not item.incomplete


def test_the_example_of_this_repository() -> None:
    result = run(EXAMPLE)
    own = [route for route in result.routes if route.kind in (RouteKind.HTTP, RouteKind.WEBSOCKET)]
    assert len(own) == 18
    assert not result.incomplete
    assert timeless(result) == timeless(run(EXAMPLE))


def test_an_unfinished_file_is_partly_read_and_said(app: Path) -> None:
    (app / "cut.py").write_text("def f():\n    return (1,\n", encoding="utf-8")
    result = run(app)
    (item,) = [item for item in result.not_checked if item.file == "cut.py"]
    assert "partly read" in item.why
    assert item.incomplete
    assert result.incomplete


def test_an_unreadable_document_is_said(app: Path) -> None:
    (app / "requirements.txt").write_text("fastapi\n", encoding="utf-8")
    (app / "huge-requirements.txt").write_bytes(b"\n" * ((32 << 20) + 1))
    (item,) = [item for item in run(app).not_checked if item.what == "huge-requirements.txt"]
    assert item.incomplete


def test_no_routes_in_a_back_end_is_incomplete(tmp_path: Path) -> None:
    root = write(tmp_path, {"main.py": "from fastapi import FastAPI\n"})
    result = run(root)
    assert any("no routes found" in item.why for item in result.not_checked)
    assert result.incomplete


def test_generated_routes_are_no_routes_of_its_own(tmp_path: Path) -> None:
    result = run(write(tmp_path, {"main.py": "from fastapi import FastAPI\napp = FastAPI()\n"}))
    assert {route.kind for route in result.routes} == {RouteKind.GENERATED}
    assert result.incomplete


def test_a_framework_that_is_not_read_is_said(app: Path) -> None:
    (app / "other.py").write_text("from sanic import Sanic\napp = Sanic('x')\n", encoding="utf-8")
    (item,) = [item for item in run(app).not_checked if item.what == "Sanic"]
    assert item.incomplete
    assert item.file == "other.py"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"README.md": "# hello"}, "holds no Python code"),
        ({"tests/test_x.py": "x = 1"}, "besides tests"),
        ({"main.py": "print('hello')\n"}, "not a back end"),
        ({"venv/pyvenv.cfg": "", "venv/x.py": "x = 1"}, "besides what is left out"),
    ],
)
def test_what_is_not_a_back_end_is_refused(tmp_path: Path, files: dict[str, str], message: str) -> None:
    with pytest.raises(AuditError, match=message) as refused:
        run(write(tmp_path, files))
    assert refused.value.hint


def test_a_script_that_cannot_be_read_may_be_a_back_end(tmp_path: Path) -> None:
    assert run(write(tmp_path, {"main.py": "import \n(((\n"})).incomplete


def test_one_file_can_be_audited(app: Path) -> None:
    result = run(app / "main.py")
    assert result.root == "main.py"
    assert "GET /mine" in {route.name for route in result.routes}


@pytest.mark.parametrize("name", ["nothing-here", "notes.txt"])
def test_a_path_that_cannot_be_audited(tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.txt").write_text("hello", encoding="utf-8")
    with pytest.raises(AuditError, match=name):
        run(tmp_path / name)


def test_an_unknown_rule_is_refused_with_a_suggestion(app: Path) -> None:
    with pytest.raises(AuditError, match="there is no rule 'no-such-rule-at-all'"):
        audit(app, policy=Policy(), select=["no-such-rule-at-all"], cache_dir=False)


def test_the_policy_switches_rules_off_unless_they_are_selected(app: Path) -> None:
    policy = Policy.model_validate({"rules": {"missing-authentication": {"enabled": False, "reason": "we know"}}})
    assert "missing-authentication" not in {rule.id for rule in run(app, policy=policy).rules}
    chosen = audit(app, policy=policy, select=["missing-authentication"], cache_dir=False)
    assert [rule.id for rule in chosen.rules] == ["missing-authentication"]


def test_the_severity_of_the_policy_is_that_of_the_rule_in_the_report(app: Path, tmp_path: Path) -> None:
    policy = Policy.model_validate({"rules": {"missing-authentication": {"severity": "low"}}})
    for _ in range(2):  # computed, and from the cache
        result = run(app, policy=policy, cache=tmp_path / "cache")
        assert {rule.severity for rule in result.rules if rule.id == "missing-authentication"} == {Severity.LOW}


def test_a_proposed_policy_keeps_the_audit_incomplete(app: Path) -> None:
    text = '[[routes]]\nmatch = "/open"\npublic = "hello" # CONFIRM: is it?\n'
    result = audit(app, policy=Policy(), policy_source="counterseal.toml", policy_text=text, cache_dir=False)
    (item,) = [item for item in result.not_checked if item.what == "counterseal.toml"]
    assert "line 3 says CONFIRM" in item.why
    assert item.incomplete


def test_the_collector_is_left_as_it_was(app: Path) -> None:
    assert gc.isenabled()
    read(app, policy=Policy(), cache_dir=False)
    assert gc.isenabled()


def test_repository_path(tmp_path: Path) -> None:
    root = write(tmp_path, {".git/HEAD": "ref: refs/heads/main\n", "services/api/main.py": FASTAPI})
    assert repository_path(root) == ""
    assert repository_path(root / "services" / "api") == "services/api"
    assert repository_path(root / "services" / "api" / "main.py") == "services/api"


# -- the cache ----------------------------------------------------------------------------------------------------


def test_unchanged_code_is_not_read_again(app: Path, tmp_path: Path) -> None:
    stages: list[str] = []
    first = run(app, cache=tmp_path / "cache", progress=lambda stage, *_: stages.append(stage))
    assert {"Reading", "Linking"} <= set(stages)
    stages.clear()
    again = run(app, cache=tmp_path / "cache", progress=lambda stage, *_: stages.append(stage))
    assert stages == []
    assert timeless(again) == timeless(first)
    assert (first.stats.cached_files, again.stats.cached_files) == (0, 1)


def test_what_changes_is_seen(app: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    before = run(app, cache=cache)
    (app / "main.py").write_text(FASTAPI.replace("/mine", "/ours"), encoding="utf-8")
    after = run(app, cache=cache)
    assert "GET /ours" in {route.name for route in after.routes}
    (app / "main.py").write_text(FASTAPI, encoding="utf-8")
    assert timeless(run(app, cache=cache)) == timeless(before)
    (app / "extra.py").write_text("from main import app\n@app.get('/extra')\ndef extra(): return 1\n", encoding="utf-8")
    grown = run(app, cache=cache)
    assert "GET /extra" in {route.name for route in grown.routes}
    assert grown.stats.cached_files == 1
    policy = Policy.model_validate({"exclude": ["extra.py"]})
    assert "GET /extra" not in {route.name for route in run(app, cache=cache, policy=policy).routes}
    (app / "main.py").rename(app / "core.py")
    assert {route.file for route in run(app, cache=cache).routes} == {"core.py"}


def test_a_policy_that_changes_the_matrix_is_seen(app: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    run(app, cache=cache)
    policy = Policy.model_validate({"routes": [{"match": "/open", "requires": ["authenticated"]}]})
    cells = {route.name: route.guarantees for route in run(app, cache=cache, policy=policy).routes}
    assert cells["GET /open"][Guarantee.AUTHENTICATED].state is State.MISSING


def test_a_file_that_changes_during_the_run_is_not_kept_for_later(app: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"

    def interfere(stage: str, done: int, total: int) -> None:
        if stage == "Linking":
            (app / "main.py").write_text(FASTAPI + "\n# changed\n", encoding="utf-8")

    run(app, cache=cache, progress=interfere)
    stages: list[str] = []
    run(app, cache=cache, progress=lambda stage, *_: stages.append(stage))
    assert "Linking" in stages


@pytest.mark.parametrize("damage", [b"", b"\0" * 200, None])
def test_a_damaged_cache_is_no_cache(app: Path, tmp_path: Path, damage: bytes | None) -> None:
    cache = tmp_path / "cache"
    first = run(app, cache=cache)
    kept = [path for path in cache.iterdir() if path.is_file()]
    assert {path.suffix for path in kept} == {".pack", ".result"}
    for path in kept:
        content = path.read_bytes()
        path.write_bytes(content[:-7] if damage is None else damage)
    assert timeless(run(app, cache=cache)) == timeless(first)


def test_a_cache_that_cannot_be_used_is_said_and_not_held_against_the_run(app: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    result = run(app, cache=tmp_path / "file" / "cache")
    (item,) = [item for item in result.not_checked if item.what == "cache"]
    assert not item.incomplete


def test_a_run_from_the_cache_imports_neither_parser_nor_surface(app: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from counterseal.audit.engine import audit; from counterseal.policy import Policy\n"
        "audit(Path(sys.argv[1]), policy=Policy(), cache_dir=Path(sys.argv[2]), jobs=1); print(*sys.modules)"
    )
    loaded = []
    for _ in range(2):
        command = [sys.executable, "-c", code, str(app), str(tmp_path / "cache")]
        loaded.append(set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()))
    heavy = {"counterseal.audit.surface.build", "counterseal.audit.facts.python.extract", "counterseal.audit.assess"}
    assert heavy <= loaded[0]
    assert loaded[1].isdisjoint(heavy)
