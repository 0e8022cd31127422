"""Ignore rules, held against git itself."""

from __future__ import annotations

import random
import subprocess
import time
from pathlib import Path

import pytest

from counterseal.audit.facts.discover import discover
from counterseal.audit.facts.ignore import IgnoreRules


def git(root: Path, *arguments: str) -> str:
    command = ["git", "-c", "core.excludesFile=/dev/null", "-c", "init.defaultBranch=main", *arguments]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout


def write(root: Path, *paths: str) -> None:
    for path in paths:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("x = 1\n")


def git_sees(root: Path) -> list[str]:
    listed = git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    return sorted({path for path in listed if path.endswith(".py")})


def we_see(root: Path) -> list[str]:
    return [file.path for file in discover(root).files if file.kind == "python"]


PATTERNS = (
    r"""
*.py|a.py|/a.py|sub|sub/|/sub/|sub/a.py|sub/*.py|**/b.py|sub/**|sub/**/b.py|**/deep/|/**/deep
?.py|[ab].py|[!a].py|[^a].py|[a-b].py|[b-a].py|[]a].py|[|[[:alpha:]].py|[[:digit:]].py|[[:nope:]].py
[a\-c].py|[+--].py|[a-\c].py|[!]-a].py
\a.py|a.py\
a.py   |a.py\ |#a.py|\#c.py
!a.py|\!d.py|*|/*|**|*/|sub/*/b.py|*a*|sub*/|**b.py|s**b
sub/**/deep/**/b.py|/sub/**/||   |/|//|sub//a.py|*.p*y|*deep*.py|sub[/]a.py
""".strip()
    .replace("\n", "|")
    .split("|")
)


@pytest.mark.parametrize("pattern", [*PATTERNS, "a.py\r"])
def test_one_pattern_means_what_it_means_to_git(tmp_path: Path, pattern: str) -> None:
    write(
        tmp_path,
        "a.py",
        "b.py",
        "#c.py",
        "!d.py",
        "-.py",
        "1.py",
        "a.py ",
        "sub/a.py",
        "sub/b.py",
        "sub/deep/b.py",
        "sub/deep/er/b.py",
    )
    write(tmp_path, "other/sub/a.py", "deep/b.py", "subway/a.py", "s/b.py", "xdeepx.py")
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitignore").write_bytes(pattern.encode() + b"\n")
    assert we_see(tmp_path) == git_sees(tmp_path)


