"""Which files of a folder are the code under audit, and which are left out, and why.

What is left out is always said: silently unread code would look like code without flaws.
"""

# Plain strings, not Path objects: the walk visits thousands.
# ruff: noqa: PTH100, PTH116, PTH118, PTH119, PTH208
from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from counterseal.audit.facts import classify
from counterseal.audit.facts.classify import FileKind
from counterseal.audit.facts.git_tree import GitTree, find_git_tree
from counterseal.audit.facts.ignore import IgnoreRules, read_lines
from counterseal.audit.result import NotChecked

_Rules = tuple[IgnoreRules, ...]
"""Innermost first: the first that says something decides."""
_NEVER = frozenset(
    (
        *(
            ".git",
            ".hg",
            ".svn",
            ".bzr",
            "CVS",
            "node_modules",
            "bower_components",
            "__pycache__",
            "__pypackages__",
            ".tox",
            ".nox",
        ),
        *(
            ".eggs",
            ".mypy_cache",
            ".pytest_cache",
            ".ruff_cache",
            ".hypothesis",
            ".ipynb_checkpoints",
            ".idea",
            ".vscode",
            ".cache",
        ),
        ".counterseal",
    )
)
"""Folders that by their name hold no code of the application: not worth a line of the report."""
_INSTALLED = frozenset({"site-packages", "dist-packages"})
_BUILD_MARKERS = frozenset({"pyproject.toml", "setup.py", "setup.cfg"})
_BY_POLICY = "excluded by the policy"
_BY_GIT = "ignored by git"
_NONBLOCK = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""A named pipe that is called like a source file must not stop the run."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file to read. ``path`` is relative to the audited root, with forward slashes, and safe to print."""

    path: str
    location: str
    """Absolute path, as the operating system takes it."""
    kind: FileKind
    size: int
    """Bytes."""
    test: bool = False
    """Test code: not part of the surface."""
    migration: bool = False
    """A step of a database schema's history (Alembic, Django)."""

    @property
    def absolute(self) -> Path:
        """``location`` as a path."""
        return Path(self.location)


@dataclass(frozen=True, slots=True)
class Discovery:
    """The files to audit, by path, and what is left out."""

    files: tuple[SourceFile, ...]
    skipped: tuple[NotChecked, ...]


def discover(root: Path, exclude: Sequence[str] = ()) -> Discovery:
    """Find the files under ``root`` (a folder, or one file).

    ``exclude``: further patterns in the syntax of ``.gitignore``, relative to ``root``.

    Raises:
        FileNotFoundError: ``root`` does not exist.
        OSError: ``root`` cannot be looked at.
    """
    location = os.path.abspath(root)
    directory = stat.S_ISDIR(os.stat(location).st_mode)
    walk = _Walk(location, IgnoreRules(exclude), find_git_tree(location) if directory else None)
    if directory:
        walk.run()
    else:
        name = os.path.basename(location)
        kind = classify.kind_by_name(name) or ("openapi" if classify.is_document(name) else "python")
        walk.add_file(location, name, kind, test=False, chosen=True)
    skipped = sorted(walk.skipped, key=lambda item: (item.what, item.why))
    return Discovery(tuple(sorted(walk.files, key=lambda file: file.path)), tuple(skipped))


@dataclass(frozen=True, slots=True)
class _Folder:
    location: str
    path: str
    """Relative to the root; empty for the root."""
    rules: _Rules
    only_tracked: bool = False
    """The folder is ignored, but git tracks something in it."""
    test: bool = False


