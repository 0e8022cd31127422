"""Regular expressions of URL patterns as paths that people read."""

from __future__ import annotations

import re

_GROUP_NAME = re.compile(r"\?P<(\w+)>")
_DIGITS = re.compile(r"\\d[+*]?(\{[\d,]+\})?|\[0-9\][+*]?(\{[\d,]+\})?")


def regex_path(pattern: str) -> str:
    """``^users/(?P<pk>[0-9]+)/$`` as ``users/<int:pk>/``."""
    out: list[str] = []
    i = 0
    while i < len(pattern):
        ch = pattern[i]
        if ch == "(":
            end = _closing(pattern, i)
            after = _past_quantifier(pattern, end + 1)
            optional = pattern.startswith("(?:", i) and pattern[end + 1 : after][:1] in ("?", "*")
            out.append("" if optional else _group(pattern[i + 1 : end]))
            i = after
        elif ch == "[":
            i = _past_quantifier(pattern, _past_set(pattern, i))
            out.append("<var>")
        elif ch == "\\" and i + 1 < len(pattern):
            follower = pattern[i + 1]
            out.append("" if follower in "AZbB" else "<var>" if follower in "dDwWsS" else follower)
            i = _past_quantifier(pattern, i + 2)
        else:
            out.append("" if ch in "^$?*+" else ch)
            i += 1
    return "".join(out)


def _closing(pattern: str, start: int) -> int:
    depth, i = 0, start
    while i < len(pattern):
        ch = pattern[i]
        if ch == "\\":
            i += 1
        elif ch == "[":
            i = _past_set(pattern, i) - 1
        elif ch == "(":
            depth += 1
        elif ch == ")":
            depth -= 1
            if depth == 0:
                return i
        i += 1
    return len(pattern) - 1


def _past_set(pattern: str, start: int) -> int:
    i = start + 1
    if pattern[i : i + 1] == "^":
        i += 1
    if pattern[i : i + 1] == "]":
        i += 1
    while i < len(pattern) and pattern[i] != "]":
        i += 2 if pattern[i] == "\\" else 1
    return i + 1


def _past_quantifier(pattern: str, i: int) -> int:
    if pattern[i : i + 1] == "{":
        i = pattern.find("}", i) + 1 or len(pattern)
    while pattern[i : i + 1] in ("?", "*", "+") and i < len(pattern):
        i += 1
    return i


def _group(inside: str) -> str:
    named = _GROUP_NAME.match(inside)
    if named:
        body = inside[named.end() :]
        return f"<int:{named.group(1)}>" if _DIGITS.fullmatch(body) else f"<{named.group(1)}>"
    if inside.startswith("?:"):
        return regex_path(inside[2:].partition("|")[0])
    return "" if inside.startswith("?") else "<var>"
