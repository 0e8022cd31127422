"""``counterseal audit`` through the front door: reports, outputs, exit codes."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
from pathlib import Path

import pytest

from tests.audit.apps import FASTAPI, write
from tests.cli.command import COMMAND, counterseal, environment, one_line

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "profiles"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return write(tmp_path / "app", {"main.py": FASTAPI})


def test_text_by_default() -> None:
    run = counterseal("audit", EXAMPLE)
    assert run.returncode == 1
    assert "POST   /update_user_profile" in run.stdout
    assert "missing-authentication" in run.stdout
    assert "exit code 1" in " ".join(run.stdout.split())
    assert run.stderr == ""
    assert "\x1b" not in run.stdout


def test_the_folder_is_this_one_by_default(app: Path) -> None:
    assert "/mine" in counterseal("audit", cwd=app).stdout


def test_several_formats_in_one_run(app: Path, tmp_path: Path) -> None:
    page, sarif = tmp_path / "report.html", tmp_path / "out.sarif"
    run = counterseal("audit", app, "--format", "html", "-o", page, "--format", "sarif", "-o", sarif)
    assert run.stdout == ""
    assert page.read_text(encoding="utf-8").startswith("<!")
    assert json.loads(sarif.read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert f"Wrote {page} (html)" in run.stderr
    assert f"exit code {run.returncode}" in run.stderr


def test_a_format_without_a_file_goes_to_standard_output(app: Path, tmp_path: Path) -> None:
    target = tmp_path / "audit.json"
    run = counterseal("audit", app, "--format", "text", "--format", "json", "-o", target)
    report = json.loads(target.read_text(encoding="utf-8"))
    assert report["exit_code"] == run.returncode
    assert {route["path"] for route in report["routes"]} >= {"/open", "/mine", "/all"}
    assert "Counterseal audit of app" in run.stdout


def test_formats_and_files_are_paired_in_order(app: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    counterseal("audit", app, "--format", "markdown", "--format", "json", "-o", first, "-o", second)
    assert first.read_text(encoding="utf-8").startswith("<!-- counterseal-audit -->\n## Counterseal")
    assert json.loads(second.read_text(encoding="utf-8"))["root"] == "app"


def test_a_file_alone_has_the_format_of_its_name(app: Path, tmp_path: Path) -> None:
    target = tmp_path / "audit.json"
    run = counterseal("audit", app, "-o", target)
    assert json.loads(target.read_text(encoding="utf-8"))["root"] == "app"
    assert run.stdout == ""


def test_a_dash_is_standard_output(app: Path) -> None:
    run = counterseal("audit", app, "--format", "json", "-o", "-")
    assert json.loads(run.stdout)["root"] == "app"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--format", "json", "--format", "text"), "two reports go to standard output"),
        (("--format", "json", "-o", "x", "--format", "html", "-o", "x"), "two reports go to x"),
        (("-o", "x", "--format", "json", "--format", "html"), "-o x has no --format of its own"),
        (("--format", "pdf"), "'pdf' is not one of"),
        (("--fail-on", "sometimes"), "'sometimes' is not one of"),
        (("--jobs", "0"), "0 is not in the range"),
        (("--colour",), "No such option"),
    ],
)
def test_options_that_make_no_sense(app: Path, arguments: tuple[str, ...], message: str) -> None:
    run = counterseal("audit", app, *arguments)
    assert run.returncode == 2
    assert message in " ".join(run.stderr.split())
    assert run.stdout == ""


def test_rules_can_be_selected_and_ignored() -> None:
    def found(*arguments: str) -> set[str]:
        return {
            finding["rule"]
            for finding in json.loads(counterseal("audit", EXAMPLE, "--format", "json", *arguments).stdout)["findings"]
        }

    everything = found()
    assert len(everything) > 3
    chosen = sorted(everything)[:2]
    assert found("--select", ",".join(chosen)) == set(chosen)
    assert found("--select", chosen[0], "--select", chosen[1]) == set(chosen)
    assert found("--ignore", chosen[0]) == everything - {chosen[0]}


def test_a_rule_that_does_not_exist(app: Path) -> None:
    run = counterseal("audit", app, "--select", "missing-authentification")
    assert run.returncode == 2
    assert one_line(run.stderr) == "Error: there is no rule 'missing-authentification'; did you mean missing-authentication?"


def test_no_rule_left_to_run(app: Path) -> None:
    run = counterseal("audit", app, "--select", "missing-authentication", "--ignore", "missing-authentication")
    assert run.returncode == 2
    assert "no rule is left" in one_line(run.stderr)


# -- exit codes ---------------------------------------------------------------------------------------------------


def test_the_threshold_decides() -> None:
    codes = {level: counterseal("audit", EXAMPLE, "--fail-on", level).returncode for level in ("low", "critical", "never")}
    assert codes["low"] == 1
    assert codes["never"] == 0


def test_incomplete_is_three_and_says_what(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": "from flask import Flask\napp = Flask(__name__)\n"})
    run = counterseal("audit", tmp_path, "--format", "json", "--fail-on", "never")
    assert run.returncode == 3
    assert json.loads(run.stdout)["incomplete"] is True
    assert "Not checked: the routes: no routes found" in run.stderr


def test_findings_come_before_incompleteness(tmp_path: Path) -> None:
    files = {path.relative_to(EXAMPLE).as_posix(): path.read_text(encoding="utf-8") for path in EXAMPLE.rglob("*.py")}
    write(tmp_path / "app", files | {"app/cut.py": "def broken(:\n    x = (\n"})
    run = counterseal("audit", tmp_path / "app")
    assert run.returncode == 1
    assert "this audit is incomplete" in run.stdout


def test_quiet(app: Path, tmp_path: Path) -> None:
    run = counterseal("audit", app, "-q", "--format", "json", "-o", tmp_path / "x.json", "--fail-on", "never")
    assert (run.stdout, run.stderr) == ("", "")


# -- policy -------------------------------------------------------------------------------------------------------


def test_the_policy_of_the_folder_is_used(app: Path) -> None:
    (app / "counterseal.toml").write_text('[[routes]]\nmatch = "/open"\nrequires = ["authenticated"]\n', encoding="utf-8")
    routes = json.loads(counterseal("routes", app, "--format", "json").stdout)
    (row,) = [route for route in routes if route["path"] == "/open"]
    assert row["guarantees"]["authenticated"] == "missing"


def test_a_policy_from_elsewhere(app: Path, tmp_path: Path) -> None:
    policy = tmp_path / "our-model.toml"
    policy.write_text('exclude = ["main.py"]\n', encoding="utf-8")
    run = counterseal("audit", app, "--policy", policy)
    assert run.returncode == 2
    assert "besides what is left out, such as main.py (excluded by the policy)" in one_line(run.stderr)


# -- the terminal -------------------------------------------------------------------------------------------------


def on_a_terminal(*arguments: str | Path, **env: str) -> tuple[str, int]:
    """Everything that a command shows on a terminal, and its exit code."""
    main, side = pty.openpty()
    run = subprocess.Popen(
        [*COMMAND, *map(str, arguments)], stdout=side, stderr=side, stdin=side, env=environment(TERM="xterm-256color", **env)
    )
    os.close(side)
    shown = b""
    while select.select([main], [], [], 60)[0]:
        try:
            part = os.read(main, 65536)
        except OSError:  # how Linux reports that the other side is closed
            break
        if not part:
            break
        shown += part
    os.close(main)
    return shown.decode("utf-8", "replace"), run.wait(60)


def test_a_terminal_gets_colours_and_progress(app: Path) -> None:
    shown, _ = on_a_terminal("audit", app, "--no-cache")
    assert "\x1b[1m" in shown
    assert "Checking" in shown


def test_no_color_and_quiet_are_respected(app: Path) -> None:
    shown, _ = on_a_terminal("audit", app, "--no-cache", "-q", NO_COLOR="1")
    assert "\x1b[" not in shown
    assert "Checking" not in shown


def test_a_reader_that_has_seen_enough_is_no_failure() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [*COMMAND, "audit", str(EXAMPLE)]
    run = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False, env=environment())
    os.close(writing)
    assert run.returncode == 1
    assert run.stderr == ""


def test_a_terminal_that_knows_only_ascii(app: Path) -> None:
    run = counterseal("audit", app, env={"PYTHONIOENCODING": "ascii", "LC_ALL": "C"})
    assert run.stdout.isascii()
    assert "GET" in run.stdout
