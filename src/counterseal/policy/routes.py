"""Rules about routes, and how the rules that match one route become one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated

from pydantic import AfterValidator, Field, StrictBool, WithJsonSchema

from counterseal.guarantees import Guarantee
from counterseal.policy.patterns import RoutePattern, parse_pattern
from counterseal.policy.values import Limit, LimitText, Name, Pattern, Reason, Section, parse_limits, refuse

CALLER = frozenset({Guarantee.AUTHENTICATED, Guarantee.AUTHORIZED, Guarantee.OWNED})
"""The guarantees that need to know who is calling: a public route cannot give them."""


def _only_true(value: bool) -> bool:
    if not value:
        refuse("audited = false says nothing", 'leave it out; to excuse a route write not_required = { audited = "reason" }')
    return value


_Asked = Annotated[StrictBool, AfterValidator(_only_true), WithJsonSchema({"const": True})]


class RouteRule(Section):
    """What the security model says about the routes that match a pattern."""

    match: Pattern = Field(
        description="'[METHODS ]PATH'. '*' is one segment, '**' any number; '{id}' and '<int:id>' are the same as '*'. "
        "Several methods are joined by '|'. The most specific rule that says something wins.",
        examples=["POST /auth/login", "/admin/**", "GET|HEAD /articles/{id}"],
    )
    public: Reason | None = Field(
        default=None,
        description="Anyone may call it, for this reason. It excuses 'authenticated', 'authorized' and 'owned'.",
        examples=["The catalogue is for everyone"],
    )
    role: Name | None = Field(default=None, description="The lowest role that may call it.", examples=["admin"])
    permission: Name | None = Field(default=None, description="The permission that it takes.", examples=["invoices:write"])
    limit: LimitText | None = Field(
        default=None,
        description="How often one caller may call it: 'count/unit', several joined by ';'.",
        examples=["5/minute", "10/minute; 100/day"],
    )
    audited: _Asked | None = Field(default=None, description="Each call must be on record. Only 'true' can be said.")
    sensitive: StrictBool | None = Field(
        default=None, description="It handles data whose loss hurts: findings about it count for more.", examples=[True]
    )
    requires: tuple[Guarantee, ...] = Field(
        default=(), description="Further guarantees that it owes, whatever its kind.", examples=[["authenticated", "owned"]]
    )
    not_required: dict[Guarantee, Reason] = Field(
        default_factory=dict,
        description="Guarantees that it does not owe, each with the reason.",
        examples=[{"owned": "Everyone in the company shares these"}],
    )

    @cached_property
    def pattern(self) -> RoutePattern:
        """The parsed ``match``."""
        return parse_pattern(self.match)

    @property
    def says_something(self) -> bool:
        """Whether the rule states anything about its routes."""
        return bool(self.demands or self.excuses) or self.sensitive is not None

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The parsed ``limit``."""
        return parse_limits(self.limit) if self.limit else ()

    @property
    def demands(self) -> frozenset[Guarantee]:
        """The guarantees that the rule asks for."""
        asked = set(self.requires)
        if self.role or self.permission:
            asked |= {Guarantee.AUTHENTICATED, Guarantee.AUTHORIZED}
        if self.limit:
            asked.add(Guarantee.LIMITED)
        if self.audited:
            asked.add(Guarantee.AUDITED)
        return frozenset(asked)

    @property
    def excuses(self) -> Mapping[Guarantee, str]:
        """The guarantees that the rule excuses its routes from, with the reasons."""
        public = dict.fromkeys(sorted(CALLER), f"public: {self.public}") if self.public else {}
        return {**public, **self.not_required}


def merge(rules: Sequence[RouteRule]) -> RouteRule:
    """One rule that says what all of them say together. ``rules``: the most specific first.

    For each thing said, the most specific rule that speaks of it wins. What a more specific rule demands, a less specific one
    cannot excuse, and the other way round. ``match`` is that of the most specific rule; with no rules it is ``/**`` and
    nothing is said.
    """
    said: dict[str, object] = {"match": rules[0].match if rules else "/**"}
    requires: dict[Guarantee, None] = {}
    not_required: dict[Guarantee, str] = {}
    for rule in reversed(rules):
        _withdraw(rule, said, requires, not_required)
        for field in ("public", "role", "permission", "limit", "audited", "sensitive"):
            if getattr(rule, field) is not None:
                said[field] = getattr(rule, field)
        requires |= dict.fromkeys(rule.requires)
        not_required |= rule.not_required
    return RouteRule.model_validate({**said, "requires": tuple(requires), "not_required": not_required})


_SAID_BY: Mapping[Guarantee, tuple[str, ...]] = {
    Guarantee.AUTHENTICATED: ("role", "permission"),
    Guarantee.AUTHORIZED: ("role", "permission"),
    Guarantee.LIMITED: ("limit",),
    Guarantee.AUDITED: ("audited",),
}


def _withdraw(
    rule: RouteRule, said: dict[str, object], requires: dict[Guarantee, None], not_required: dict[Guarantee, str]
) -> None:
    """Take back what less specific rules said and this rule contradicts."""
    if rule.demands & CALLER:
        said.pop("public", None)
    for guarantee in rule.demands:
        not_required.pop(guarantee, None)
    for guarantee in rule.excuses:
        requires.pop(guarantee, None)
        for field in _SAID_BY.get(guarantee, ()):
            said.pop(field, None)
