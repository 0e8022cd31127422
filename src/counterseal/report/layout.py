"""Arrange routes in groups and cut the source lines that reports show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from counterseal.audit.result import RouteReport
from counterseal.report.clean import source_line

_LARGE = 30
"""A file with more routes than this is split by path prefix."""


@dataclass(frozen=True, slots=True)
class Group:
    """Routes that are shown together: those of one file, or those of one file under one path prefix."""

    file: str
    prefix: str
    """Common start of the paths; empty when the group is the whole file."""
    routes: tuple[RouteReport, ...]


def group_routes(routes: Iterable[RouteReport]) -> tuple[Group, ...]:
    """Group routes by file in the given order; split a large file by the first path segment in which its routes differ."""
    by_file: dict[str, list[RouteReport]] = {}
    for route in routes:
        by_file.setdefault(route.file, []).append(route)
    return tuple(group for file, members in by_file.items() for group in _split(file, members))


def _split(file: str, routes: list[RouteReport]) -> list[Group]:
    whole = [Group(file, "", tuple(routes))]
    if len(routes) <= _LARGE:
        return whole
    paths = [route.path.strip("/").split("/") for route in routes]
    depth = 0
    while all(len(path) > depth + 1 for path in paths) and len({path[depth] for path in paths}) == 1:
        depth += 1
    by_prefix: dict[str, list[RouteReport]] = {}
    for route, path in zip(routes, paths, strict=True):
        by_prefix.setdefault("/" + "/".join(path[: depth + 1]), []).append(route)
    if len(by_prefix) * 2 > len(routes):  # mostly singletons: headings would only be noise
        return whole
    return [Group(file, prefix, tuple(members)) for prefix, members in by_prefix.items()]


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line of source code, safe to show. ``marked``: the line that is meant, not just its surroundings."""

    number: int
    text: str
    marked: bool


def excerpt(
    snippets: Mapping[str, Mapping[int, str]], file: str, line: int, last: int = 0, *, context: int = 0, limit: int = 8
) -> tuple[SourceLine, ...]:
    """Return the kept source lines from ``line`` to ``last`` with ``context`` around them; at most ``limit`` are marked."""
    kept = snippets.get(file, {})
    end = min(max(line, last), line + limit - 1)
    numbers = (n for n in range(max(1, line - context), end + context + 1) if n in kept)
    return tuple(SourceLine(n, source_line(kept[n]), line <= n <= end) for n in numbers)


def place(file: str | None, line: int) -> str:
    """Return ``file:line``, or just the file when the line is 0, or nothing when there is no file."""
    if not file:
        return ""
    return f"{file}:{line}" if line > 0 else file