@pytest.mark.parametrize("seed", range(40))
def test_random_trees_and_nested_files_mean_what_they_mean_to_git(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 (no secret)
    folders = ["", "app/", "app/core/", "app/core/api/", "lib/", "lib/app/", "tools/core/"]
    paths = [folder + name for folder in folders for name in ("a.py", "b.py", "main.py", "local.py")]
    write(tmp_path, *paths)
    git(tmp_path, "init", "-q")
    parts = ["app", "core", "api", "lib", "a.py", "*.py", "b*", "*in.py", "**", "*", "?.py", "[al]*.py", "local.py"]
    for folder in ["", *draw.sample(folders, 2)]:
        patterns = []
        for _ in range(draw.randint(1, 5)):
            glob = "/".join(draw.choices(parts, k=draw.choice([1, 1, 1, 2, 2, 3])))
            patterns.append(draw.choice(["", "", "!"]) + draw.choice(["", "", "/"]) + glob + draw.choice(["", "", "/"]))
        (tmp_path / folder / ".gitignore").write_text("\n".join(patterns))
    git(tmp_path, "add", "-f", *draw.sample(paths, 3))
    assert we_see(tmp_path) == git_sees(tmp_path)


@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_what_git_tracks_is_audited_whatever_a_pattern_says(tmp_path: Path, version: str) -> None:
    git(tmp_path, "init", "-q")
    write(
        tmp_path,
        "hidden/api.py",
        "hidden/deep/handler.py",
        "hidden/loose.py",
        "shown.py",
        "loose.py",
        "quite/a/long/name_of_a_file.py",
    )
    git(tmp_path, "add", ".")
    git(tmp_path, "rm", "-q", "--cached", "hidden/loose.py", "loose.py")
    if version == "3":
        git(tmp_path, "rm", "-q", "--cached", "shown.py")
        git(tmp_path, "add", "--intent-to-add", "shown.py")
    git(tmp_path, "update-index", "--index-version", "4" if version == "4" else "2")
    (tmp_path / ".gitignore").write_text("*.py\nhidden/\nquite/\n")
    assert we_see(tmp_path) == ["hidden/api.py", "hidden/deep/handler.py", "quite/a/long/name_of_a_file.py", "shown.py"]
    assert we_see(tmp_path) == git_sees(tmp_path)
    assert {(item.what, item.why) for item in discover(tmp_path).skipped} == {
        ("hidden/loose.py", "ignored by git"),
        ("loose.py", "ignored by git"),
    }


def test_a_damaged_index_ignores_as_the_patterns_say(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    write(tmp_path, "a.py", "b.py")
    git(tmp_path, "add", ".")
    (tmp_path / ".gitignore").write_text("b.py\n")
    index = tmp_path / ".git" / "index"
    whole = index.read_bytes()
    for length in (0, 3, 11, 12, 40, 80, len(whole) - 25):
        index.write_bytes(whole[:length])
        assert "a.py" in we_see(tmp_path)


def test_a_folder_inside_a_repository_keeps_the_rules_above_it(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    write(tmp_path, "services/api/app/main.py", "services/api/app/local.py", "services/api/secret.py", "services/api/kept.py")
    (tmp_path / ".gitignore").write_text("local.py\n/services/api/*.py\n")
    (tmp_path / "services" / ".gitignore").write_text("!kept.py\n")
    (tmp_path / ".git" / "info" / "exclude").write_text("main.py\n")
    assert we_see(tmp_path / "services" / "api") == ["kept.py"]


def test_an_ignored_folder_that_the_user_names_is_audited(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    write(tmp_path, "out/app/main.py", "out/app/local.py")
    (tmp_path / ".gitignore").write_text("out/\nlocal.py\n")
    (tmp_path / "out" / ".gitignore").write_text("nothing\n")
    assert we_see(tmp_path / "out" / "app") == ["local.py", "main.py"]


def test_a_linked_work_tree_uses_the_shared_exclude_file_and_its_own_index(tmp_path: Path) -> None:
    main = tmp_path / "main"
    main.mkdir()
    git(main, "init", "-q")
    write(main, "kept.py", "private.py")
    git(main, "add", ".")
    git(main, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "x")
    git(main, "worktree", "add", "-q", "../linked")
    (main / ".git" / "info" / "exclude").write_text("*.py\n")
    write(tmp_path / "linked", "untracked.py")
    assert we_see(tmp_path / "linked") == ["kept.py", "private.py"]


def test_ignore_files_count_without_a_repository(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "sub/b.py", "sub/c.py")
    (tmp_path / ".gitignore").write_text("a.py\n")
    (tmp_path / "sub" / ".gitignore").write_text("/b.py\n")
    assert we_see(tmp_path) == ["sub/c.py"]


def test_a_link_in_place_of_an_ignore_file_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path, "app/a.py")
    (tmp_path / "rules").write_text("a.py\n")
    (tmp_path / "app" / ".gitignore").symlink_to(tmp_path / "rules")
    assert we_see(tmp_path) == ["app/a.py"]


@pytest.mark.parametrize(
    "pattern", ["*a" * 60 + "b", "**/a/" * 40 + "b", "*" * 3000 + "b", "[a-z]*" * 60 + "!", "a*/" * 40 + "b"]
)
def test_no_pattern_makes_matching_slow(pattern: str) -> None:
    rules = IgnoreRules([pattern, "/" + pattern])
    started = time.process_time()
    assert rules.decide("a/" * 120 + "a" * 250, "a" * 250, directory=False) is None
    assert time.process_time() - started < 0.5
