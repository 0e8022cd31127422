"""Surface -> a proposed `counterseal.toml`: what the code shows about who may do what, each guess marked for a person to confirm.

Who may do what is the organisation's to say. So nothing here is a statement: a proposal is a list of questions in the form of
the answer, and a guess that the policy would refuse (a wildcard origin, a path that is no pattern) is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pydantic import ValidationError

from counterseal.audit.engine import CONFIRM as MARK
from counterseal.audit.result import RouteKind
from counterseal.audit.surface.model import DataModel, Route, Surface
from counterseal.audit.surface.values import Value
from counterseal.audit.surface.vocabulary import snake
from counterseal.guarantees import Guarantee
from counterseal.policy import Policy

_ENTRY = {
    "sign_in": "This is where people sign in",
    "sign_up": "Anyone may create an account",
    "reset": "Who lost access has no identity yet",
}
_WELCOME = re.compile(r"/|.*/(?:health[\w-]*|ready|readyz|readiness|live|livez|liveness|ping|version|robots\.txt|favicon\.ico)/?")
"""Paths of what monitoring and browsers ask for, and of the front page."""
_ROLE_ENUM = re.compile(r"roles?$", re.IGNORECASE)
_NO_ROLE = re.compile(
    r"(?:user_?|account_?)?(?:roles?|types?|groups?|scopes?|permissions?|access_?levels?|ranks?)", re.IGNORECASE
)
"""Names of attributes that hold a role, not of roles."""
_LOW = re.compile(r"guest|anonymous|visitor|viewer|reader|customer|client|patient|student|member|user", re.IGNORECASE)
_HIGH = re.compile(r"admin|superuser|root|owner", re.IGNORECASE)
_PERSONAL = re.compile(
    r"(?:^|_)(?:salary|wage|income|birth_?date|date_of_birth|dob|birthday|diagnosis|medical\w*|health_\w+|allerg\w+|religion|ethnicity|"
    r"sexual_\w+|home_address|phone(?:_number)?|mobile|passport\w*|driver_?licen[cs]e|license_number|balance|credit_limit)(?:$|_)",
    re.IGNORECASE,
)
_HEADER = """\
# The security model of this application, as its code suggests it: who may do what, and what every route owes.
# Nobody has confirmed it yet. Check every line that says CONFIRM, change it or remove it, and then remove the mark: as long as
# there are marks, the audit counts as incomplete.
# `counterseal policy check` says what the model means; the documentation has every key.
"""


def propose(surface: Surface, policy: Policy) -> str:
    """The text of a policy for the application. It can be loaded as it is. ``policy``: what counts as sensitive already."""
    roles = _roles(surface)
    sections = (_roles_text(roles), _origins(surface), _sensitive(surface, policy), _resources(surface), _routes(surface, roles))
    return "\n".join([_HEADER, *(text for text in sections if text)])


def _text(value: str) -> str:
    """A TOML basic string. Source: TOML 1.0.0, section String."""
    escaped = "".join(char if char.isprintable() and char not in '"\\' else _escape(char) for char in value)
    return f'"{escaped}"'


def _escape(char: str) -> str:
    code = ord(char)
    if char in '"\\':
        return f"\\{char}"
    if 0xD800 <= code <= 0xDFFF:  # half a character: TOML has no way to write it
        return "\\uFFFD"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def _accepted(**section: object) -> bool:
    """Whether a policy with just this section can be used."""
    try:
        Policy.model_validate(section)
    except ValidationError:
        return False
    return True


def _list(key: str, values: Iterable[str], why: str) -> str:
    items = [value for value in dict.fromkeys(values) if _accepted(**{key: [value]})]
    return f"{key} = [{', '.join(map(_text, items))}] {MARK}: {why}\n" if items else ""


# -- roles --------------------------------------------------------------------------------------------------------


def _roles(surface: Surface) -> list[str]:
    """Roles that the code compares with or lists: those that sound lowest first, those that sound mightiest last."""
    found: dict[str, None] = {}
    for model in _distinct(surface):
        if model.kind == "enum" and _ROLE_ENUM.search(model.name):
            for field in model.fields.values():
                value = field.default
                found[value.const if value is not None and isinstance(value.const, str) else field.name] = None
    for route in surface.routes:
        for event in route.flow.events:
            found.update(dict.fromkeys(sorted(fact.removeprefix("role:") for fact in event.facts if fact.startswith("role:"))))
    names = [name for name in found if not _NO_ROLE.fullmatch(name) and _accepted(roles=[name])]
    return sorted(names, key=lambda name: 2 if _HIGH.search(name) else 0 if _LOW.search(name) else 1)


def _roles_text(roles: list[str]) -> str:
    return _list("roles", roles, "these roles, lowest first? Each may do what the ones before it may")


# -- lists --------------------------------------------------------------------------------------------------------


def _origins(surface: Surface) -> str:
    found: list[str] = []
    for application in surface.applications:
        for _, options, _ in application.middleware:
            for name in ("allow_origins", "origins", "cors_allowed_origins"):
                found += _strings(options.get(name))
    for call in surface.calls("cors"):
        for name in ("allow_origins", "origins"):
            found += _strings(call.kwargs.get(name) or call.roles.get(name))
    return _list("origins", found, "web pages of these origins may call with the user's identity?")


def _strings(value: Value | None) -> Iterator[str]:
    """The constant strings that a value is, or holds."""
    if value is None:
        return
    if isinstance(value.const, str):
        yield value.const
    elif isinstance(value.const, list | tuple | set | frozenset):
        yield from (item for item in value.const if isinstance(item, str))
    if isinstance(value.items, list):
        for item in value.items:
            if isinstance(item, Value):
                yield from _strings(item)


def _sensitive(surface: Surface, policy: Policy) -> str:
    names = {
        field.name
        for model in _distinct(surface)
        if model.kind in ("table", "schema")
        for field in model.fields.values()
        if _PERSONAL.search(field.name) and not policy.is_sensitive(field.name)
    }
    return _list(
        "sensitive_fields", sorted(names), "these must not leave the application, beside passwords, tokens and the like?"
    )


# -- resources ----------------------------------------------------------------------------------------------------


def _resources(surface: Surface) -> str:
    kept: dict[str, dict[str, str]] = {}
    parts = []
    of_caller = {name for model in _distinct(surface) if model.is_principal for name in model.fields}
    for model in sorted(_distinct(surface), key=lambda model: (model.name, model.qualname)):
        if model.kind != "table" or model.owner is None:
            continue
        taken = any(resource["model"] == model.name for resource in kept.values())
        name = model.qualname if taken else model.name
        key = re.sub(r"\W+", "_", snake(name))
        resource = {"model": name, "owner": model.owner}
        if not model.is_principal and model.owner in of_caller:  # both have it: callers of one group share the record
            resource["principal"] = model.owner
        if key in kept or not _accepted(resources={**kept, key: resource}):
            continue
        kept[key] = resource
        parts.append(_resource(key, resource, _place(model)))
    return "\n".join(parts)


def _resource(key: str, resource: dict[str, str], place: str) -> str:
    lines = [f"[resources.{key if key.isascii() else _text(key)}]", f"model = {_text(resource['model'])}"]
    lines.append(f"owner = {_text(resource['owner'])} {MARK}: {place} says whose it is? And which roles may touch all of them?")
    if "principal" in resource:
        lines.append(f"principal = {_text(resource['principal'])} {MARK}: whoever has the same may touch it?")
    return "\n".join(lines) + "\n"


def _place(model: DataModel) -> str:
    field = model.fields.get(model.owner or "")
    place = field.place if field is not None else model.place
    return f"{_plain(place.file)}:{place.line}"


def _plain(text: str) -> str:
    """Text for a comment: what could end it, or hide in it, is left out."""
    return "".join(char if char.isprintable() else "?" for char in text)


def _distinct(surface: Surface) -> Iterator[DataModel]:
    """Every model once: the surface has each under several names."""
    seen: set[tuple[str, str]] = set()
    for model in surface.models.values():
        if (model.qualname, model.kind) not in seen:
            seen.add((model.qualname, model.kind))
            yield model


# -- routes -------------------------------------------------------------------------------------------------------


def _routes(surface: Surface, roles: list[str]) -> str:
    own = sorted(
        (route for route in surface.routes if route.kind in (RouteKind.HTTP, RouteKind.WEBSOCKET)),
        key=lambda route: (route.path, route.method),
    )
    entries = {route.path for route in own if route.kinds & _ENTRY.keys()}
    rules: list[dict[str, str]] = []
    parts: list[str] = []
    open_routes: list[Route] = []

    def add(match: str, key: str, value: str, question: str) -> None:
        if _accepted(roles=roles, routes=[*rules, {"match": match, key: value}]):
            rules.append({"match": match, key: value})
            parts.append(f"[[routes]]\nmatch = {_text(match)}\n{key} = {_text(value)} {MARK}: {question}\n")

    for route in own:
        if route.holds(Guarantee.AUTHENTICATED):
            continue
        reason = _public_reason(route, entries)
        if reason is None:
            open_routes.append(route)
        else:
            add(_match(route), "public", reason, f"may anyone call it, and is this why? ({_where(route)})")
    for prefix in sorted({_admin_prefix(route.path) for route in own} - {""}) if roles and _HIGH.search(roles[-1]) else ():
        add(f"{prefix}/**", "role", roles[-1], "is this the lowest role that may?")
    return "\n".join([*parts, *([_questions(open_routes)] if open_routes else [])])


def _match(route: Route) -> str:
    return f"{route.method} {route.path}"


def _where(route: Route) -> str:
    return f"{_plain(route.place.file)}:{route.place.line}"


def _admin_prefix(path: str) -> str:
    """The part of a path up to a segment that says it is for administrators; empty when there is none."""
    found = re.match(r"(?:/[^/{}<>]+)*?/admin(?=/|\Z)", path)
    return found[0] if found else ""


def _public_reason(route: Route, entries: set[str]) -> str | None:
    """Why a route without authentication is probably meant to be public; ``None`` when nothing says so.

    What is merely harmless today is not among them: an excuse would hide what is added to the route tomorrow.
    """
    for kind, reason in _ENTRY.items():
        if kind in route.kinds:
            return reason
    if route.method not in ("GET", "HEAD") or "write" in route.kinds or any(True for _ in route.flow.accesses()):
        return None
    if route.path in entries:
        return "It is the page of a form that comes before signing in"
    return "It says whether the service works, or greets" if _WELCOME.fullmatch(route.path) else None


def _questions(routes: list[Route]) -> str:
    """Routes that neither ask who is calling nor look public: better a comment than an excuse that nobody meant."""
    lines = [
        "# Nobody is asked who they are on these routes, and nothing shows that this is meant. For each one that is meant to be",
        '# public, write a rule that says why: [[routes]], match = "...", public = "the reason". The audit reports the others.',
        *(f"#   {_plain(_match(route))}   ({_where(route)})" for route in routes),
    ]
    return "\n".join(lines) + "\n"
