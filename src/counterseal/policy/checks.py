"""What the parts of a policy must not say about each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeVar

from pydantic import ValidationError

from counterseal.policy import sensitive
from counterseal.policy.resources import Resource
from counterseal.policy.routes import CALLER, RouteRule
from counterseal.policy.values import quoted

Location = tuple[str | int, ...]
_K = TypeVar("_K")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Something wrong between two parts of a policy, at a key path."""

    loc: Location
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that refer to each other. ``roles`` is ``None`` when the section is broken: then nothing is said about it."""

    roles: tuple[str, ...] | None
    routes: Mapping[int, RouteRule]
    resources: Mapping[str, Resource]
    sensitive_fields: tuple[str, ...]
    not_sensitive: tuple[str, ...]

    @classmethod
    def of_table(cls, table: Mapping[str, object]) -> Parts:
        """The parts of a policy that can be used although others are malformed."""
        routes, resources = table.get("routes"), table.get("resources")
        return cls(
            roles=_role_names(table.get("roles", [])),
            routes=_usable(enumerate(routes), RouteRule.model_validate) if isinstance(routes, list) else {},
            resources=_usable(resources.items(), Resource.model_validate) if isinstance(resources, dict) else {},
            sensitive_fields=_strings(table.get("sensitive_fields")),
            not_sensitive=_strings(table.get("not_sensitive")),
        )


def _usable(items: Iterable[tuple[_K, object]], read: Callable[[object], _T]) -> dict[_K, _T]:
    found: dict[_K, _T] = {}
    for key, value in items:
        try:
            found[key] = read(value)
        except ValidationError:
            continue  # reported by whoever validated the whole
    return found


def _strings(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _role_names(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list):
        return None
    names = [item.get("name") if isinstance(item, dict) else item for item in value]
    return tuple(name.strip() for name in names if isinstance(name, str))


def suggestion(word: str, known: Iterable[str]) -> str:
    """``did you mean 'x'?`` when something similar is known, else the list of what is known."""
    choices = sorted(set(known))
    close = get_close_matches(word.lower(), choices, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return "known: " + ", ".join(choices) if choices else ""


def contradictions(parts: Parts) -> list[Contradiction]:
    """Everything that the parts say wrongly about each other."""
    return [
        *_roles(parts),
        *_unknown_roles(parts),
        *(found for index, rule in parts.routes.items() for found in _within_rule(index, rule)),
        *_duplicate_rules(parts.routes),
        *_duplicate_models(parts.resources),
        *_sensitive(parts),
    ]


def _roles(parts: Parts) -> Iterator[Contradiction]:
    names = parts.roles or ()
    for index, name in enumerate(names):
        if name in names[:index]:
            yield Contradiction(
                ("roles", index), f"role {quoted(name)} is declared twice", "remove one: the order of roles is their rank"
            )


def _unknown_roles(parts: Parts) -> Iterator[Contradiction]:
    if parts.roles is None:
        return
    named: list[tuple[Location, str]] = [(("routes", i, "role"), rule.role) for i, rule in parts.routes.items() if rule.role]
    named += [(("resources", key, "also", i), role) for key, item in parts.resources.items() for i, role in enumerate(item.also)]
    for loc, role in named:
        if role not in parts.roles:
            hint = suggestion(role, parts.roles) if parts.roles else 'declare it, lowest role first: roles = ["user", "admin"]'
            yield Contradiction(loc, f"role {quoted(role)} is not declared in 'roles'", hint)


def _within_rule(index: int, rule: RouteRule) -> Iterator[Contradiction]:
    loc: Location = ("routes", index)
    if not rule.says_something:
        yield Contradiction(
            loc, "the rule says nothing about its routes", 'add what you know: public = "reason", role, limit, requires'
        )
    if rule.public and rule.demands & CALLER:
        asked = ", ".join(sorted(rule.demands & CALLER))
        yield Contradiction(
            (*loc, "public"), f"the rule is public and asks for a known caller ({asked})", "remove one of the two"
        )
    for guarantee in sorted(rule.demands & rule.not_required.keys()):
        yield Contradiction(
            (*loc, "not_required", guarantee.value),
            f"the rule both asks for {guarantee.value!r} and excuses it",
            "remove one of the two",
        )


def _duplicate_rules(rules: Mapping[int, RouteRule]) -> Iterator[Contradiction]:
    seen: dict[tuple[tuple[str, ...], bool], list[int]] = {}
    for index, rule in rules.items():
        earlier = seen.setdefault((rule.pattern.segments, rule.pattern.rooted), [])
        for other in earlier:
            shared = rule.pattern.conflicts_with(rules[other].pattern)
            if shared:
                about = "the same routes" if shared == {"*"} else f"{', '.join(sorted(shared))} of the same routes"
                message = f"{quoted(rule.match)} and {quoted(rules[other].match)} (routes[{other}]) are about {about}"
                yield Contradiction(("routes", index, "match"), message, "join the two rules, or give each its own methods")
                break
        earlier.append(index)


def _duplicate_models(resources: Mapping[str, Resource]) -> Iterator[Contradiction]:
    seen: dict[str, str] = {}
    for key, item in resources.items():
        if item.model in seen:
            message = f"{quoted(key)} and {quoted(seen[item.model])} both describe the model {item.model}"
            yield Contradiction(
                ("resources", key, "model"), message, "keep one, or give dotted names if they are different classes"
            )
        seen.setdefault(item.model, key)


def _sensitive(parts: Parts) -> Iterator[Contradiction]:
    added = {sensitive.normal(name) for name in parts.sensitive_fields}
    for index, name in enumerate(parts.not_sensitive):
        loc: Location = ("not_sensitive", index)
        if sensitive.normal(name) in added:
            yield Contradiction(loc, f"{quoted(name)} is also in sensitive_fields", "remove it from one of the two")
        elif sensitive.normal(name) not in sensitive.DEFAULTS:
            close = get_close_matches(sensitive.normal(name), sensitive.DEFAULTS, n=1)
            hint = f"did you mean {close[0]!r}?" if close else "remove it: it is not counted as sensitive anyway"
            yield Contradiction(loc, f"{quoted(name)} is not among the default sensitive fields", hint)
