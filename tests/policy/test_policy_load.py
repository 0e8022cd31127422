"""Finding and reading a policy: every way in which the file, not its content, can be wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from counterseal.policy import LoadedPolicy, Policy, PolicyError, PolicyProblem, load_policy

MINIMAL = 'origins = ["https://app.example.com"]\n'


def problem(root: Path, explicit: Path | None = None) -> PolicyProblem:
    with pytest.raises(PolicyError) as caught:
        load_policy(root, explicit)
    assert len(caught.value.problems) == 1, str(caught.value)
    return caught.value.problems[0]


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_the_defaults_apply_and_it_says_so(tmp_path: Path) -> None:
    assert load_policy(tmp_path) == LoadedPolicy(Policy(), None, "")


def test_counterseal_toml_is_found(tmp_path: Path) -> None:
    write(tmp_path / "counterseal.toml", MINIMAL)
    loaded = load_policy(tmp_path)
    assert loaded.source == "counterseal.toml"
    assert loaded.text == MINIMAL
    assert loaded.policy.origins == ("https://app.example.com",)


def test_the_section_in_pyproject_is_found(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "[project]\nname = 'x'\n\n[tool.counterseal]\n" + MINIMAL)
    loaded = load_policy(tmp_path)
    assert loaded.source == "pyproject.toml"
    assert loaded.policy.origins == ("https://app.example.com",)


@pytest.mark.parametrize(
    "text",
    ["[project]\nname = 'x'\n", "[project]\ndependencies = ['counterseal']\n", "[project\nbroken, and none of our business"],
)
def test_a_pyproject_without_the_section_is_no_policy(tmp_path: Path, text: str) -> None:
    write(tmp_path / "pyproject.toml", text)
    assert load_policy(tmp_path).source is None


def test_a_broken_pyproject_that_names_counterseal_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "[tool.counterseal]\norigins = [\n")
    assert problem(tmp_path).message.startswith("not valid TOML: ")


def test_a_policy_in_both_places_is_refused_with_which_to_remove(tmp_path: Path) -> None:
    write(tmp_path / "counterseal.toml", MINIMAL)
    write(tmp_path / "pyproject.toml", "[project]\nname = 'x'\n[tool.counterseal]\n")
    found = problem(tmp_path)
    assert (found.where, found.line) == ("pyproject.toml", 3)
    assert "two places" in found.message
    assert found.hint == "remove [tool.counterseal] from pyproject.toml, or remove counterseal.toml"


def test_an_explicit_file_wins_over_both(tmp_path: Path) -> None:
    write(tmp_path / "counterseal.toml", "broken")
    write(tmp_path / "pyproject.toml", "[tool.counterseal]\nbroken = 1")
    explicit = write(tmp_path / "security" / "model.toml", MINIMAL)
    loaded = load_policy(tmp_path, explicit)
    assert loaded.source == "security/model.toml"
    assert loaded.policy.origins == ("https://app.example.com",)


def test_an_explicit_file_outside_of_the_root_is_named_without_its_folders(tmp_path: Path) -> None:
    explicit = write(tmp_path / "elsewhere" / "model.toml", MINIMAL)
    (tmp_path / "app").mkdir()
    assert load_policy(tmp_path / "app", explicit).source == "model.toml"


def test_an_explicit_pyproject_must_have_the_section(tmp_path: Path) -> None:
    explicit = write(tmp_path / "sub" / "pyproject.toml", "[project]\nname = 'counterseal-user'\n")
    found = problem(tmp_path, explicit)
    assert found.where == "sub/pyproject.toml"
    assert "no section [tool.counterseal]" in found.message
    write(explicit, "[tool.counterseal]\n" + MINIMAL)
    assert load_policy(tmp_path, explicit).policy.origins == ("https://app.example.com",)


def test_an_explicit_file_that_is_not_there(tmp_path: Path) -> None:
    found = problem(tmp_path, tmp_path / "none.toml")
    assert (found.where, found.line, found.message) == ("none.toml", 0, "there is no such file")


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "counterseal.toml").write_bytes(b"\xef\xbb\xbf" + MINIMAL.encode())
    assert load_policy(tmp_path).policy.origins == ("https://app.example.com",)


def test_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "counterseal.toml").write_bytes(b'roles = ["a"]\r\n\r\n[[routes]]\r\nmatch = "/x"\r\nrole = "b"\r\n')
    assert problem(tmp_path).line == 5


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('roles = ["a"\n[[routes]]\n', 2, "Unclosed array"),
        ("a = 1\na = 2\n", 2, "Cannot overwrite a value"),
        ("roles = \n", 1, "Invalid value"),
        ('a = "x\ny"\n', 1, "Illegal character"),
        ("\n\nkey\n", 3, "Expected '='"),
        ('x = """\nnever closed\n', 2, "Unterminated string"),
        ("x = 2024-02-30\n", 1, "date"),
        ("x = \x00\n", 1, "value"),
    ],
)
def test_toml_errors_have_their_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    write(tmp_path / "counterseal.toml", text)
    found = problem(tmp_path)
    assert (found.where, found.line) == ("counterseal.toml", line), found
    assert found.message.startswith("not valid TOML: ")
    assert said.lower() in found.message.lower()
    assert "(at " not in found.message
    assert found.hint


