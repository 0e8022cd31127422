"""Whatever is edited between two audits: what the cache remembers changes no result, and neither do more processes."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from counterseal.audit.engine import audit
from counterseal.audit.result import AuditResult
from counterseal.policy import Policy

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "profiles"
_EDITS = 6


def result_of(root: Path, *, cache: Path | None = None, jobs: int = 1) -> AuditResult:
    found = audit(root, policy=Policy(), jobs=jobs, cache_dir=cache or False)
    return replace(found, stats=replace(found.stats, seconds=0.0, cached_files=0))


def _drop_a_line(text: list[str], rng: random.Random) -> None:
    del text[rng.randrange(len(text))]


def _repeat_a_line(text: list[str], rng: random.Random) -> None:
    number = rng.randrange(len(text))
    text.insert(number, text[number])


def _comment(text: list[str], rng: random.Random) -> None:
    text.insert(rng.randrange(len(text) + 1), "# a remark\n")


def _cut_off(text: list[str], rng: random.Random) -> None:
    del text[rng.randrange(len(text)) :]


def _rename(text: list[str], rng: random.Random) -> None:
    words = [word for line in text for word in line.replace("(", " ").replace(".", " ").split() if word.isidentifier()]
    if words:
        word = rng.choice(words)
        text[:] = [line.replace(word, f"{word}_x") for line in text]


def _unguard(text: list[str], rng: random.Random) -> None:
    text[:] = [line.replace("Depends(", "(") if rng.random() < 0.5 else line for line in text]


CHANGES: tuple[Callable[[list[str], random.Random], None], ...] = (
    _drop_a_line,
    _repeat_a_line,
    _comment,
    _cut_off,
    _rename,
    _unguard,
)


def edit(root: Path, rng: random.Random) -> None:
    """Change one file, or take one away and put it back."""
    files = sorted(root.rglob("*.py"))
    file = rng.choice(files)
    if rng.random() < 0.15 and len(files) > 2:
        file.unlink()
        return
    if rng.random() < 0.15:
        shutil.copyfile(EXAMPLE / file.relative_to(root), file)
        return
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    if lines:
        rng.choice(CHANGES)(lines, rng)
    file.write_text("".join(lines), encoding="utf-8")


@pytest.mark.parametrize("seed", range(4))
def test_an_audit_after_edits_is_the_audit_of_the_edited_code(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - which line is edited is no secret
    root, cache = tmp_path / "app", tmp_path / "cache"
    shutil.copytree(EXAMPLE, root)
    result_of(root, cache=cache)

    for _ in range(_EDITS):
        edit(root, rng)
        assert result_of(root, cache=cache) == result_of(root)


def test_two_processes_say_what_one_says(tmp_path: Path) -> None:
    root = tmp_path / "app"
    for number in range(40):  # enough source for a second process
        shutil.copytree(EXAMPLE, root / f"part{number}")

    assert result_of(root, jobs=2) == result_of(root)
