"""The organisation's security model: load, check and explain `counterseal.toml`.

Needs pydantic, which the run-time core does not: import this package only where the model is used.
"""

from __future__ import annotations

from counterseal.policy.explain import explain
from counterseal.policy.load import LoadedPolicy, load_policy
from counterseal.policy.model import Level, Policy, Role, RuleSetting
from counterseal.policy.owes import Kind, Owes
from counterseal.policy.problems import PolicyError, PolicyProblem
from counterseal.policy.resources import Resource
from counterseal.policy.routes import RouteRule
from counterseal.policy.schema import schema
from counterseal.policy.thresholds import Thresholds
from counterseal.policy.values import Limit, parse_limits

__all__ = [
    "Kind",
    "Level",
    "Limit",
    "LoadedPolicy",
    "Owes",
    "Policy",
    "PolicyError",
    "PolicyProblem",
    "Resource",
    "Role",
    "RouteRule",
    "RuleSetting",
    "Thresholds",
    "explain",
    "load_policy",
    "parse_limits",
    "schema",
]
