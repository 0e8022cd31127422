"""Every example of every rule is run: what is marked is reported, at exactly these lines, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from counterseal.audit.engine import audit
from counterseal.audit.findings import Rule
from counterseal.audit.rules.docs import Example, examples
from counterseal.audit.rules.registry import load_rules, rule_files
from counterseal.policy import load_policy

RULES_FOLDER = Path(__file__).resolve().parents[2] / "src" / "counterseal" / "audit" / "rules"
RULES = load_rules()
CASES = [
    pytest.param(rule, example, id=f"{rule.id}-{number}-{'bad' if example.bad else 'good'}-{example.framework}")
    for rule in RULES
    for number, example in enumerate(examples(rule), 1)
]


@pytest.mark.parametrize(("rule", "example"), CASES)
def test_example(rule: Rule, example: Example, tmp_path: Path) -> None:
    for path, text in example.files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    if example.policy is not None:
        (tmp_path / "counterseal.toml").write_text(example.policy, encoding="utf-8")
    result = audit(tmp_path, policy=load_policy(tmp_path).policy, select=[rule.id], jobs=1, cache_dir=False, debug=True)
    reported = {(finding.place.file, finding.place.line) for finding in result.findings}
    assert reported == example.marked, "\n".join(f"{f.place.file}:{f.place.line} {f.message}" for f in result.findings)
    lost = [item for item in result.not_checked if "partly read" in item.why]
    assert not lost, f"the example is not valid Python: {lost}"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_has_good_and_bad_examples(rule: Rule) -> None:
    assert {example.bad for example in examples(rule)} == {True, False}


def test_no_rule_goes_untested() -> None:
    tested = {rule.id for rule, _ in (case.values for case in CASES) if isinstance(rule, Rule)}
    assert tested == {file.rule_id for file in rule_files()}
    on_disk = [
        path for path in RULES_FOLDER.glob("*/*.py") if not path.name.startswith("_") and not path.parent.name.startswith("_")
    ]
    assert len(tested) == len(on_disk)
