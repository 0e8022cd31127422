"""The folder is the registry, and whatever is odd in it stops the run."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pytest

from counterseal.audit.rules import docs
from counterseal.audit.rules.docs import read_prose
from counterseal.audit.rules.registry import RuleDefinitionError, areas, load_rules, rule_files

RULE = """\
from counterseal.audit.findings import Confidence, Rule, Severity


def check(surface, policy):
    return ()


RULE = Rule(
    id="{id}", title="{title}", cwe={cwe}, severity=Severity.LOW, confidence=Confidence.LOW, since="{since}", check=check,
    owasp={owasp}, asvs={asvs},
)
"""
PROSE = '''"""Something is wrong.

More about it, with code:

```text
## Not a heading
```

## Why it matters
Because.

## Remedy
Change it.

## Examples

```toml
[[routes]]
match = "/x"
public = "why not"
```

```python bad framework=fastapi
x = 1
y = 2  # finding
# file: app/more.py
# a comment
z = 3  # finding
```

```python good framework=flask
x = 1
```
"""
'''
_numbers = itertools.count()


def rule(rule_id: str = "some-flaw", **changes: str) -> str:
    facts = {"title": "some flaw", "cwe": "(306,)", "since": "0.1.0", "owasp": '("A01:2025",)', "asvs": '("v5.0.0-8.2.1",)'}
    return RULE.format(id=rule_id, **(facts | changes))


class Package:
    """A package of rules on disk."""

    def __init__(self, folder: Path) -> None:
        self.name = f"rules_under_test_{next(_numbers)}"
        self.folder = folder / self.name
        self.write("__init__.py", "")

    def write(self, path: str, text: str) -> Package:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text, encoding="utf-8")
        return self

    def area(self, name: str, **rules: str) -> Package:
        self.write(f"{name}/__init__.py", '"""Things: what is wrong with them."""\n')
        for file, text in rules.items():
            self.write(f"{name}/{file}.py", text)
        return self


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    monkeypatch.syspath_prepend(str(tmp_path))
    return Package(tmp_path)


def test_every_file_of_every_area_is_a_rule(package: Package) -> None:
    package.area("b", some_flaw=rule()).area("a", other_flaw=rule("other-flaw"))
    package.write("helper.py", "x = 1").write("a/_helper.py", "x = 1").write("_shared/__init__.py", "").write("_shared/y.py", "")
    package.write("a/notes.md", "# notes").write("left_over/__pycache__/x.pyc", "")
    assert [each.id for each in load_rules(package.name)] == ["other-flaw", "some-flaw"]
    assert areas(package.name) == ("a", "b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", "no constant RULE"),
        ("RULE = 3", "no constant RULE"),
        ("import nothing_of_this_name", "cannot be imported: ModuleNotFoundError"),
        ("def f(:", "cannot be imported: SyntaxError"),
        (rule("another-flaw"), "its id is 'another-flaw'"),
        (rule(title=""), "title"),
        (rule(title="some flaw."), "title"),
        (rule(cwe="()"), "cwe"),
        (rule(since="soon"), "since"),
        (rule(owasp="()"), "owasp"),
        (rule(owasp='("A11:2025",)'), "A11:2025"),
        (rule(asvs='("8.2.1",)'), "8.2.1"),
    ],
)
def test_what_is_no_complete_rule_stops_the_run(package: Package, text: str, message: str) -> None:
    package.area("area", some_flaw=text)
    with pytest.raises(RuleDefinitionError, match=r"rules/area/some_flaw\.py") as refused:
        load_rules(package.name)
    assert message in str(refused.value)


def test_an_area_that_is_no_package_stops_the_run(package: Package) -> None:
    package.write("area/some_flaw.py", rule())
    with pytest.raises(RuleDefinitionError, match="rules/area has no __init__"):
        rule_files(package.name)


def test_a_folder_in_an_area_stops_the_run(package: Package) -> None:
    package.area("area").write("area/deeper/some_flaw.py", rule())
    with pytest.raises(RuleDefinitionError, match="rules/area/deeper is a folder"):
        rule_files(package.name)


def test_a_rule_that_is_there_twice_stops_the_run(package: Package) -> None:
    package.area("one", some_flaw=rule()).area("two", some_flaw=rule())
    with pytest.raises(RuleDefinitionError, match="the same rule"):
        rule_files(package.name)


def test_a_badly_named_file_stops_the_run(package: Package) -> None:
    package.area("area").write("area/Some-Flaw.py", rule())
    with pytest.raises(RuleDefinitionError, match="Some-Flaw"):
        rule_files(package.name)


def test_prose_and_examples_are_read_from_the_source(package: Package) -> None:
    package.area("area", some_flaw=PROSE + rule())
    (file,) = rule_files(package.name)
    prose = read_prose(file)
    assert (prose.summary, prose.why, prose.remedy) == ("Something is wrong.", "Because.", "Change it.")
    assert "## Not a heading" in prose.details
    bad, good = prose.examples
    assert bad.files == {"app.py": "x = 1\ny = 2\n", "app/more.py": "# a comment\nz = 3\n"}
    assert bad.marked == {("app.py", 2), ("app/more.py", 2)}
    assert bad.policy is not None
    assert "why not" in bad.policy
    assert (good.bad, good.framework, good.marked, good.policy) == (False, "flask", frozenset(), None)
    (loaded,) = load_rules(package.name)
    page = docs.describe(loaded, file).markdown
    assert page.startswith("# Some flaw\n")
    assert all(part in page for part in ("CWE-306", "A01:2025", "ASVS 8.2.1", "## Remedy", "y = 2  # finding", "why not"))


@pytest.mark.parametrize(
    ("found", "replaced", "message"),
    [
        ("## Remedy", "## Fix", "headings"),
        ("Because.", "", "must say something"),
        ("python bad framework=fastapi", "python", "write ```python bad"),
        ("framework=flask", "framework=rails", "write ```python bad"),
        ("python good", "python bad", "marks what must be reported"),
        ("y = 2  # finding", "y = 2", None),
        ("```python good framework=flask\nx = 1\n```", "", "at least one bad and one good"),
        ("```python good framework=flask\nx = 1\n```", "```toml\n```", "no example follows"),
    ],
)
def test_a_docstring_in_another_form_is_refused(package: Package, found: str, replaced: str, message: str | None) -> None:
    assert found in PROSE
    package.area("area", some_flaw=PROSE.replace(found, replaced) + rule())
    (file,) = rule_files(package.name)
    if message is None:
        assert read_prose(file).examples[0].marked == {("app/more.py", 2)}
        return
    with pytest.raises(RuleDefinitionError, match=r"rules/area/some_flaw\.py") as refused:
        read_prose(file)
    assert message in str(refused.value)


def test_a_rule_without_a_docstring_is_refused(package: Package) -> None:
    package.area("area", some_flaw=rule())
    with pytest.raises(RuleDefinitionError, match="no docstring"):
        read_prose(rule_files(package.name)[0])


def test_an_area_says_what_it_is_about(package: Package) -> None:
    package.area("area").write("other/__init__.py", '"""Rules."""')
    assert docs.area_words("area", package.name) == ("Things", "what is wrong with them")
    with pytest.raises(RuleDefinitionError, match="must begin with"):
        docs.area_words("other", package.name)


def test_pages_need_no_docstrings_at_run_time() -> None:
    code = (
        "import sys; from counterseal.audit.rules.docs import rule_docs\n"
        "from counterseal.audit.rules.registry import load_rules\n"
        "sys.stdout.write(''.join(doc.markdown for doc in rule_docs(load_rules()).values()))"
    )
    plain, stripped = (
        subprocess.run([sys.executable, *flags, "-c", code], capture_output=True, text=True, check=True).stdout
        for flags in ((), ("-OO",))
    )
    assert plain == stripped
