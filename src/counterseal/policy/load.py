"""Find the policy of a project and read it."""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError

from counterseal.policy.checks import Parts, contradictions, suggestion
from counterseal.policy.model import Policy
from counterseal.policy.positions import positions
from counterseal.policy.problems import Document, PolicyError, PolicyProblem, problem_of, problems_of
from counterseal.policy.values import quoted

FILE_NAME = "counterseal.toml"
PROJECT_FILE = "pyproject.toml"
PROJECT_SECTION = ("tool", "counterseal")
MAX_BYTES = 1_048_576
"""Largest policy file; a larger one is something else."""


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    """A policy and where it came from."""

    policy: Policy
    source: str | None
    """The file: relative to the root with forward slashes, or only its name when it lies elsewhere; ``None``: the defaults."""
    text: str
    """What the file says; empty for the defaults."""
    document: Document = field(default_factory=lambda: Document(""))
    """Where its keys stand."""

    def check_rule_ids(self, known: Collection[str]) -> None:
        """Refuse settings for rules that do not exist: a typo there would silently change nothing.

        Raises:
            PolicyError: naming each id that is not in ``known``.
        """
        unknown = [rule_id for rule_id in self.policy.rules if rule_id not in known]
        if unknown:
            message = "there is no such rule"
            raise PolicyError(self.document.problem(("rules", rule), message, suggestion(rule, known)) for rule in unknown)


def load_policy(root: Path, explicit: Path | None = None) -> LoadedPolicy:
    """Read the policy of a project: the explicit file, else `counterseal.toml` in ``root``, else the section
    ``[tool.counterseal]`` of its `pyproject.toml`, else the defaults.

    Raises:
        PolicyError: with everything that is wrong, also when both files in the root hold a policy.
    """
    if explicit is not None:
        return _load_explicit(root, explicit)
    own, project = root / FILE_NAME, root / PROJECT_FILE
    has_own = _exists(root, own)
    section = _project_policy(root, project, required=False) if _exists(root, project) else None
    if has_own and section is not None:
        raise PolicyError(
            [
                PolicyProblem(
                    _shown(root, project),
                    section.document.line(),
                    f"the policy stands in two places: [tool.counterseal] here and {FILE_NAME} beside it",
                    f"remove [tool.counterseal] from {PROJECT_FILE}, or remove {FILE_NAME}",
                )
            ]
        )
    if has_own:
        return _load_own(root, own)
    if section is not None:
        return section.load(root, project)
    return LoadedPolicy(Policy(), None, "")


def _load_explicit(root: Path, path: Path) -> LoadedPolicy:
    if not _exists(root, path):
        _refuse(root, path, "there is no such file", "check the path given as the policy")
    if path.name == PROJECT_FILE:
        section = _project_policy(root, path, required=True)
        if section is not None:
            return section.load(root, path)
    return _load_own(root, path)


@dataclass(frozen=True, slots=True)
class _Found:
    """A table that is to become a policy."""

    table: object
    document: Document
    text: str

    def load(self, root: Path, path: Path) -> LoadedPolicy:
        policy = _validated(self.table, self.document)
        inside = _inside(root, path)
        return LoadedPolicy(policy, inside if inside is not None else _printable(path.name), self.text, self.document)


def _load_own(root: Path, path: Path) -> LoadedPolicy:
    text = _read(root, path)
    table, document = _parsed(text, _shown(root, path), ())
    return _Found(table, document, text).load(root, path)


def _project_policy(root: Path, path: Path, *, required: bool) -> _Found | None:
    """The policy in a `pyproject.toml`, if there is one. A file that does not name counterseal is none of our business."""
    if path.is_dir() and not required:
        return None  # a folder of that name holds no policy
    text = _read(root, path)
    if not required and "counterseal" not in text:
        return None
    table, document = _parsed(text, _shown(root, path), PROJECT_SECTION)
    tool = table.get("tool")
    if isinstance(tool, dict) and "counterseal" in tool:
        return _Found(tool["counterseal"], document, text)
    if required:
        _refuse(root, path, "it has no section [tool.counterseal]", "add one, or name another file")
    return None


def _validated(table: object, document: Document) -> Policy:
    try:
        return Policy.model_validate(table)
    except ValidationError as error:
        found = problems_of(error, document)
        complete = all(item["type"] == "policy_reference" for item in error.errors(include_url=False, include_input=False))
    if not complete and isinstance(table, dict):
        found += [problem_of(item, document) for item in contradictions(Parts.of_table(table))]
    raise PolicyError(found)


# -- files ------------------------------------------------------------------------------------------------------


def _exists(root: Path, path: Path) -> bool:
    """Whether there is such an entry, be it a broken link. Not being allowed to look is an error: a policy may be there."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        _refuse_unreadable(root, path, error)
    return True


def _refuse_unreadable(root: Path, path: Path, error: OSError) -> NoReturn:
    reason = error.strerror or type(error).__name__
    _refuse(root, path, f"it cannot be read ({reason[:1].lower()}{reason[1:]})", "check the path and its permissions")


def _read(root: Path, path: Path) -> str:
    """The text of a policy file.

    Raises:
        PolicyError: when it is no regular file, too large, unreadable or not UTF-8.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            _refuse(root, path, "it is a directory, not a file", "name the policy file itself")
        if not stat.S_ISREG(mode):
            _refuse(root, path, "it is not a regular file", "write the policy to a file")
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        _refuse_unreadable(root, path, error)
    if len(data) > MAX_BYTES:
        _refuse(root, path, f"it is larger than {MAX_BYTES // 1024} KiB", "a policy is a short text: is this the right file?")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        _refuse(root, path, "it is not UTF-8 text", "save it as UTF-8", line)


_AT_LINE = re.compile(r"\s*\(at line (\d+), column (\d+)\)$")
_AT_END = re.compile(r"\s*\(at end of document\)$")


def _parsed(text: str, where: str, section: tuple[str, ...]) -> tuple[Mapping[str, Any], Document]:
    """The tables of a TOML text, and where its keys stand.

    Raises:
        PolicyError: when it is not TOML.
    """
    message, line = "arrays or tables are nested too deeply", 0
    try:
        table = tomllib.loads(text)
        return table, Document(where, section, positions(text))
    except ValueError as error:
        message, line = str(error), 0
        at = _AT_LINE.search(message)
        if at is not None:
            message, line = f"{message[: at.start()]}, column {at[2]}", int(at[1])
        elif _AT_END.search(message):
            message, line = f"{_AT_END.sub('', message)} at the end of the file", text.rstrip().count("\n") + 1
    except RecursionError:
        pass
    raise PolicyError([PolicyProblem(where, line, f"not valid TOML: {message}", "correct the syntax: https://toml.io/en/v1.0.0")])


def _refuse(root: Path, path: Path, message: str, hint: str, line: int = 0) -> NoReturn:
    raise PolicyError([PolicyProblem(_shown(root, path), line, message, hint)])


def _inside(root: Path, path: Path) -> str | None:
    """The path relative to the root, with forward slashes; ``None`` when it lies elsewhere."""
    try:
        return _printable((path.parent.resolve() / path.name).relative_to(root.resolve()).as_posix())
    except ValueError:
        return None


def _shown(root: Path, path: Path) -> str:
    inside = _inside(root, path)
    return inside if inside is not None else _printable(str(path))


def _printable(text: str) -> str:
    """A path as any terminal can show it."""
    shown = text.encode("utf-8", "backslashreplace").decode()
    return shown if shown.isprintable() else quoted(shown)
