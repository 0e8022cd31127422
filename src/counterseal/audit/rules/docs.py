"""What a rule's own file says about it: prose and examples, for pages, reports and tests.

Everything stands in the docstring of the rule's module, in this form::

    '''Anyone can delete an account.

    More about what is reported.

    ## Why it matters
    ...
    ## Remedy
    ...
    ## Examples

    ```python bad framework=flask
    app.run(debug=True)  # finding
    ```

    ```python good framework=flask
    app.run()
    ```
    '''

Lines that must be reported end in ``# finding``. An example is the file `app.py`, unless lines ``# file: NAME`` divide it into
several. A block of ``toml`` in front of an example is its policy. `tests/rules/test_examples.py` runs every example.

The source text is read, never ``__doc__``: ``python -OO`` has no docstrings.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files

from counterseal.audit.findings import Rule, RuleDoc
from counterseal.audit.rules.registry import PACKAGE, RuleDefinitionError, RuleFile, rule_files

MARK = "# finding"
DEFAULT_FILE = "app.py"
HEADINGS = ("Why it matters", "Remedy", "Examples")
FRAMEWORKS = {"fastapi": "FastAPI", "flask": "Flask", "starlette": "Starlette"}
"""Frameworks that examples can be about, with their names."""

_FENCE = re.compile(r"^```(?P<info>[^`\n]*)\n(?P<code>.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_INFO = re.compile(r"python (?P<verdict>bad|good) framework=(?P<framework>[a-z]+)\Z")
_FILE = re.compile(r"# file: (?P<path>[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*)\Z")
_MARKED = re.compile(rf"[ \t]*{MARK}[ \t]*\Z")


@dataclass(frozen=True, slots=True)
class Example:
    """One example of a rule."""

    bad: bool
    framework: str
    code: str
    """As it stands in the docstring, with the marks."""
    files: Mapping[str, str]
    """Text by path, without the marks."""
    marked: frozenset[tuple[str, int]]
    """(file, line) of everything that must be reported."""
    policy: str | None
    """Text of its `counterseal.toml`."""


@dataclass(frozen=True, slots=True)
class Prose:
    """A rule's docstring in parts."""

    summary: str
    details: str
    why: str
    remedy: str
    examples: tuple[Example, ...]


def rule_docs(rules: tuple[Rule, ...]) -> dict[str, RuleDoc]:
    """What the files of ``rules`` say about them, by id.

    Raises:
        RuleDefinitionError: a docstring is not in the form that it has to be.
    """
    by_id = {file.rule_id: file for file in rule_files()}
    return {rule.id: describe(rule, by_id[rule.id]) for rule in rules}


def rule_doc(rule: Rule) -> RuleDoc:
    """What the file of one rule says about it.

    Raises:
        RuleDefinitionError: its docstring is not in the form that it has to be.
    """
    return describe(rule, _file_of(rule))


def examples(rule: Rule) -> tuple[Example, ...]:
    """The examples of a rule, in order.

    Raises:
        RuleDefinitionError: its docstring is not in the form that it has to be.
    """
    return read_prose(_file_of(rule)).examples


def describe(rule: Rule, file: RuleFile) -> RuleDoc:
    """What ``file`` says about ``rule``.

    Raises:
        RuleDefinitionError: its docstring is not in the form that it has to be.
    """
    prose = read_prose(file)
    bad = next((example.code for example in prose.examples if example.bad), "")
    good = next((example.code for example in prose.examples if not example.bad), "")
    return RuleDoc(rule.id, prose.summary, prose.why, prose.remedy, bad, good, _page(rule, prose))


def area_words(area: str, package: str = PACKAGE) -> tuple[str, str]:
    """The name of an area and what it is about: the first line of its docstring, ``Name: what it is about.``

    Raises:
        RuleDefinitionError: there is no such line.
    """
    where = f"rules/{area}/__init__.py"
    line = _docstring(files(package).joinpath(area, "__init__.py").read_text("utf-8"), where).split("\n", 1)[0]
    name, found, about = line.rstrip(".").partition(": ")
    if not found:
        raise RuleDefinitionError(f"{where}: its docstring must begin with 'Name: what it is about.'")
    return name, about


