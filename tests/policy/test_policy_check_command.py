"""The command `counterseal policy check`."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import counterseal.policy
from counterseal.cli.policy_check import policy


def check(*arguments: str | Path) -> Result:
    return CliRunner().invoke(policy, ["check", *map(str, arguments)], catch_exceptions=False)


def test_a_policy_that_can_be_used_is_explained(tmp_path: Path) -> None:
    (tmp_path / "counterseal.toml").write_text('roles = ["user", "admin"]\n', encoding="utf-8")
    result = check(tmp_path)
    assert result.exit_code == 0
    assert result.stdout.startswith("counterseal.toml can be used. It says:\n\nRoles\n")
    assert "  2. admin\n" in result.stdout
    assert result.stderr == ""


def test_the_folder_in_which_it_is_called_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "counterseal.toml").write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert check().stdout.startswith("counterseal.toml can be used.")


def test_without_a_policy_it_says_so_and_explains_the_defaults(tmp_path: Path) -> None:
    result = check(tmp_path)
    assert result.exit_code == 0
    assert "these are the defaults" in result.stdout
    assert "a route that writes: authenticated and validated" in result.stdout


def test_every_problem_is_listed_with_file_line_and_hint(tmp_path: Path) -> None:
    (tmp_path / "counterseal.toml").write_text('rolse = []\norigins = ["*"]\n', encoding="utf-8")
    result = check(tmp_path)
    assert result.exit_code == 2
    assert result.stdout == ""
    first, second, last = result.stderr.splitlines()
    assert first == "counterseal.toml:1: rolse: unknown key; did you mean 'roles'?"
    assert second.startswith("counterseal.toml:2: origins[0]: '*' lets foreign pages in; ")
    assert last == "The policy cannot be used: 2 problems."


def test_a_file_can_be_named_in_two_ways(tmp_path: Path) -> None:
    file = tmp_path / "model.toml"
    file.write_text('roles = ["user"]\n', encoding="utf-8")
    for result in (check(file), check(tmp_path, "--policy", file)):
        assert result.exit_code == 0
        assert result.stdout.startswith("model.toml can be used.")
    both = check(file, "--policy", file)
    assert (both.exit_code, both.stderr) == (
        2,
        "Error: both PATH and --policy name a file; give a folder as PATH, or leave out --policy\n",
    )


def test_the_example_of_the_package_can_be_used() -> None:
    result = check(Path(counterseal.policy.__file__).parent / "example.toml")
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_setting_of_a_rule_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    (tmp_path / "counterseal.toml").write_text("[rules.missing-authentification]\nenabled = false\n", encoding="utf-8")
    result = check(tmp_path)
    assert result.exit_code == 2
    first, last = result.stderr.splitlines()
    assert first.startswith(
        "counterseal.toml:1: rules.missing-authentification: there is no such rule; did you mean 'missing-authent"
    )
    assert last == "The policy cannot be used: 1 problem."


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    result = check(tmp_path / "nowhere")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: there is no ")
    assert result.stderr.endswith("; check the path\n")


def test_a_policy_file_that_is_not_there(tmp_path: Path) -> None:
    result = check(tmp_path, "--policy", tmp_path / "none.toml")
    assert result.exit_code == 2
    assert result.stderr.startswith("none.toml: there is no such file; ")


def test_help_says_what_it_looks_for_and_the_exit_codes() -> None:
    result = check("--help")
    assert result.exit_code == 0
    assert "[tool.counterseal]" in result.stdout
    assert "Exit codes" in result.stdout
