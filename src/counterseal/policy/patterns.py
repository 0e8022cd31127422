"""Route patterns: what they match, and which of two is the more specific.

A pattern is ``"[METHODS ]PATH"``. ``METHODS`` is one method or several joined by ``|``; without it the pattern is about every
method. In ``PATH``, ``*`` stands for one segment, ``**`` for any number of segments (also none), and ``*`` inside a segment for
one or more characters. A path parameter (``{id}``, ``<int:id>``, ``:id``) is the same as ``*``; one that spans segments
(``{rest:path}``, ``<path:rest>``) is the same as ``**``. A trailing slash makes no difference.

Patterns are compared with route templates, as frameworks register them, never with the path of a request.
A literal segment does not match a parameter: ``/users/me`` says nothing about ``/users/{id}``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

ONE = "*"
MANY = "**"

HTTP_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
OPERATIONS = frozenset({"QUERY", "MUTATION", "SUBSCRIPTION", "ACTION"})
"""Entry points that have a name instead of a path: GraphQL fields and server actions (``QUERY`` is also an HTTP method)."""
METHODS = HTTP_METHODS | OPERATIONS | {"WS"}
_ALIASES = {"WEBSOCKET": "WS"}

MAX_LENGTH = 2000
"""Longest pattern in characters; a longer one is a mistake."""

_PARAMETER = re.compile(r"<[^<>]*>|\{(?:[^{}]|\{[^{}]*\})*\}")
_SPANS_SEGMENTS = re.compile(r"<path:[^<>]*>|\{[^{}:]*:path\}")
_COLON_PARAMETER = re.compile(r":[A-Za-z_]\w*\??")
_ONE_MARK, _MANY_MARK = "\0", "\1"
"""What parameters become while a path is split: their own text may contain slashes, and ``{a}{b}`` must not become ``**``.
A policy cannot contain them: it is plain text."""
_ADJACENT = re.compile(r"[\0*]+")
_NOT_IN_SEGMENT = re.compile(r"[\s?#\[\]{}<>\\|]")


class PatternError(ValueError):
    """A pattern that means nothing, with what to write instead."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class RoutePattern:
    """A parsed pattern. ``methods`` is empty when the pattern is about every method."""

    methods: frozenset[str]
    segments: tuple[str, ...]
    """In canonical form: parameters are ``*`` or ``**``, and a ``**`` stands before the ``*`` that it touches."""
    rooted: bool
    """Whether it is a path; names of operations (``MUTATION createUser``) are not."""

    def matches(self, method: str, path: str) -> bool:
        """Whether the pattern is about this route. ``path`` is a route template; a rule about ``GET`` is also about ``HEAD``."""
        return self._takes_method(method.upper()) and self._takes_path(path)

    def _takes_method(self, method: str) -> bool:
        method = _ALIASES.get(method, method)
        return not self.methods or method in self.methods or (method == "HEAD" and "GET" in self.methods)

    def _takes_path(self, path: str) -> bool:
        if path.startswith("/") != self.rooted and self.segments != (MANY,):
            return False
        return _match(self.segments, _canonical(split_path(path)))

    def specificity(self, method: str = "") -> tuple[object, ...]:
        """Sort key: the more specific of two patterns that match the same route has the smaller key.

        In this order: the longer run of literal segments at the start; more literal segments (a partial one like ``*.json``
        counts half); more segments; fewer ``**``; more literal characters; the literal that comes earlier; methods named
        before not named, and fewer of them (for ``HEAD``, a rule that names it before one that names ``GET``). The text decides
        what is left, so the order of the rules never matters. A pattern that matches only a part of what another matches is
        always the more specific.
        """
        kinds = [_kind(segment) for segment in self.segments]
        prefix = next((index for index, kind in enumerate(kinds) if kind != _LITERAL), len(kinds))
        weight = 2 * kinds.count(_LITERAL) + kinds.count(_PARTIAL)
        fixed = len(kinds) - kinds.count(_MANY)
        characters = sum(len(segment.replace(ONE, "")) for segment in self.segments)
        named = len(self.methods) or 2 * len(METHODS) + 1
        if method.upper() == "HEAD" and self.methods and "HEAD" not in self.methods:
            named += len(METHODS)
        text = (self.segments, sorted(self.methods))
        return (-prefix, -weight, -fixed, kinds.count(_MANY), -characters, tuple(kinds), named, text)

    def conflicts_with(self, other: RoutePattern) -> frozenset[str]:
        """The methods for which neither of two patterns about the same paths is the more specific; ``{"*"}``: every method."""
        if (self.segments, self.rooted) != (other.segments, other.rooted) or len(self.methods) != len(other.methods):
            return frozenset()
        return self.methods & other.methods if self.methods else frozenset({"*"})


_LITERAL, _PARTIAL, _ONE, _MANY = range(4)


def _kind(segment: str) -> int:
    if segment == MANY:
        return _MANY
    if segment == ONE:
        return _ONE
    return _PARTIAL if ONE in segment else _LITERAL


