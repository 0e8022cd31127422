"""The report for the terminal."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len

from counterseal.audit.result import AuditResult
from counterseal.report import render
from tests.report import factory

ANSI = re.compile(r"\x1b\[[0-9;]*m")
EXPECTED = Path(__file__).parent / "data" / "small-80.txt"


def text(result: AuditResult, width: int = 100, *, color: bool = False, **more: object) -> str:
    return render(result, "text", width=width, color=color, **more)  # type: ignore[arg-type]


def matrix_of(report: str) -> dict[str, str]:
    """Rows of the matrix by route name, put together again from folded lines."""
    rows: dict[str, str] = {}
    name = ""
    for line in report.partition("Routes and their guarantees")[2].partition("★ proved  ●")[0].splitlines():
        if match := re.match(r"([A-Z]+) +(/\S*)(.*)", line):
            name = f"{match[1]} {match[2]}"
            rows[name] = match[3]
        elif (match := re.match(r" {5,}(\S+)$", line)) and name in rows:
            states = rows.pop(name)
            name += match[1]
            rows[name] = states
    return rows


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
@pytest.mark.parametrize("size", [3, 30, 300])
def test_no_line_is_wider_than_the_terminal(width: int, size: int) -> None:
    for line in text(factory.result(size, size // 2), width).splitlines():
        assert cell_len(line) <= width
        assert line == line.rstrip()


@pytest.mark.parametrize("width", [80, 120, 200])
def test_every_route_keeps_its_name_and_all_its_states(width: int) -> None:
    result = factory.result(300, 0)
    rows = matrix_of(text(result, width))
    for route in result.routes:
        states = rows[route.name.replace("WEBSOCKET", "WS")]
        glyphs = re.sub(r"\(\w+\)|not required|[a-z]{4,}", "", states).split()
        assert len(glyphs) == 8, (route.name, states)


def test_small_report_in_80_columns_is_as_expected() -> None:
    made = text(factory.result(6, 3), 80)
    if os.environ.get("COUNTERSEAL_UPDATE_EXPECTED"):
        EXPECTED.write_text(made, "utf-8")
    assert made == EXPECTED.read_text("utf-8")


def test_colour_adds_nothing_but_colour() -> None:
    result = factory.result()
    coloured = text(result, color=True)
    assert "\x1b[" in coloured
    plain = [line.rstrip() for line in ANSI.sub("", coloured).splitlines()]
    assert plain == text(result).splitlines()


def test_unknown_and_missing_are_never_green() -> None:
    coloured = text(factory.result(), color=True)
    styles = set(re.findall(r"\x1b\[([0-9;]*)m([?✗!])\x1b", coloured))
    assert {glyph for _, glyph in styles} == {"?", "✗", "!"}
    assert all("32" not in style.split(";") for style, _ in styles)


def in_terminal(**environ: str) -> bytes:
    """What `render` gives a program whose standard output is a real pseudo-terminal."""
    code = (
        "import sys; from counterseal.report import render; from tests.report.factory import clean_result\n"
        "sys.stdout.write(render(clean_result(), 'text'))"
    )
    main, side = pty.openpty()
    env = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS")} | {"TERM": "xterm"} | environ
    process = subprocess.Popen([sys.executable, "-c", code], stdout=side, env=env, cwd=Path(__file__).parents[2])
    os.close(side)
    seen = b""
    try:
        while chunk := os.read(main, 65536):
            seen += chunk
    except OSError:  # how Linux says that the other end was closed
        pass
    os.close(main)
    assert process.wait(30) == 0
    return seen


def test_a_terminal_gets_colour_unless_it_says_no() -> None:
    assert b"\x1b[" in in_terminal()
    assert b"\x1b" not in in_terminal(NO_COLOR="1")
    assert b"\x1b" not in in_terminal(TERM="dumb")


def test_a_pipe_gets_no_colour(capsys: pytest.CaptureFixture[str]) -> None:
    sys.stdout.write(render(factory.result(), "text"))
    assert "\x1b" not in capsys.readouterr().out


def test_markup_in_code_is_text() -> None:
    made = text(factory.hostile_result(), 200)
    assert "[bold red]markup[/bold red] :boom:" in made
    assert r"/x/\x1b[2J\x1b]0;title\x07\x1b[31mred" in made
    assert r"user\u202etxt.exe" in made
    assert r"bad bytes \x80\xff" in made


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_a_terminal_without_unicode_still_tells_states_apart(encoding: str) -> None:
    made = text(factory.result(), encoding=encoding)
    assert made.encode(encoding)
    assert "* proved  # enforced  + found  ~ waived  . not required  ? unknown  x missing  ! broken" in made
    line = next(line for line in made.splitlines() if line.startswith("GET    /api/users  "))
    assert line.split()[2:] == ["+", ".", "x", "+", ".", "x", "+", "+"]


def test_quiet_is_one_line_for_each_thing_that_needs_attention() -> None:
    result = factory.result(30, 14)
    lines = text(result, 400, quiet=True).splitlines()
    assert len([line for line in lines if re.match(r"app/\S+:\d+: (critical|high|medium|low) ", line)]) == 14
    assert lines[0].startswith("app/routes/invoices.py:230: critical missing-authentication [PUT /api/invoices/")
    assert lines[14] == "not checked: app/legacy/reports.py:212: cut off in the middle: read as far as line 212"
    assert lines[-1].endswith("exit code 3: incomplete: something was not checked")
    assert "not checked: the whole application" in text(factory.empty_result(), quiet=True)


def test_order_matrix_then_findings_then_not_checked_then_one_line() -> None:
    made = text(factory.result(), 200)
    parts = ["Routes and their guarantees", "★ proved", "Priority 1: fix first", "Priority 5", "Not checked", "\n30 routes ·"]
    places = [made.index(part) for part in parts]
    assert places == sorted(places)


def test_a_finding_shows_all_it_knows() -> None:
    result = factory.result(3, 1)
    made = " ".join(text(result, 120).split())
    finding = result.findings[0]
    for part in (finding.rule, "critical", "high confidence", "open to anyone", "app/routes/users.py:20", "GET /api/users"):
        assert part in made
    for part in (finding.message, f"Attack {finding.attack}", f"Fix {finding.fix}", "See app/auth.py:12", "20 │ @router.get("):
        assert part in made


@pytest.mark.parametrize(
    ("code", "words"),
    [(0, "exit code 0: pass"), (1, "exit code 1: findings at or above the threshold"), (3, "exit code 3: incomplete")],
)
def test_the_last_line_says_what_the_exit_code_means(code: int, words: str) -> None:
    assert words in text(factory.clean_result(), 200, exit_code=code).splitlines()[-1]


def test_a_large_matrix_repeats_its_heads_and_groups_by_prefix() -> None:
    made = text(factory.result(300, 0), 120)
    assert made.count("authenticated authorized owned") > 4
    assert "app/routes/users.py  /api/v3/…" in made


def test_no_policy_is_said() -> None:
    assert "policy: none found, built-in defaults apply" in text(factory.empty_result())
    assert "policy: counterseal.toml" in text(factory.clean_result())


def test_a_fix_of_several_lines_keeps_its_shape() -> None:
    base = factory.result(3, 1)
    fix = "@app.get('/me')\ndef me(\n    user: User,\n): ..."
    made = text(replace(base, findings=(replace(base.findings[0], fix=fix),)))
    assert "    Fix     @app.get('/me')\n            def me(\n                user: User,\n            ): ...\n" in made