def read_prose(file: RuleFile) -> Prose:
    """Take a rule's docstring apart.

    Raises:
        RuleDefinitionError: a heading is missing or out of place, an example cannot be read, or there is none of a kind.
    """
    text = _docstring(file.source.read_text("utf-8"), file.where)
    blank = _FENCE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)  # what looks like a heading in code is none
    headings = list(re.finditer(r"^## +(.+?) *$", blank, re.MULTILINE))
    if tuple(heading[1] for heading in headings) != HEADINGS:
        raise RuleDefinitionError(f"{file.where}: its docstring needs the headings {', '.join(HEADINGS)}, in this order")
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    why, remedy, shown = (text[heading.end() : end].strip() for heading, end in zip(headings, ends, strict=True))
    summary, _, details = text[: headings[0].start()].strip().partition("\n\n")
    if not (summary and why and remedy):
        raise RuleDefinitionError(f"{file.where}: its first sentence and the text under each heading must say something")
    found = tuple(_examples(shown, file))
    if {example.bad for example in found} != {True, False}:
        raise RuleDefinitionError(f"{file.where}: it needs at least one bad and one good example")
    return Prose(" ".join(summary.split()), details.strip(), why, remedy, found)


def _file_of(rule: Rule) -> RuleFile:
    return next(file for file in rule_files() if file.rule_id == rule.id)


def _docstring(source: str, where: str) -> str:
    text = ast.get_docstring(ast.parse(source))
    if not text:
        raise RuleDefinitionError(f"{where} has no docstring")
    return text


def _examples(text: str, file: RuleFile) -> Iterator[Example]:
    policy: str | None = None
    for block in _FENCE.finditer(text):
        info = block["info"].strip()
        if info == "toml" and policy is None:
            policy = block["code"]
            continue
        kind = _INFO.match(info)
        if kind is None or kind["framework"] not in FRAMEWORKS:
            names = " or ".join(FRAMEWORKS)
            raise RuleDefinitionError(f"{file.where}: ```{info}: write ```python bad framework=NAME, or good; NAME is {names}")
        example = _example(block["code"], kind["verdict"] == "bad", kind["framework"], policy)
        if example.bad != bool(example.marked):
            raise RuleDefinitionError(
                f"{file.where}: a bad example marks what must be reported with '{MARK}', a good one nothing"
            )
        yield example
        policy = None
    if policy is not None:
        raise RuleDefinitionError(f"{file.where}: no example follows the last policy")


def _example(code: str, bad: bool, framework: str, policy: str | None) -> Example:
    parts: dict[str, list[str]] = {}
    marked: set[tuple[str, int]] = set()
    path = DEFAULT_FILE
    for line in code.splitlines():
        named = _FILE.match(line)
        if named is not None:
            path = named["path"]
            parts[path] = []
            continue
        lines = parts.setdefault(path, [])
        lines.append(_MARKED.sub("", line))
        if lines[-1] != line:
            marked.add((path, len(lines)))
    texts = {name: "\n".join(lines) + "\n" for name, lines in parts.items()}
    return Example(bad, framework, code, texts, frozenset(marked), policy)


def _page(rule: Rule, prose: Prose) -> str:
    heading = rule.title[:1].upper() + rule.title[1:]
    parts = [f"# {heading}", _facts(rule), prose.summary, prose.details]
    parts += ["## Why it matters", prose.why, "## Remedy", prose.remedy, "## Examples"]
    for example in prose.examples:
        name = FRAMEWORKS[example.framework]
        parts.append(f"{name}, reported at the marked lines:" if example.bad else f"{name}, not reported:")
        if example.policy is not None:
            parts += ["With this `counterseal.toml`:", f"```toml\n{example.policy.rstrip()}\n```"]
        parts.append(f"```python\n{example.code.rstrip()}\n```")
    return "\n\n".join(part for part in parts if part) + "\n"


def _facts(rule: Rule) -> str:
    cwe = ", ".join(f"[CWE-{number}](https://cwe.mitre.org/data/definitions/{number}.html)" for number in rule.cwe)
    facts = [f"`{rule.id}`", f"severity {rule.severity.label}", f"confidence {rule.confidence.label}", cwe]
    facts += [f"OWASP {', '.join(rule.owasp)}"]
    facts += [f"ASVS {', '.join(each.removeprefix('v5.0.0-') for each in rule.asvs)} (5.0.0)"] if rule.asvs else []
    return " · ".join([*facts, f"since {rule.since}"])