@pytest.mark.parametrize(
    "text", ["x = " + "[" * 5000 + "]" * 5000, "x = " + "{a=" * 3000 + "1" + "}" * 3000, "x = " + "9" * 5000]
)
def test_hostile_toml_is_refused_without_a_traceback(tmp_path: Path, text: str) -> None:
    write(tmp_path / "counterseal.toml", text)
    assert problem(tmp_path).message.startswith("not valid TOML: ")


def test_moderately_deep_nesting_is_only_an_unknown_key(tmp_path: Path) -> None:
    write(tmp_path / "counterseal.toml", "x = " + "[" * 90 + "]" * 90)
    assert problem(tmp_path).message == "x: unknown key"


@pytest.mark.parametrize("data", ["roles = ['ä']".encode("latin-1"), "roles = []".encode("utf-16"), b"a = 1\nb = '\xff'\n"])
def test_a_file_that_is_not_utf8(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "counterseal.toml").write_bytes(data)
    found = problem(tmp_path)
    assert (found.message, found.hint) == ("it is not UTF-8 text", "save it as UTF-8")
    assert found.line == (2 if data.startswith(b"a") else 1)


def test_a_directory_in_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "counterseal.toml").mkdir()
    assert problem(tmp_path).message == "it is a directory, not a file"


def test_a_directory_in_place_of_the_pyproject_holds_no_policy(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").mkdir()
    assert load_policy(tmp_path).source is None


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    write(tmp_path / "counterseal.toml", "#" * 1_048_577)
    assert problem(tmp_path).message == "it is larger than 1024 KiB"


def test_a_file_of_exactly_the_largest_size_is_read(tmp_path: Path) -> None:
    write(tmp_path / "counterseal.toml", MINIMAL + "#" * (1_048_576 - len(MINIMAL)))
    assert load_policy(tmp_path).source == "counterseal.toml"


def test_a_link_that_leads_nowhere_is_not_the_same_as_no_policy(tmp_path: Path) -> None:
    (tmp_path / "counterseal.toml").symlink_to(tmp_path / "gone.toml")
    assert problem(tmp_path).message == "it cannot be read (no such file or directory)"


def test_a_link_to_itself(tmp_path: Path) -> None:
    (tmp_path / "counterseal.toml").symlink_to(tmp_path / "counterseal.toml")
    assert problem(tmp_path).message.startswith("it cannot be read (")


def test_a_link_to_a_file_elsewhere_is_followed(tmp_path: Path) -> None:
    write(tmp_path / "shared" / "model.toml", MINIMAL)
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "counterseal.toml").symlink_to(tmp_path / "shared" / "model.toml")
    assert load_policy(tmp_path / "app").source == "counterseal.toml"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_and_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "counterseal.toml")
    assert problem(tmp_path).message == "it is not a regular file"


@pytest.mark.usefixtures("unprivileged")
def test_an_unreadable_file(tmp_path: Path) -> None:
    write(tmp_path / "counterseal.toml", MINIMAL).chmod(0)
    assert problem(tmp_path).message == "it cannot be read (permission denied)"


def test_a_name_that_is_not_printable_is_spelt_out(tmp_path: Path) -> None:
    explicit = write(tmp_path / "a\x1b[31m.toml", "=")
    assert problem(tmp_path, explicit).where == repr("a\x1b[31m.toml")


def test_settings_of_rules_that_do_not_exist_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "counterseal.toml", "[rules.mising-authentication]\nenabled = false\n[rules.open-docs]\nenabled = false\n")
    loaded = load_policy(tmp_path)
    with pytest.raises(PolicyError) as caught:
        loaded.check_rule_ids({"missing-authentication", "open-docs"})
    (found,) = caught.value.problems
    assert (
        str(found)
        == "counterseal.toml:1: rules.mising-authentication: there is no such rule; did you mean 'missing-authentication'?"
    )
    loaded.check_rule_ids({"mising-authentication", "open-docs"})
