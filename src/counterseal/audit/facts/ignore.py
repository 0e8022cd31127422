"""Which paths a repository tells git to ignore.

Own translation of the patterns, not a library's: it costs about a microsecond a path (the walk visits thousands), backtracking
is bounded whatever a pattern says, and the tests compare it with git itself.

Source: gitignore(5), "PATTERN FORMAT".
"""

# Plain strings, not Path objects: the walk visits thousands.
# ruff: noqa: PTH123
from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

MAX_BYTES = 1 << 20
"""Patterns beyond this size of a file are not read: then less is ignored, and more is audited."""

_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": " \\t",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@\\[-`{-~",
    "space": "\\s",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line of an ignore file. ``glob`` has no leading or trailing slash left."""

    glob: str
    negated: bool
    only_directories: bool
    anchored: bool


@dataclass(slots=True)
class _Matcher:
    """Patterns of which any may match: literal names and endings without a regular expression, the rest in two."""

    names: set[str] = field(default_factory=set)
    endings: tuple[str, ...] = ()
    name_regex: re.Pattern[str] | None = None
    path_regex: re.Pattern[str] | None = None

    def matches(self, path: str, name: str) -> bool:
        if name in self.names or (self.endings and name.endswith(self.endings)):
            return True
        if self.name_regex is not None and self.name_regex.match(name):
            return True
        return self.path_regex is not None and self.path_regex.match(path) is not None


@dataclass(frozen=True, slots=True)
class _Run:
    """Consecutive patterns of one sign."""

    negated: bool
    any_kind: _Matcher
    directories: _Matcher


class IgnoreRules:
    """The patterns of one ignore file, for paths relative to the folder that holds it."""

    __slots__ = ("_prefix", "_runs", "_strip")

    def __init__(self, lines: Iterable[str], base: str = "", prefix: str = "") -> None:
        """``base``: the folder of the file, relative to the walk's root.

        ``prefix``: the walk's root relative to that folder, with a slash at its end, when the folder lies above.
        """
        self._runs = tuple(reversed(_runs([found for line in lines if (found := parse_line(line))])))
        self._strip = len(base) + 1 if base else 0
        self._prefix = prefix

    def decide(self, path: str, name: str, directory: bool) -> bool | None:
        """Whether ``path`` is ignored; ``None`` when no pattern says anything. Later patterns win.

        ``path`` is relative to the walk's root, ``name`` its last part. Its parents are not ignored.
        """
        return self.decide_local(self._prefix + path[self._strip :], name, directory)

    def decide_local(self, local: str, name: str, directory: bool) -> bool | None:
        """As `decide`, for a path relative to the folder of the ignore file."""
        for run in self._runs:
            if run.any_kind.matches(local, name) or (directory and run.directories.matches(local, name)):
                return not run.negated
        return None

    def __bool__(self) -> bool:
        return bool(self._runs)


def read_lines(path: str) -> list[str]:
    """The lines of an ignore file; none if it cannot be read. A symbolic link is not followed, as in git."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return []
    with open(descriptor, "rb") as stream:
        try:
            raw = stream.read(MAX_BYTES)
        except OSError:
            return []
    return raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape").split("\n")


def parse_line(line: str) -> Pattern | None:
    """The pattern of one line; ``None`` for blank lines and comments."""
    glob = _without_trailing_spaces(line.removesuffix("\r"))
    if not glob or glob.startswith("#"):
        return None
    negated = glob.startswith("!")
    glob = glob[1:] if negated else glob
    only_directories = glob.endswith("/")
    glob = glob[:-1] if only_directories else glob
    anchored = "/" in glob
    glob = glob.removeprefix("/")
    return Pattern(glob, negated, only_directories, anchored) if glob else None


def _without_trailing_spaces(line: str) -> str:
    bare = line.rstrip(" ")
    escaped = (len(bare) - len(bare.rstrip("\\"))) % 2 == 1
    return bare + " " if escaped and len(bare) < len(line) else bare


