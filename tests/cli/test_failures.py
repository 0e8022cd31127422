"""Whatever goes wrong: one clear line, whose fault it is, what to do, the right exit code, and nothing half-written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.audit.apps import FASTAPI, write
from tests.cli.command import COMMAND, counterseal, environment, one_line


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return write(tmp_path / "app", {"main.py": FASTAPI})


@pytest.mark.parametrize("command", ["audit", "routes", "init"])
def test_no_such_path(tmp_path: Path, command: str) -> None:
    run = counterseal(command, tmp_path / "nothing")
    assert run.returncode == 2
    assert one_line(run.stderr) == f"Error: there is no {tmp_path / 'nothing'}; check the path"
    assert run.stdout == ""
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_no_code(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello", encoding="utf-8")
    run = counterseal("audit", tmp_path / "notes.txt")
    assert run.returncode == 2
    assert "notes.txt is not a Python file; name the folder" in one_line(run.stderr)


def test_not_a_back_end(tmp_path: Path) -> None:
    write(tmp_path, {"index.js": "1", "tool.py": "print(1)\n"})
    run = counterseal("audit", tmp_path)
    assert run.returncode == 2
    assert "this is not a back end that Counterseal knows" in one_line(run.stderr)
    (tmp_path / "tool.py").unlink()
    run = counterseal("audit", tmp_path)
    assert run.returncode == 2
    assert f"{tmp_path} holds no Python code" in one_line(run.stderr)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("roles = [", "counterseal.toml:1:"),
        ("rolse = ['admin']", "did you mean 'roles'?"),
        ('[rules.no-such-rule]\nseverity = "low"', "there is no such rule"),
        ("\0", "counterseal.toml"),
    ],
)
def test_a_broken_policy(app: Path, text: str, message: str) -> None:
    (app / "counterseal.toml").write_text(text, encoding="utf-8")
    run = counterseal("audit", app)
    assert run.returncode == 2
    assert one_line(run.stderr).startswith("Error: the policy cannot be used: ")
    assert message in run.stderr
    assert run.stdout == ""


def test_everything_that_is_wrong_with_a_policy_is_listed(app: Path) -> None:
    (app / "counterseal.toml").write_text("rolse = []\norigin = []\n", encoding="utf-8")
    run = counterseal("audit", app)
    assert run.returncode == 2
    assert len(run.stderr.splitlines()) == 3
    assert "did you mean 'roles'?" in run.stderr
    assert "did you mean 'origins'?" in run.stderr


def test_a_policy_that_is_not_there(app: Path) -> None:
    run = counterseal("audit", app, "--policy", app / "other.toml")
    assert run.returncode == 2
    assert "there is no such file" in run.stderr


@pytest.mark.parametrize("target", ["missing/report.json", "folder", "app/main.py/report.json"])
def test_an_output_that_cannot_be_written(app: Path, tmp_path: Path, target: str) -> None:
    (tmp_path / "folder").mkdir()
    before = sorted(path for path in tmp_path.rglob("*"))
    run = counterseal("audit", app, "--format", "json", "-o", tmp_path / target)
    assert run.returncode == 2
    assert "cannot write the report" in one_line(run.stderr)
    assert sorted(path for path in tmp_path.rglob("*")) == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk(app: Path) -> None:
    run = counterseal("audit", app, "--format", "json", "-o", "/dev/full")
    assert run.returncode == 2
    assert "the disk is full" in one_line(run.stderr)
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        command = [*COMMAND, "audit", str(app)]
        run = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=environment())
    assert run.returncode == 2
    assert one_line(run.stderr) == "Error: cannot write to standard output: the disk is full"


POWERLESS = """
import ctypes, os, sys
for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH: with them the administrator reads whatever is closed
    if ctypes.CDLL(None).prctl(24, capability, 0, 0, 0):  # PR_CAPBSET_DROP
        sys.exit("cannot give up the right to read everything")
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_an_unreadable_folder(app: Path) -> None:
    closed = app / "closed"
    write(closed, {"hidden.py": "x = 1\n"})
    command = (sys.executable, "-c", POWERLESS, *COMMAND) if os.geteuid() == 0 else COMMAND
    closed.chmod(0)
    try:
        part = counterseal("audit", app, "--fail-on", "never", command=command)
        whole = counterseal("audit", closed, command=command)
    finally:
        closed.chmod(0o755)
    assert part.returncode == 3
    assert "closed: the folder cannot be read: Permission denied" in part.stdout
    assert whole.returncode == 2
    assert one_line(whole.stderr) == f"Error: {closed} cannot be read: permission denied; check the path and its permissions"