@dataclass(slots=True)
class _Walk:
    root: str
    policy: IgnoreRules
    tree: GitTree | None
    files: list[SourceFile] = field(default_factory=list)
    skipped: list[NotChecked] = field(default_factory=list)
    prefix: str = ""
    """The root relative to the work tree; empty or with a slash at its end."""
    _pending: list[_Folder] = field(default_factory=list)
    _links: list[tuple[os.DirEntry[str], str]] = field(default_factory=list)
    _seen: set[tuple[int, int]] = field(default_factory=set)
    """Device and number of every folder entered and every file taken, so that links add nothing twice."""

    def run(self) -> None:
        rules: _Rules = ()
        if self.tree is not None:
            if self.tree.top != self.root:
                self.prefix = os.path.relpath(self.root, self.tree.top).replace(os.sep, "/") + "/"
            rules = _rules_above(self.tree, self.prefix)
        self._pending.append(_Folder(self.root, "", rules))
        self._drain()
        for entry, path in self._links:  # grows while links are followed
            self._follow(entry, path)
            self._drain()

    def _drain(self) -> None:
        while self._pending:
            self._read_folder(self._pending.pop())

    def _read_folder(self, folder: _Folder) -> None:
        try:
            status = os.stat(folder.location)
            with os.scandir(folder.location) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError as error:
            self.skip(folder.path or ".", f"the folder cannot be read: {error.strerror}", incomplete=True)
            return
        if not self._first_visit(status):
            return
        names = {entry.name for entry in entries}
        if "pyvenv.cfg" in names and folder.path:
            self.skip(folder.path, "a virtual environment: third-party code")
            return
        rules = folder.rules
        if ".gitignore" in names:
            own = IgnoreRules(read_lines(os.path.join(folder.location, ".gitignore")), base=folder.path)
            rules = (own, *rules) if own else rules
        base = folder.path + "/" if folder.path else ""
        for entry in entries:
            if entry.name not in _NEVER:
                self._entry(entry, base + entry.name, folder, rules, names)

    def _first_visit(self, status: os.stat_result) -> bool:
        key = (status.st_dev, status.st_ino)
        if key in self._seen:
            return False
        self._seen.add(key)
        return True

    def _entry(self, entry: os.DirEntry[str], path: str, folder: _Folder, rules: _Rules, siblings: set[str]) -> None:
        name = entry.name
        if entry.is_dir(follow_symlinks=False):
            self._subfolder(entry, path, folder, rules, siblings)
            return
        link = entry.is_symlink()
        kind = None if link else self._kind(entry.path, name)
        if kind is None and not link:
            return
        verdict = self._left_out(path, name, False, folder, rules)
        if verdict is not None:
            if kind == "python":
                self.skip(path, verdict)
        elif kind is None:
            self._links.append((entry, path))
        else:
            self.add_file(entry.path, path, kind, folder.test or classify.is_test_name(name))

    def _subfolder(self, entry: os.DirEntry[str], path: str, folder: _Folder, rules: _Rules, siblings: set[str]) -> None:
        name = entry.name
        if name in _INSTALLED:
            self.skip(path, "installed packages: third-party code")
            return
        if name == "build" and siblings & _BUILD_MARKERS and _is_build_output(entry.path):
            self.skip(path, "build output")
            return
        verdict = self._left_out(path, name, True, folder, rules)
        tracked = verdict == _BY_GIT and self._is_tracked(path)
        if verdict is None or tracked:
            test = folder.test or name in classify.TEST_FOLDERS
            self._pending.append(_Folder(entry.path, path, rules, folder.only_tracked or tracked, test))
        else:
            self.skip(path, verdict)

    def _left_out(self, path: str, name: str, directory: bool, folder: _Folder, rules: _Rules) -> str | None:
        """Why the ignore rules leave ``path`` out; ``None`` when they do not. What git tracks is not ignored."""
        if self.policy and self.policy.decide(path, name, directory):
            return _BY_POLICY
        if folder.only_tracked:
            return None if self._is_tracked(path) else _BY_GIT
        for rule in rules:
            decision = rule.decide(path, name, directory)
            if decision is not None:
                return _BY_GIT if decision and (directory or not self._is_tracked(path)) else None
        return None

    def _is_tracked(self, path: str) -> bool:
        return self.tree is not None and self.prefix + path in self.tree.tracked

    def _kind(self, location: str, name: str) -> FileKind | None:
        kind = classify.kind_by_name(name)
        if kind is None and classify.is_document(name):
            try:
                head = _open(location)[1]
            except OSError:  # whether it would have been a document is not known, and no promise rests on it
                return None
            return "openapi" if classify.is_openapi(head) else None
        return kind

    def add_file(self, location: str, path: str, kind: FileKind, test: bool, chosen: bool = False) -> None:
        """Take a file, or say why not. ``chosen``: the user named it, so neither its size nor its header matters."""
        python = kind == "python"
        try:
            status, head = _open(location, read=python)
            if not stat.S_ISREG(status.st_mode):
                self.skip(path, "not a regular file", incomplete=python)
                return
            machine = classify.made_by_machine(location, path, head, status.st_size) if python and not chosen else None
        except OSError as error:
            self.skip(path, f"the file cannot be read: {error.strerror}", incomplete=python)
            return
        if machine is not None:
            self.skip(path, machine)
        elif python and status.st_size > classify.MAX_BYTES and not chosen:
            self.skip(path, f"larger than {classify.MAX_BYTES >> 20} MB", incomplete=True)
        else:
            self._seen.add((status.st_dev, status.st_ino))
            migration = python and classify.is_migration(path, head)
            self.files.append(SourceFile(classify.printable(path), location, kind, status.st_size, test, migration))

    def _follow(self, entry: os.DirEntry[str], path: str) -> None:
        """A symbolic link. Looked at last, so that what has a name of its own in the root goes under that name."""
        python = classify.kind_by_name(entry.name) == "python"
        try:
            status = os.stat(entry.path)
        except OSError as error:
            if python:
                self.skip(path, f"the link leads nowhere: {error.strerror}", incomplete=True)
            return
        directory = stat.S_ISDIR(status.st_mode)
        if not directory and not python and self._kind(entry.path, entry.name) is None:
            return
        if not _is_inside(os.path.realpath(entry.path), os.path.realpath(self.root)):
            code = python or (directory and _holds_python(entry.path))
            self.skip(path, "a link that leaves the audited folder is not followed", incomplete=code)
        elif (status.st_dev, status.st_ino) in self._seen:
            self.skip(path, "a link to what is read under its own name")
        elif directory:
            if entry.name not in _INSTALLED:
                self._pending.append(_Folder(entry.path, path, (), test=classify.is_test(path + "/")))
        elif (kind := self._kind(entry.path, entry.name)) is not None:
            self.add_file(entry.path, path, kind, classify.is_test(path))

    def skip(self, path: str, why: str, incomplete: bool = False) -> None:
        """Put on record that ``path`` is left out."""
        shown = classify.printable(path)
        self.skipped.append(NotChecked(shown, why, shown, incomplete=incomplete))


