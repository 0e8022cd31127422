"""What one audit reads: the code, the documents beside it, and a digest of all of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from counterseal.audit.errors import AuditError
from counterseal.audit.facts import classify
from counterseal.audit.facts.discover import Discovery, SourceFile, discover
from counterseal.audit.facts.git_tree import find_git_tree
from counterseal.audit.result import NotChecked

_DOCUMENTS = frozenset({"openapi", "toml", "requirements"})
_MAX_DOCUMENT = 32 << 20
"""Bytes of an OpenAPI document or manifest beyond which it is not read."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """The files of one audit."""

    root: Path
    name: str
    """Name of the audited folder or file, never its path."""
    code: tuple[SourceFile, ...]
    """Python files that may be part of the application."""
    tests: frozenset[str]
    """Python files that are test code."""
    documents: tuple[SourceFile, ...]
    """OpenAPI documents and dependency manifests."""
    skipped: tuple[NotChecked, ...]


def check(root: Path) -> None:
    """See that there is something at ``root`` that may be read, before anything in it is looked for.

    Raises:
        AuditError: there is no such path, or it is closed.
    """
    try:
        if root.is_dir():
            next(root.iterdir(), None)
        else:
            root.stat()
    except FileNotFoundError:
        raise AuditError(f"there is no {root}", "check the path") from None
    except OSError as error:
        raise AuditError(f"{root} cannot be read: {_reason(error)}", "check the path and its permissions") from error


def find(root: Path, exclude: Sequence[str]) -> Inputs:
    """The files of the audit of ``root``, a folder or one Python file. ``exclude``: patterns as in `.gitignore`.

    Raises:
        AuditError: there is no such path, it cannot be read, or there is no Python code in it.
    """
    check(root)
    try:
        if root.is_file() and root.suffix and classify.kind_by_name(root.name) != "python":
            raise AuditError(f"{root} is not a Python file", "name the folder of the application, or one of its Python files")
        found = discover(root, exclude)
        name = root.resolve().name or "/"
    except (OSError, RuntimeError) as error:  # RuntimeError: how Path.resolve reports a loop of links before Python 3.13
        raise AuditError(f"{root} cannot be read: {_reason(error)}", "check the path and its permissions") from error
    python = [file for file in found.files if file.kind == "python"]
    tests = frozenset(file.path for file in python if file.test)
    if len(tests) == len(python):
        raise _no_code(root, found, len(tests))
    skipped = found.skipped
    if tests:
        files = "1 file" if len(tests) == 1 else f"{len(tests)} files"
        skipped += (NotChecked("test code", f"{files}, not part of the application", incomplete=False),)
    code = tuple(file for file in python if not file.test)
    documents = tuple(file for file in found.files if file.kind in _DOCUMENTS and not file.test)
    return Inputs(root, name, code, tests, documents, skipped)


def _reason(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text[:1].lower() + text[1:]


def _no_code(root: Path, found: Discovery, tests: int) -> AuditError:
    """Why there is nothing to audit, as far as it is known."""
    unread = next((item for item in found.skipped if item.incomplete), None)
    if unread is not None:
        what = f"{root}" if unread.what == "." else f"{root / unread.what}"
        return AuditError(f"no Python code could be read: {what}: {unread.why}", "check the permissions")
    if tests:
        return AuditError(f"{root} holds no Python code besides tests", "name the folder of the application")
    if found.skipped:
        why = f"{found.skipped[0].what} ({found.skipped[0].why})"
        return AuditError(
            f"{root} holds no Python code besides what is left out, such as {why}", "name the folder of the application"
        )
    return AuditError(
        f"{root} holds no Python code", "Counterseal audits back ends in Python: name the folder of the application"
    )


def read_documents(inputs: Inputs) -> tuple[dict[str, bytes], list[NotChecked]]:
    """The documents' content by path, and those that could not be read."""
    contents: dict[str, bytes] = {}
    problems: list[NotChecked] = []
    for file in inputs.documents:
        try:
            if file.size > _MAX_DOCUMENT:
                problems.append(NotChecked(file.path, f"larger than {_MAX_DOCUMENT >> 20} MB", file.path))
            else:
                contents[file.path] = Path(file.location).read_bytes()
        except OSError as error:
            problems.append(NotChecked(file.path, f"the file cannot be read: {_reason(error)}", file.path))
    return contents, problems


def manifest(inputs: Inputs, configuration: Iterable[str]) -> bytes:
    """A digest of everything that the outcome of an audit rests on, besides Counterseal itself.

    ``configuration``: the policy and the options. Every file is read: its time and size prove nothing.
    """
    total = hashlib.sha256()
    for part in (inputs.name, *configuration, *map(repr, inputs.skipped), *sorted(inputs.tests)):
        total.update(part.encode("utf-8", "surrogateescape") + b"\0")
    for file in (*inputs.code, *inputs.documents):
        try:
            content = hashlib.sha256(Path(file.location).read_bytes()).digest()
        except OSError as error:
            content = str(error.errno).encode()
        total.update(f"{file.path}\0{file.kind}\0{file.migration}\0".encode("utf-8", "surrogateescape") + content)
    return total.digest()


def repository_path(root: Path) -> str:
    """The path of ``root`` inside its git repository, with forward slashes; empty when it is the repository, or in none."""
    location = root.resolve()
    tree = find_git_tree(str(location if location.is_dir() else location.parent))
    if tree is None:
        return ""
    inside = (location if location.is_dir() else location.parent).relative_to(tree.top).as_posix()
    return "" if inside == "." else inside
