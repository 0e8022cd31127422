"""A policy in words."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from counterseal.guarantees import Guarantee
from counterseal.policy.model import Policy, Role, RuleSetting
from counterseal.policy.owes import Kind, Owes
from counterseal.policy.resources import Resource
from counterseal.policy.routes import RouteRule
from counterseal.policy.sensitive import DEFAULTS, normal
from counterseal.policy.thresholds import Thresholds

_KINDS = {
    Kind.READ: "a route that reads",
    Kind.WRITE: "a route that writes",
    Kind.OBJECT: "a route on an object that the client chooses",
    Kind.SIGN_IN: "a sign-in",
    Kind.SIGN_UP: "a sign-up",
    Kind.RESET: "an account recovery",
    Kind.ONE_TIME_CODE: "a one-time code",
    Kind.COSTLY: "costly work",
    Kind.PRIVILEGED: "a route for some roles only",
}


def explain(policy: Policy) -> str:
    """What the policy says, section by section, with what follows from each. Ends with a line break."""
    sections = (
        ("Roles", _roles(policy.roles)),
        ("Resources", _resources(policy)),
        ("Routes", _routes(policy)),
        ("What each kind of route owes", _owes(policy.owes)),
        ("Sensitive fields", _sensitive(policy)),
        ("Origins", _origins(policy)),
        ("Trusted proxies", _proxies(policy)),
        ("Left out of the audit", _excluded(policy)),
        ("Rules", _rules(policy)),
        ("Thresholds", _thresholds(policy.thresholds)),
    )
    return "\n".join(f"{title}\n" + "".join(f"  {line}\n" for line in lines) for title, lines in sections)


def _words(items: Collection[str]) -> str:
    *first, last = items
    return f"{', '.join(first)} and {last}" if first else last


def _promises(guarantees: Collection[Guarantee]) -> str:
    return _words([item.value for item in Guarantee if item in guarantees])


def _roles(roles: Collection[Role]) -> Iterator[str]:
    if not roles:
        yield "None declared: no route rule can ask for a role."
        return
    yield "Lowest first; each may do what the ones before it may:"
    for rank, role in enumerate(roles, 1):
        yield f"{rank}. {role.name}" + (f": {role.description}" if role.description else "")


def _resources(policy: Policy) -> Iterator[str]:
    if not policy.resources:
        yield "None declared: the audit guesses from the code whose an object is."
    for name, item in policy.resources.items():
        yield from _resource(name, item)


def _resource(name: str, item: Resource) -> Iterator[str]:
    yield f"{name} ({item.model}): belongs to the caller whose '{item.principal}' equals its '{item.owner}'."
    if item.also:
        yield f"  Also {_words(item.also)} may touch it, whoever owns it."
    if item.public_read:
        yield f"  Anyone may read it: {item.public_read}"


def _routes(policy: Policy) -> Iterator[str]:
    if not policy.routes:
        yield "No rules: each route owes what its kind owes."
        return
    yield "The most specific rule wins, for each thing that is said:"
    for rule in sorted(policy.routes, key=lambda rule: rule.pattern.specificity()):
        yield f"{rule.match}: {'; '.join(_rule(rule))}."


def _rule(rule: RouteRule) -> Iterator[str]:
    if rule.public:
        yield f"public ({rule.public})"
    if rule.role:
        yield f"role {rule.role} or higher"
    if rule.permission:
        yield f"permission {rule.permission}"
    if rule.limit:
        yield f"at most {rule.limit}"
    if rule.audited:
        yield "each call on record"
    if rule.sensitive is not None:
        yield "sensitive" if rule.sensitive else "not sensitive"
    if rule.requires:
        yield f"must be {_promises(rule.requires)}"
    for guarantee, reason in rule.not_required.items():
        yield f"need not be {guarantee.value} ({reason})"


def _owes(owes: Owes) -> Iterator[str]:
    defaults = Owes()
    for kind in Kind:
        owed = owes.of(kind)
        changed = "" if owed == defaults.of(kind) else " (changed here)"
        yield f"{_KINDS[kind]}: {_promises(owed) if owed else 'nothing by itself'}{changed}"
    if Guarantee.AUDITED not in owes.of(Kind.PRIVILEGED):
        yield 'No audit trail is asked for; to ask for it, add "audited" to owes.privileged.'


def _sensitive(policy: Policy) -> Iterator[str]:
    removed = sorted({normal(name) for name in policy.not_sensitive})
    yield f"The {len(DEFAULTS) - len(removed)} default names, from password to card_number."
    if policy.sensitive_fields:
        yield f"Added here: {_words(sorted(policy.sensitive_fields))}."
    if removed:
        yield f"Not counted here: {_words(removed)}."


def _origins(policy: Policy) -> Iterator[str]:
    if policy.origins:
        yield f"Pages of {_words(policy.origins)} may call with the user's identity."
    else:
        yield "None: no page of another origin may call with the user's identity."


def _proxies(policy: Policy) -> Iterator[str]:
    if policy.trusted_proxies:
        yield f"X-Forwarded-For is believed from {_words([str(network) for network in policy.trusted_proxies])}."
    else:
        yield "None: the address of the connection is the client's address."


def _excluded(policy: Policy) -> Iterator[str]:
    if not policy.exclude:
        yield "Nothing."
    yield from policy.exclude


def _rules(policy: Policy) -> Iterator[str]:
    if not policy.rules:
        yield "All as they are."
    for rule_id, setting in sorted(policy.rules.items()):
        yield f"{rule_id}: {_setting(setting)}"


def _setting(setting: RuleSetting) -> str:
    said = "off" if not setting.enabled else "on"
    if setting.severity is not None:
        said += f", severity {setting.severity.value}"
    if setting.reason:
        return f"{said} ({setting.reason})"
    return said if setting.enabled else f"{said} (no reason given)"


def _thresholds(thresholds: Thresholds) -> Iterator[str]:
    defaults = Thresholds()
    for name in Thresholds.model_fields:
        value, usual = getattr(thresholds, name), getattr(defaults, name)
        yield f"{name} = {value:,}".replace(",", "_") + ("" if value == usual else f" (default {usual})")