def _runs(patterns: Sequence[Pattern]) -> list[_Run]:
    runs: list[_Run] = []
    start = 0
    for index in range(1, len(patterns) + 1):
        if index == len(patterns) or patterns[index].negated != patterns[start].negated:
            group = patterns[start:index]
            either = _matcher([each for each in group if not each.only_directories])
            runs.append(_Run(group[0].negated, either, _matcher([each for each in group if each.only_directories])))
            start = index
    return runs


def _matcher(patterns: Sequence[Pattern]) -> _Matcher:
    matcher = _Matcher()
    endings, names, paths = [], [], []
    for pattern in patterns:
        glob = pattern.glob
        if pattern.anchored:
            paths.append(_path_regex(glob))
        elif not _has_wildcard(glob):
            matcher.names.add(glob)
        elif glob.startswith("*") and not _has_wildcard(glob[1:]):
            endings.append(glob[1:])
        else:
            names.append(_part_regex(glob))
    matcher.endings = tuple(endings)
    matcher.name_regex, matcher.path_regex = _any_of(names), _any_of(paths)
    return matcher


def _has_wildcard(glob: str) -> bool:
    return any(char in glob for char in "*?[\\")


def _any_of(regexes: Sequence[str | None]) -> re.Pattern[str] | None:
    valid = [each for each in regexes if each is not None]
    return re.compile(f"(?s:{'|'.join(valid)})\\Z") if valid else None


def _path_regex(glob: str) -> str | None:
    """A pattern with a slash. What stands between two ``**`` has a fixed number of parts, so its first match does (atomic)."""
    segments: list[list[str]] = [[]]
    for part in glob.split("/"):
        if part == "**":
            segments.append([])
        elif (regex := _part_regex(part)) is None:
            return None
        else:
            segments[-1].append(regex)
    first, rest = segments[0], [each for each in segments[1:-1] if each]
    text = "/".join(first)
    if len(segments) == 1:
        return text
    text += "/" if first else ""
    text += "".join(f"(?>(?:[^/]+/)*?{'/'.join(each)}/)" for each in rest)
    last = segments[-1]
    return text + ("(?:[^/]+/)*" + "/".join(last) if last else ".+")


def _part_regex(glob: str) -> str | None:
    """One part of a path; ``None`` for what can match nothing. Between two stars the first match does (atomic)."""
    pieces = [""]
    index = 0
    while index < len(glob):
        char = glob[index]
        if char == "*":
            pieces.append("")
        elif char == "?":
            pieces[-1] += "[^/]"
        elif char == "[":
            end, text = _bracket(glob, index)
            if text is None:
                return None
            pieces[-1] += text
            index = end
        elif char == "\\":
            index += 1
            if index == len(glob):
                return None
            pieces[-1] += re.escape(glob[index])
        else:
            pieces[-1] += re.escape(char)
        index += 1
    if len(pieces) == 1:
        return pieces[0]
    middle = "".join(f"(?>[^/]*?{each})" for each in pieces[1:-1] if each)
    return f"{pieces[0]}{middle}[^/]*{pieces[-1]}"


def _bracket(glob: str, start: int) -> tuple[int, str | None]:
    """A bracket expression that starts at ``start``: the index of its end, and its regular expression (``None``: invalid)."""
    index = start + 1
    negated = glob[index : index + 1] in ("!", "^")
    index += negated
    content, previous, first = "", "", index
    while index < len(glob) and (glob[index] != "]" or index == first):
        if named := re.match(r"\[:(\w*):\]", glob[index:]):
            if named[1] not in _CLASSES:
                return index, None
            content, previous = content + _CLASSES[named[1]], ""
            index += len(named[0])
            continue
        ranged = glob[index] == "-" and previous != "" and glob[index + 1 : index + 2] not in ("", "]")
        index += ranged
        if glob[index] == "\\":
            index += 1
        char = glob[index : index + 1]
        if not ranged:
            content += re.escape(char)
        elif previous <= char:  # a range that runs backwards holds nothing
            content += f"{re.escape(previous)}-{re.escape(char)}"
        previous = "" if ranged else char
        index += 1
    return index, f"(?!/)[{'^' if negated else ''}{content}]" if index < len(glob) else None
