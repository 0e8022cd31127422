"""Find the rules: every file of every area is one rule, and anything odd stops the run.

There is no list of rules anywhere. A rule that would be skipped in silence is a flaw that nobody looks for, so whatever does not
look like a rule is refused: a file without one, another name than its id, an area that Python cannot import.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from counterseal.audit.findings import Rule

PACKAGE = __name__.rpartition(".")[0]
_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*\Z")
_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)?\Z")
_OWASP = re.compile(r"A(?:0[1-9]|10):2025\Z|API(?:[1-9]|10):2023\Z")
_ASVS = re.compile(r"v5\.0\.0-\d+\.\d+\.\d+\Z")


class RuleDefinitionError(Exception):
    """A rule's file is not what it has to be. It is a fault of Counterseal, not of the audited code."""


@dataclass(frozen=True, slots=True)
class RuleFile:
    """Where a rule stands."""

    area: str
    """Name of the folder."""
    name: str
    """Name of the file without its suffix."""
    source: Traversable

    @property
    def rule_id(self) -> str:
        """The id that the rule in this file must have."""
        return self.name.replace("_", "-")

    @property
    def where(self) -> str:
        """The file as messages name it, relative to the rules."""
        return f"rules/{self.area}/{self.name}.py"


def rule_files(package: str = PACKAGE) -> tuple[RuleFile, ...]:
    """The files of all rules by id, without importing any of them.

    Files whose names begin with an underscore are helpers of their area, not rules.

    Raises:
        RuleDefinitionError: two files claim one id, a name is malformed, or a folder is no package.
    """
    found: dict[str, RuleFile] = {}
    for area in _areas(package):
        for file in _files_of(area):
            earlier = found.setdefault(file.rule_id, file)
            if earlier is not file:
                raise RuleDefinitionError(f"{file.where} and {earlier.where} are the same rule: rename one of them")
    return tuple(found[rule_id] for rule_id in sorted(found))


def areas(package: str = PACKAGE) -> tuple[str, ...]:
    """The names of all areas.

    Raises:
        RuleDefinitionError: a folder is no package.
    """
    return tuple(area.name for area in _areas(package))


def load_rules(package: str = PACKAGE) -> tuple[Rule, ...]:
    """All rules, by id.

    Raises:
        RuleDefinitionError: a file cannot be imported, holds no rule, another one than its name says, or an incomplete one.
    """
    return tuple(_load(package, file) for file in rule_files(package))


def _areas(package: str) -> list[Traversable]:
    folders = [entry for entry in files(package).iterdir() if entry.is_dir() and not entry.name.startswith(("_", "."))]
    found = [folder for folder in folders if any(entry.name.endswith(".py") for entry in folder.iterdir())]
    for area in found:
        if not area.joinpath("__init__.py").is_file():
            raise RuleDefinitionError(f"rules/{area.name} has no __init__.py: add one that says what the area is about")
    return sorted(found, key=lambda area: area.name)


def _files_of(area: Traversable) -> Iterator[RuleFile]:
    for entry in area.iterdir():
        if entry.name.startswith(("_", ".")):
            continue
        if entry.is_dir():
            raise RuleDefinitionError(f"rules/{area.name}/{entry.name} is a folder: a rule is a file directly in its area")
        name, dot, suffix = entry.name.rpartition(".")
        if suffix != "py" or not dot:
            continue
        if not _NAME.match(name):
            raise RuleDefinitionError(f"rules/{area.name}/{entry.name}: name it in lower case, with underscores between words")
        yield RuleFile(area.name, name, entry)


def _load(package: str, file: RuleFile) -> Rule:
    try:
        module = importlib.import_module(f"{package}.{file.area}.{file.name}")
    except Exception as error:
        raise RuleDefinitionError(f"{file.where} cannot be imported: {type(error).__name__}: {error}") from error
    rule = getattr(module, "RULE", None)
    if not isinstance(rule, Rule):
        raise RuleDefinitionError(f"{file.where} has no constant RULE of type Rule")
    problem = next(_problems(rule, file), None)
    if problem is not None:
        raise RuleDefinitionError(f"{file.where}: {problem}")
    return rule


def _problems(rule: Rule, file: RuleFile) -> Iterator[str]:
    """What is wrong with a rule's facts."""
    if rule.id != file.rule_id:
        yield f"its id is {rule.id!r}, its file says {file.rule_id!r}"
    if not rule.title.strip() or rule.title != rule.title.strip() or rule.title.endswith("."):
        yield "title must be a noun phrase without a full stop"
    if not rule.cwe or min(rule.cwe) < 1:
        yield "cwe must name at least one number"
    if not _VERSION.match(rule.since):
        yield "since must be the version that the rule came with, such as '0.1.0'"
    if not rule.owasp:
        yield "owasp must name at least one id, such as 'A01:2025'"
    for name, pattern, ids in (("owasp", _OWASP, rule.owasp), ("asvs", _ASVS, rule.asvs)):
        yield from (f"{name}: {each!r} is no id of it" for each in ids if not pattern.match(each))