def _rules_above(tree: GitTree, prefix: str) -> _Rules:
    """Rules of the repository that lie above the root. A folder that the user names is audited even if they ignore it."""
    parts = prefix.split("/")[:-1]
    levels = [(0, IgnoreRules(read_lines(tree.exclude_file), prefix=prefix))]
    for index, part in enumerate(parts):
        lines = read_lines(os.path.join(tree.top, *parts[:index], ".gitignore"))
        levels.insert(0, (index, IgnoreRules(lines, prefix="/".join(parts[index:]) + "/")))
        decisions = (rule.decide_local("/".join(parts[start : index + 1]), part, True) for start, rule in levels)
        if next((decision for decision in decisions if decision is not None), False):
            return ()
    return tuple(rule for _, rule in levels if rule)


def _open(location: str, read: bool = True) -> tuple[os.stat_result, bytes]:
    """Status and first bytes of a file."""
    descriptor = os.open(location, os.O_RDONLY | _NONBLOCK)
    try:
        status = os.fstat(descriptor)
        return status, os.read(descriptor, classify.HEAD_BYTES) if read and stat.S_ISREG(status.st_mode) else b""
    finally:
        os.close(descriptor)


def _is_inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _is_build_output(location: str) -> bool:
    """Whether a folder called ``build`` is what setuptools leaves behind, and not a package of that name."""
    try:
        names = os.listdir(location)
    except OSError:
        return False
    return bool(names) and all(name == "lib" or name.startswith(("lib.", "bdist.", "temp.", "scripts-")) for name in names)


def _holds_python(location: str) -> bool:
    """Whether a folder, or one directly in it, holds Python files. What cannot be read might."""
    try:
        with os.scandir(location) as scan:
            entries = list(scan)
        if any(entry.name.endswith(".py") for entry in entries):
            return True
        return any(name.endswith(".py") for entry in entries if entry.is_dir() for name in os.listdir(entry.path))
    except OSError:
        return True
