"""What is wrong with a policy, in words for the person who wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from pydantic import ValidationError

from counterseal.guarantees import Guarantee
from counterseal.policy.checks import Contradiction, Location, suggestion
from counterseal.policy.model import Level, Policy, Role, RuleSetting
from counterseal.policy.owes import Owes
from counterseal.policy.positions import line_of
from counterseal.policy.resources import Resource
from counterseal.policy.routes import RouteRule
from counterseal.policy.thresholds import Thresholds
from counterseal.policy.values import Section, quoted


@dataclass(frozen=True, slots=True)
class PolicyProblem:
    """One thing that is wrong with a policy."""

    where: str
    """The file, as the user named it or relative to the root."""
    line: int
    """Counted from 1; 0 when it is about the whole file."""
    message: str
    """What is wrong; it begins with the key path when there is one."""
    hint: str
    """What to do; may be empty."""

    def __str__(self) -> str:
        place = f"{self.where}:{self.line}" if self.line else self.where
        return f"{place}: {self.message}" + (f"; {self.hint}" if self.hint else "")


class PolicyError(Exception):
    """A policy that cannot be used, with everything that is wrong with it."""

    def __init__(self, problems: Iterable[PolicyProblem]) -> None:
        self.problems = sorted(problems, key=lambda problem: (problem.where, problem.line, problem.message))
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True)
class Document:
    """The file that a policy stands in, for saying where something is."""

    where: str
    section: tuple[str, ...] = ()
    """Key path of the policy inside of the file: ``("tool", "counterseal")`` in `pyproject.toml`."""
    lines: Mapping[Location, int] | None = None

    def line(self, loc: Location = ()) -> int:
        """The line of a key path of the policy; 0 when it is not known."""
        return line_of(self.lines or {}, (*self.section, *loc))

    def problem(self, loc: Location, message: str, hint: str) -> PolicyProblem:
        """A problem at a key path of the policy."""
        key = _shown_key((*self.section, *loc))
        return PolicyProblem(self.where, self.line(loc), f"{key}: {message}" if key else message, hint)


def problems_of(error: ValidationError, document: Document) -> list[PolicyProblem]:
    """The problems behind a validation error of `Policy`."""
    found = []
    for item in error.errors(include_url=False):
        loc = tuple(part for part in item["loc"] if part != "[key]")
        message, hint = _described(item["type"], loc, item["msg"], item.get("input"), item.get("ctx") or {})
        found.append(document.problem(loc, message, hint))
    return found


def problem_of(item: Contradiction, document: Document) -> PolicyProblem:
    """The problem behind a contradiction."""
    return document.problem(item.loc, item.message, item.hint)


def _shown_key(loc: Location) -> str:
    shown = ""
    for part in loc:
        if isinstance(part, int):
            shown += f"[{part}]"
        else:
            key = part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else quoted(part)
            shown += f".{key}" if shown else key
    return shown


_TABLES: Mapping[str, tuple[int, type[Section]]] = {
    "roles": (2, Role),
    "routes": (2, RouteRule),
    "resources": (2, Resource),
    "rules": (2, RuleSetting),
    "owes": (1, Owes),
    "thresholds": (1, Thresholds),
}
"""How deep below each section its keys stand, and the table that they belong to."""


def _known_keys(loc: Location) -> Sequence[str]:
    """The keys that the table holding this key may have."""
    depth, table = _TABLES.get(str(loc[0]), (0, Policy)) if len(loc) > 1 else (0, Policy)
    return tuple(table.model_fields) if len(loc) == depth + 1 else ()


_TYPES: Mapping[str, tuple[str, str]] = {
    "string_type": ("must be a string", 'write it in quotes: "…"'),
    "bool_type": ("must be true or false", "write it without quotes"),
    "int_type": ("must be a whole number", "write it without quotes and without a point"),
    "tuple_type": ("must be a list", "write […]; a list of tables is written [[name]]"),
    "dict_type": ("must be a table", "write [name] or { key = … }"),
    "model_type": ("must be a table", "write { key = … }"),
}
_LENGTHS: Mapping[str, tuple[str, str]] = {
    "string_too_short": ("is empty", "say it in a few words, or leave the key out"),
    "string_too_long": ("is too long", "shorten it"),
    "string_pattern_mismatch": ("is not written as it must be", "use lower-case letters, digits and '-'"),
    "greater_than_equal": ("is too small", "the least is {ge}"),
    "less_than_equal": ("is too large", "the most is {le}"),
}


def _described(kind: str, loc: Location, text: str, value: object, context: Mapping[str, Any]) -> tuple[str, str]:
    """The message and the hint for one error of pydantic. Values are shown only where they are names."""
    key = str(loc[-1]) if loc else ""
    if "hint" in context:
        return text, str(context["hint"])
    if kind == "extra_forbidden":
        return "unknown key", suggestion(key, _known_keys(loc))
    if kind == "missing":
        return "is missing", _MISSING.get(key, "add it")
    if kind == "enum":
        known = Level if key == "severity" else Guarantee
        shown = quoted(value) if isinstance(value, str) else _type_name(value)
        return f"{shown} is not known", suggestion(value if isinstance(value, str) else "", [item.value for item in known])
    if kind in _TYPES:
        message, hint = _TYPES[kind]
        return f"{message}, not {_type_name(value)}", _PUBLIC_HINT if key in ("public", "public_read") else hint
    if kind in _LENGTHS:
        message, hint = _LENGTHS[kind]
        return message, _PUBLIC_HINT if key in ("public", "public_read") else hint.format(**context)
    return text, ""


_PUBLIC_HINT = 'say why anyone may: "The catalogue is for everyone"'
_MISSING: Mapping[str, str] = {
    "match": 'say which routes: match = "POST /invoices/*"',
    "model": 'name the model class: model = "Invoice"',
    "owner": 'name the field that says whose it is: owner = "user_id"',
    "name": 'name the role: name = "admin"',
}


def _type_name(value: object) -> str:
    names: Sequence[tuple[type | tuple[type, ...], str]] = (
        (bool, "a boolean"),
        (str, "a string"),
        (int, "a whole number"),
        (float, "a number"),
        (list, "a list"),
        (dict, "a table"),
        ((date, datetime, time), "a date or time"),
    )
    return next((name for kind, name in names if isinstance(value, kind)), "this")
