"""The organisation's security model, as `counterseal.toml` states it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Self

from pydantic import Field, GetJsonSchemaHandler, StrictBool, StringConstraints, ValidationError, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError

from counterseal.guarantees import Guarantee
from counterseal.policy.checks import Parts, contradictions
from counterseal.policy.owes import ENTRY_KINDS, Kind, Owes
from counterseal.policy.resources import Resource
from counterseal.policy.routes import RouteRule, merge
from counterseal.policy.sensitive import DEFAULTS, normal
from counterseal.policy.thresholds import Thresholds
from counterseal.policy.values import Glob, Name, Network, Origin, PlainText, Reason, Section


class Role(Section):
    """A role that callers can have."""

    name: Name = Field(description="What the application calls it.", examples=["admin"])
    description: Name | None = Field(default=None, description="Who has it, in a few words.", examples=["Answers customers"])

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: object) -> object:
        return {"name": value} if isinstance(value, str) else value

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """A role is a name, or a table."""
        table = handler.resolve_ref_schema(handler(core))
        return {"anyOf": [{"type": "string", "minLength": 1, "description": "The role's name."}, table]}


class Level(StrEnum):
    """How bad a finding of a rule is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class RuleSetting(Section):
    """How one rule of the audit is used here."""

    enabled: StrictBool = Field(default=True, description="Whether the rule runs.", examples=[False])
    severity: Level | None = Field(default=None, description="Replaces the rule's own severity.", examples=["high"])
    reason: Reason | None = Field(default=None, description="Why the rule is off or weighs differently here.")


_RuleId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*([-_][a-z0-9]+)*$", max_length=100)]
_Key = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), PlainText]


class Policy(Section):
    """Who may do what, and what every route owes. All sections are optional."""

    roles: tuple[Role, ...] = Field(
        default=(),
        description="The roles of the application, lowest first: each may do what the ones before it may.",
        examples=[["user", "support", "admin"]],
    )
    resources: dict[_Key, Resource] = Field(default_factory=dict, description="Objects that belong to someone, by name.")
    routes: tuple[RouteRule, ...] = Field(default=(), description="Rules about routes. Their order does not matter.")
    origins: tuple[Origin, ...] = Field(
        default=(),
        description="Web origins whose pages may call with the user's identity (CORS). Source: ASVS v5.0.0-3.4.2.",
        examples=[["https://app.example.com"]],
    )
    sensitive_fields: tuple[Name, ...] = Field(
        default=(),
        description="Fields that must not leave the application, beside password, token, card_number and the like.",
        examples=[["salary", "diagnosis"]],
    )
    not_sensitive: tuple[Name, ...] = Field(
        default=(), description="Fields that the defaults count as sensitive and that are not, here.", examples=[["pin"]]
    )
    owes: Owes = Field(default_factory=Owes, description="Which guarantees each kind of route owes.")
    trusted_proxies: tuple[Network, ...] = Field(
        default=(),
        description="Networks whose X-Forwarded-For is believed. Empty: the connection's address counts. "
        "Source: ASVS v5.0.0-15.3.4.",
    )
    exclude: tuple[Glob, ...] = Field(
        default=(), description="Paths that the audit leaves out, as in .gitignore.", examples=[["migrations/", "scripts/**"]]
    )
    rules: dict[_RuleId, RuleSetting] = Field(default_factory=dict, description="Settings of single rules, by their id.")
    thresholds: Thresholds = Field(default_factory=Thresholds, description="Numbers that rules compare with.")

    @model_validator(mode="after")
    def _check_references(self) -> Self:
        found = contradictions(self._parts())
        if found:
            lines = [
                InitErrorDetails(
                    type=PydanticCustomError("policy_reference", "{message}", {"message": item.message, "hint": item.hint}),
                    loc=item.loc,
                    input=None,
                )
                for item in found
            ]
            raise ValidationError.from_exception_data(type(self).__name__, lines, hide_input=True)
        return self

    def _parts(self) -> Parts:
        return Parts(
            roles=tuple(role.name for role in self.roles),
            routes=dict(enumerate(self.routes)),
            resources=self.resources,
            sensitive_fields=self.sensitive_fields,
            not_sensitive=self.not_sensitive,
        )

    def role_rank(self, name: str) -> int:
        """The position of a role, 0 for the lowest.

        Raises:
            LookupError: when the policy declares no such role.
        """
        for rank, role in enumerate(self.roles):
            if role.name == name:
                return rank
        raise LookupError(f"the policy declares no role {name!r}")

    def owed(self, kind: Kind | str) -> frozenset[Guarantee]:
        """The guarantees that every route of this kind owes.

        Raises:
            ValueError: when there is no such kind.
        """
        return self.owes.of(Kind(kind))

    def route_rules(self, method: str, path: str) -> tuple[RouteRule, ...]:
        """The rules about a route, the most specific first. ``path`` is the route's template, not the path of a request."""
        matching = (rule for rule in self.routes if rule.pattern.matches(method, path))
        return tuple(sorted(matching, key=lambda rule: rule.pattern.specificity(method)))

    def route_rule(self, method: str, path: str) -> RouteRule:
        """What the rules say about a route together (see `routes.merge`); with no rule about it, a rule that says nothing."""
        return merge(self.route_rules(method, path))

    def required(self, method: str, path: str, kinds: Iterable[Kind]) -> frozenset[Guarantee]:
        """The guarantees that a route owes: by its kinds and the rules about it, less what the rules excuse.

        Who signs in, signs up or recovers an account has no identity yet. So on such a route a mere write owes neither
        ``authenticated`` nor ``authorized``, unless the route is privileged too or a rule asks for it.
        """
        given = frozenset(kinds)
        owed = frozenset[Guarantee]().union(*(self.owed(kind) for kind in given - {Kind.READ, Kind.WRITE}))
        plain = frozenset[Guarantee]().union(*(self.owed(kind) for kind in given & {Kind.READ, Kind.WRITE}))
        owed |= plain - {Guarantee.AUTHENTICATED, Guarantee.AUTHORIZED} if given & ENTRY_KINDS else plain
        rule = self.route_rule(method, path)
        return frozenset(owed | rule.demands) - rule.excuses.keys()

    def resource_for(self, model: str) -> tuple[str, Resource] | None:
        """The resource that describes a model class, given by its plain or dotted name, with its name in the policy."""
        fitting = [(name, item) for name, item in self.resources.items() if item.describes(model)]
        return max(fitting, key=lambda pair: (len(pair[1].model), pair[0]), default=None)

    @cached_property
    def sensitive(self) -> frozenset[str]:
        """The names of all sensitive fields, in snake case."""
        added = {normal(name) for name in self.sensitive_fields}
        return (DEFAULTS | added) - {normal(name) for name in self.not_sensitive}

    def is_sensitive(self, field: str) -> bool:
        """Whether a field of this name is sensitive, in whatever case it is written."""
        return normal(field) in self.sensitive

    def rule_setting(self, rule_id: str) -> RuleSetting:
        """The setting of a rule; the defaults when the policy does not name it."""
        return self.rules.get(rule_id, _UNSET)


_UNSET = RuleSetting()