def split_path(path: str) -> tuple[str, ...]:
    """The segments of a route template, with every parameter written as ``*`` or ``**``."""
    marked = _PARAMETER.sub(_ONE_MARK, _SPANS_SEGMENTS.sub(_MANY_MARK, path))
    return tuple(_segment(part) for part in marked.split("/") if part)


def _segment(part: str) -> str:
    if part == _MANY_MARK:
        return MANY
    if _COLON_PARAMETER.fullmatch(part):
        return ONE
    if _MANY_MARK in part:
        return part.replace(_MANY_MARK, MANY).replace(_ONE_MARK, ONE)
    return _ADJACENT.sub(ONE, part) if _ONE_MARK in part else part


def _match(pattern: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Glob match of segments: greedy, and going back only to the last ``**`` (never exponential)."""
    at, here = 0, 0
    retry: tuple[int, int] | None = None
    while here < len(path):
        if at < len(pattern) and pattern[at] == MANY:
            retry = (at, here)
            at += 1
        elif at < len(pattern) and _match_segment(pattern[at], path[here]):
            at, here = at + 1, here + 1
        elif retry is not None:
            at, here = retry[0] + 1, retry[1] + 1
            retry = (retry[0], here)
        else:
            return False
    return all(segment == MANY for segment in pattern[at:])


def _match_segment(pattern: str, segment: str) -> bool:
    if pattern == segment:
        return True
    if MANY in segment:
        return False  # a parameter that spans segments is more than one segment can promise
    return ONE in pattern and _segment_regex(pattern).fullmatch(segment) is not None


@cache
def _segment_regex(pattern: str) -> re.Pattern[str]:
    return re.compile(".+".join(re.escape(part) for part in pattern.split(ONE)), re.DOTALL)


def parse_pattern(text: str) -> RoutePattern:
    """Read a pattern.

    Raises:
        PatternError: when it is malformed, with a hint at what to write.
    """
    text = text.strip()
    if len(text) > MAX_LENGTH:
        raise PatternError(f"the pattern is longer than {MAX_LENGTH} characters", "write one rule per route")
    words = text.split(None, 1)
    if len(words) == 2 and not words[0].startswith(("/", "{", "<")):
        methods, path = _methods(words[0]), words[1]
    else:
        methods, path = frozenset[str](), text
    rooted = path.startswith("/")
    if not rooted and not (methods and methods <= OPERATIONS):
        raise _not_a_path(path)
    return RoutePattern(methods, _canonical(_segments(path)), rooted)


def _not_a_path(path: str) -> PatternError:
    if "://" in path:
        return PatternError("the pattern is a URL", "leave out scheme and host: the path starts with '/'")
    if _ALIASES.get(path.upper(), path.upper()) in METHODS:
        return PatternError("the pattern has a method and no path", f'write "{path.upper()} /**" for every route with it')
    return PatternError("the path does not start with '/'", f'write "/{path}"' if len(path) < 80 else "put a '/' before it")


def _methods(text: str) -> frozenset[str]:
    names = [_ALIASES.get(name.upper(), name.upper()) for name in text.split("|")]
    for name in names:
        if name not in METHODS:
            shown = f"{name!r} is not a method" if name else "a method is missing beside '|'"
            raise PatternError(shown, 'write for example "GET|POST /path"; known: ' + ", ".join(sorted(METHODS)))
    return frozenset(names)


def _segments(path: str) -> tuple[str, ...]:
    if "//" in path:
        raise PatternError("the path has an empty segment ('//')", "write one '/'")
    segments = split_path(path)
    for segment in segments:
        if segment in (".", ".."):
            raise PatternError(f"the path has a segment {segment!r}", "write the path as the framework registers it")
        if MANY in segment and segment != MANY:
            raise PatternError("'**' must be a whole segment", "write '/**/' for many segments or '*' inside of one")
        wrong = _NOT_IN_SEGMENT.search(segment)
        if wrong is not None:
            raise PatternError(f"the path contains {wrong.group()!r}", _hint_for(wrong.group()))
    return segments


def _hint_for(character: str) -> str:
    if character in "{}<>":
        return "a parameter is written {name} or <type:name>"
    if character in "?#":
        return "patterns match paths: leave out the query string"
    if character.isspace():
        return 'only one blank is allowed, between methods and path: "GET|POST /path"'
    return "the wildcards are '*' (one segment) and '**' (many segments)"


def _canonical(segments: tuple[str, ...]) -> tuple[str, ...]:
    """Bring ``*/**``, ``**/*`` and ``**/**`` into one form, so that what means the same is the same."""
    result: list[str] = []
    for segment in segments:
        if segment != MANY:
            result.append(segment)
            continue
        at = len(result)
        while at and result[at - 1] == ONE:
            at -= 1
        if not at or result[at - 1] != MANY:
            result.insert(at, MANY)
    return tuple(result)