def test_an_interrupted_run(tmp_path: Path) -> None:
    body = "\n".join(f"def f{number}(a, b=({number}, [1, 2, 3])):\n    return a.x(b) or {{'k': a}}" for number in range(400))
    write(tmp_path / "big", {"main.py": FASTAPI} | {f"m{number}.py": body for number in range(300)})
    target = tmp_path / "report.json"
    run = subprocess.Popen(
        [*COMMAND, "audit", str(tmp_path / "big"), "--no-cache", "--format", "json", "-o", str(target)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        start_new_session=True,
    )
    time.sleep(1.5)
    assert run.poll() is None, "it was done before it could be interrupted"
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=30)
    assert run.returncode == 130
    assert one_line(err) == "Interrupted. Nothing was written."
    assert out == ""
    assert not target.exists()
    with pytest.raises(ProcessLookupError):
        os.killpg(run.pid, 0)  # no worker is left


def test_two_runs_at_once(app: Path, tmp_path: Path) -> None:
    env = environment(COUNTERSEAL_CACHE=str(tmp_path / "cache"))
    command = [*COMMAND, "audit", str(app), "--format", "json"]
    for _ in range(2):
        runs = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) for _ in range(3)]
        said = [run.communicate(timeout=60)[0] for run in runs]
        assert len({run.returncode for run in runs}) == 1
        reports = [{key: value for key, value in json.loads(text).items() if key != "stats"} for text in said]
        assert reports[0] == reports[1] == reports[2]


def _patched(patch: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    code = f"import sys\n{patch}\nfrom counterseal.cli.main import main\nsys.exit(main())"
    return counterseal(*arguments, command=(sys.executable, "-c", code))


FAILING = """
import counterseal.audit.engine as engine
def fail(*a, **k): raise {error}
engine.audit = fail
"""


def test_a_defect_of_our_own(app: Path) -> None:
    run = _patched(FAILING.format(error="ValueError('hunter2')"), "audit", app)
    assert run.returncode == 2
    line = one_line(run.stderr)
    assert line.startswith("Error: this is a bug in Counterseal (ValueError in <string>:4); please report it")
    assert "hunter2" not in line
    run = _patched(FAILING.format(error="ValueError('hunter2')"), "audit", app, "--debug")
    assert run.returncode == 2
    assert "Traceback" in run.stderr


def test_too_little_memory(app: Path) -> None:
    run = _patched(FAILING.format(error="MemoryError"), "audit", app)
    assert run.returncode == 2
    assert "not enough memory" in one_line(run.stderr)


def test_a_missing_dependency(app: Path) -> None:
    run = _patched("sys.modules['pydantic'] = None", "audit", app)
    assert run.returncode == 2
    assert one_line(run.stderr) == "Error: this needs pydantic, which is not installed; run: pip install 'counterseal[audit]'"


def test_a_broken_rule_file(app: Path) -> None:
    patch = "import counterseal.audit.rules.registry as r\nr._NAME = __import__('re').compile('never')"
    run = _patched(patch, "audit", app)
    assert run.returncode == 2
    assert "this is a defect of Counterseal" in one_line(run.stderr)


def test_names_cannot_steer_the_terminal(tmp_path: Path) -> None:
    run = counterseal("audit", tmp_path / "a\x1b[2Jb\nc")
    assert run.returncode == 2
    assert "\x1b" not in one_line(run.stderr)
