"""The documentation says what the code does: policies in it load, tables of keys and codes are complete."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from counterseal.guarantees import Guarantee, State
from counterseal.policy import Kind, Policy, load_policy, schema
from counterseal.report.vocabulary import EXIT_CODES

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_TOML = re.compile(r"^```toml\n(.*?)^```", re.MULTILINE | re.DOTALL)
POLICIES = [
    pytest.param(text, id=f"{page.relative_to(ROOT)}-{number}")
    for page in PAGES
    for number, text in enumerate(_TOML.findall(page.read_text(encoding="utf-8")), 1)
]


@pytest.mark.parametrize("text", POLICIES)
def test_policies_in_the_documentation_are_valid(text: str, tmp_path: Path) -> None:
    (tmp_path / "counterseal.toml").write_text(text, encoding="utf-8")
    assert load_policy(tmp_path).policy != Policy()


def _keys(part: dict[str, Any]) -> set[str]:
    return set(part.get("properties", {}))


def test_the_policy_page_names_every_key() -> None:
    page = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
    whole = schema()
    named = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) | set(
        re.findall(r"^\[*(\w+)", "\n".join(_TOML.findall(page)), re.MULTILINE)
    )
    wanted = _keys(whole).union(*(_keys(part) for name, part in whole["$defs"].items() if name != "Role"))
    assert wanted <= named, f"docs/policy.md does not name {sorted(wanted - named)}"


def test_the_policy_page_gives_the_defaults_that_apply() -> None:
    page = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
    policy = Policy()
    for name, value in policy.thresholds.model_dump().items():
        assert f"| `{name}` | {value} |" in page
    for kind in Kind:
        (row,) = re.findall(rf"^\| `{kind.value}` \|.*\| (.*) \|$", page, re.MULTILINE)
        assert set(re.findall(r"`(\w+)`", row)) == {guarantee.value for guarantee in policy.owed(kind)}


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "docs" / "reports.md"], ids=lambda page: page.name)
def test_exit_codes_are_documented_as_reports_show_them(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for code, meaning in EXIT_CODES.items():
        assert re.search(rf"^\| {code} \| {re.escape(meaning)}", text, re.MULTILINE)


def test_the_front_page_names_every_guarantee_and_state() -> None:
    page = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    missing = [word.value for word in [*Guarantee, *State] if f"| `{word.value}` |" not in page]
    assert not missing
