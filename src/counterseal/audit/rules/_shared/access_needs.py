"""Why a route should know its caller."""

from __future__ import annotations

import re
from dataclasses import dataclass

from counterseal.audit.findings import Place, Severity
from counterseal.audit.result import RouteKind
from counterseal.audit.rules._shared.access_models import is_public_read, model_of, owner_path, private_among
from counterseal.audit.rules._shared.access_routes import (
    ENTRY_KINDS,
    authenticated,
    changes,
    demanded,
    first_segment,
    judged,
    model_changed,
    own_name,
)
from counterseal.audit.rules._shared.access_shown import Shown, fields_shown, shown
from counterseal.audit.rules._shared.access_words import ENTRY_WORD, LEAVE_WORD, STATIC_WORD, SUBMISSION_WORD
from counterseal.audit.surface.flow import Access, Call, Event, Store
from counterseal.audit.surface.model import DataModel, Route, Surface
from counterseal.audit.surface.ownership import is_principal
from counterseal.audit.surface.values import Value
from counterseal.audit.surface.vocabulary import SECRET_COLUMN, snake
from counterseal.guarantees import Guarantee
from counterseal.policy import Policy

_INSIDE = re.compile(r"^(os\.environ|sys\.(path|argv|modules|version))$")
_SYSTEM = re.compile(r"^(os\.(getcwd|listdir|uname|getlogin)|platform\.\w+|socket\.gethost\w+|getpass\.getuser|sys\.\w+)$")
_WORK = {
    "xml-parse": "parses XML", "deserialize": "unpacks objects", "file-save": "stores files", "archive": "unpacks archives",
    "subprocess": "runs commands", "eval": "runs code",
}  # fmt: skip
_MODEL_HOST = re.compile(
    r"https://(api\.(openai|anthropic|deepseek|mistral|groq|cohere|together|perplexity|x)\.|openrouter\.|"
    r"generativelanguage\.googleapis\.|[\w-]+\.openai\.azure\.|api-inference\.huggingface\.)"
)
_COSTLY = {"llm": "asks a language model that is paid for", "mail": "sends mail", "sms": "sends text messages"}
_LOG_MODEL = re.compile(
    r"(^|_)(log|logs|audit|attempt|attempts|event|events|visit|visits|view|views|hit|hits|click|clicks|metric|metrics)($|_)"
)
_PROMPT = re.compile(r"system_?(prompt|message|instructions?)|prompt_template", re.IGNORECASE)
_LONG = 200
"""Characters from which on a text is a prompt, not the name of one."""
_MANY = 3
_DEEPEST = 5
_HARMLESS = frozenset(
    {
        "",
        "template",
        "response",
        "json-response",
        "redirect",
        "log",
        "set-cookie",
        "convert",
        "env",
        "http-error",
        "abort",
        "validate",
    }
)
"""Kinds of calls that neither read nor change anything."""


@dataclass(frozen=True, slots=True)
class Need:
    """A reason why a route should know its caller."""

    what: str
    """What the route does, as a verb phrase."""
    gain: str
    """What an attacker gets out of it, as a verb phrase."""
    severity: Severity
    certain: bool
    shown: tuple[tuple[Place, str], ...] = ()
    """Places that show it."""


def need(route: Route, surface: Surface, policy: Policy) -> Need | None:
    """Why the route should know its caller; ``None`` when anyone may call it."""
    if demanded(route, policy, Guarantee.AUTHENTICATED):
        return Need(
            "must know its caller, says the policy, and serves everyone",
            "does what the policy keeps for known callers",
            Severity.HIGH,
            True,
        )
    if "signature" in _facts_at_end(route):
        return None
    told = _inside(route)
    if told is not None or is_shell(route):
        return told
    found = _privileged(route, surface, policy)
    if found is not None or _entry(route):
        return found
    return (
        _writes(route, surface)
        or _reads(route, surface, policy)
        or _costs(route)
        or _works(route, surface)
        or _listens(route, surface)
    )


def _facts_at_end(route: Route) -> frozenset[str]:
    points = [event for event in route.flow.returns() if not event.refuses]
    return frozenset.intersection(*(point.facts for point in points)) if points else frozenset()


def is_shell(route: Route) -> bool:
    """Whether it only hands out a page or a constant: nothing is read, changed, or taken from the environment."""
    if route.flow.of(Access) or any(call.kind not in _HARMLESS for call in route.flow.of(Call)) or changes(route):
        return False
    return not any(_telling(event.value, 0) for event in route.flow.returns())


def _telling(value: Value, depth: int) -> bool:
    """Whether a value holds something that is not the same for everyone, or not meant for everyone."""
    if depth > _DEEPEST:
        return False
    if any(label.startswith(("env:", "db:", "secret", "setting")) for label in value.may):
        return True
    if isinstance(value.ref, str) and _INSIDE.match(value.ref):
        return True
    return any(_telling(part, depth + 1) for part in _parts(value))


def _entry(route: Route) -> bool:
    """Whether it is for callers who have no identity yet, or who give theirs up."""
    if route.kinds & (ENTRY_KINDS | {"one_time_code"}) or LEAVE_WORD.search(own_name(route)):
        return True
    if any(True for _ in route.flow.calls("token-decode", "signer-load", "oauth-verify", "sign-in-session", "sign-out")):
        return True
    secrets = [c for e in route.flow.accesses() for c in e.conditions if SECRET_COLUMN.search(c.column) and c.value.inputs()]
    if secrets:
        return True
    return bool(ENTRY_WORD.search(own_name(route)) and (_issues(route) or "password" in _inputs(route)))


def _issues(route: Route) -> bool:
    return any(True for _ in route.flow.calls("token-encode", "session-start", "signer-dump", "set-cookie", "redirect"))


def _inputs(route: Route) -> str:
    return " ".join(each.name.lower() for each in route.inputs)


def _privileged(route: Route, surface: Surface, policy: Policy) -> Need | None:
    if "privileged" not in route.kinds or "sign_in" in route.kinds:
        return None
    done = changes(route)
    if done:
        return Need(
            f"changes {_names(done)} on a path for administrators", f"changes {_names(done)} as an administrator would",
            Severity.CRITICAL, True, _places(done),
        )  # fmt: skip
    return Need(
        "serves a path for administrators", "reads what only administrators should see",
        Severity.HIGH, True, tuple((item.place, "what it shows") for item in shown(route, surface)[:1]),
    )  # fmt: skip


def _writes(route: Route, surface: Surface) -> Need | None:
    done = [event for event in changes(route) if not _incidental(event, route)]
    if not done or SUBMISSION_WORD.search(own_name(route)):
        return None
    verbs = {event.verb if isinstance(event, Access) else "update" for event in done}
    if verbs == {"create"} and any(_signs_up(event, route, surface) for event in done):
        return None
    verb = next(word for key, word in (("delete", "deletes"), ("update", "changes"), ("create", "creates")) if key in verbs)
    names = _names(done)
    gain = {
        "deletes": f"deletes {names} of anybody",
        "changes": f"overwrites {names} of anybody",
        "creates": f"fills the database with {names}",
    }[verb]
    return Need(f"{verb} {names}", gain, Severity.HIGH, False, _places(done))


def _signs_up(event: Event, route: Route, surface: Surface) -> bool:
    """Whether an account is made of what the request says: whoever makes their own has no identity yet."""
    if not isinstance(event, Access) or event.verb != "create" or not event.models:
        return False
    if not is_principal(model_of(event.models[0], surface), event.models[0]):
        return False
    later = [e.value for e in route.flow.of(Store) if event.label in e.target.may]
    return any(value.inputs() for value in [*(value for _, value in event.values), *later])


def _incidental(event: Event, route: Route) -> bool:
    """Whether a change is a by-product of something public: a log entry, a counter, an anonymous visitor's own session."""
    name = snake(model_changed(event))
    if isinstance(event, Access):
        if event.verb == "create" and _LOG_MODEL.search(name):
            return True
        if any("session" in c.value.may for c in event.conditions) or any("session" in v.may for _, v in event.values):
            return True
        written = [v for _, v in event.values]
        return route.method == "GET" and event.verb == "update" and bool(written) and not any(v.inputs() for v in written)
    if not isinstance(event, Store):
        return False
    own = not event.target.must.isdisjoint({"who", "self"}) or "who" in event.target.may
    return (route.method == "GET" or own) and not event.value.inputs()


def _names(done: list[Event]) -> str:
    names = dict.fromkeys(snake(model_changed(event)).replace("_", " ") for event in done)
    return " and ".join([name for name in names if name and name != "?"][:_MANY]) or "records"


def _places(done: list[Event]) -> tuple[tuple[Place, str], ...]:
    return tuple((event.place, "the change") for event in done[:_MANY])


def _reads(route: Route, surface: Surface, policy: Policy) -> Need | None:
    if STATIC_WORD.search(own_name(route)) and not any(True for _ in route.flow.accesses("list", "get")):
        return None
    for item in shown(route, surface):
        found = _private(item, route, surface, policy)
        if found is not None:
            whose, severity = found
            return Need(f"shows {whose}", f"reads {whose}", severity, False, ((item.place, "what it shows"),))
    return _among_guarded(route, surface)


def _private(item: Shown, route: Route, surface: Surface, policy: Policy) -> tuple[str, Severity] | None:
    """Whose data an item shows, when it is not for everyone."""
    if not item.model or item.own:
        return None
    model = model_of(item.model, surface)
    name = snake(item.model).replace("_", " ")
    fields = fields_shown(item, surface) or _fields_read(route, item.model, model)
    private = private_among(fields, model, policy)
    if model is None or model.is_principal:
        principal = is_principal(model, item.model)
        return (f"{', '.join(private[:_MANY])} of any of the {name}", Severity.HIGH) if private and principal else None
    if not owner_path(model, surface, policy) or is_public_read(model, policy):
        return None
    detail = f" ({', '.join(private[:_MANY])})" if private else ""
    return f"{name} records that are somebody's{detail}", Severity.HIGH


def _fields_read(route: Route, name: str, model: DataModel | None) -> frozenset[str]:
    """The fields that the route reads of a model, when it is not known which of them it shows."""
    found: set[str] = set()
    for access in route.flow.accesses("get", "list"):
        if name in access.models[:1]:
            found |= set(access.columns) or (set(model.fields) if model is not None and not access.raw else set())
    return frozenset(column.rpartition(".")[2] for column in found)


def _among_guarded(route: Route, surface: Surface) -> Need | None:
    """All other ways to read these records are guarded."""
    if route.method != "GET":
        return None
    read = {a.models[0] for a in route.flow.accesses("get", "list") if a.models}
    same = [
        each for each in judged(surface)
        if each is not route and first_segment(each.path) == first_segment(route.path)
        and read & {a.models[0] for a in each.flow.accesses("get", "list") if a.models} and each.method == "GET"
    ]  # fmt: skip
    if len(same) >= _MANY and all(authenticated(each) for each in same):
        names = " and ".join(snake(name).replace("_", " ") for name in sorted(read))
        return Need(f"reads {names}, which every other route guards,", f"reads {names}", Severity.MEDIUM, True)
    return None


def _inside(route: Route) -> Need | None:
    """Dumps of the environment, the system, or the configuration."""
    told = {call.name: call.place for call in route.flow.calls() if _SYSTEM.match(call.name)}
    for event in route.flow.returns():
        if not event.refuses and (_leaks(event.value, 0) or len(told) > 1):
            return Need(
                "shows the inside of the application",
                "reads its environment, system and configuration, and plans further attacks with it",
                Severity.HIGH,
                False,
                ((event.place, "what it shows"),),
            )
    return None


def _leaks(value: Value, depth: int) -> bool:
    if depth > _DEEPEST:
        return False
    if (isinstance(value.ref, str) and _INSIDE.match(value.ref)) or value.kind == "config" or "env:*" in value.may:
        return True
    if isinstance(value.const, str) and len(value.const) > _LONG and _PROMPT.search(value.name or ""):
        return True
    from_environment = any(label.startswith("env:") for label in value.must)
    if from_environment and SECRET_COLUMN.search(value.name or "") and value.kind in ("unknown", "const", "text"):
        return True
    return any(_leaks(part, depth + 1) for part in _parts(value))


def _parts(value: Value) -> list[Value]:
    """What a container holds."""
    parts = list(value.items.values()) if isinstance(value.items, dict) else value.items if isinstance(value.items, list) else []
    return [part for part in [*parts, value.extra] if isinstance(part, Value)]


def _costs(route: Route) -> Need | None:
    if SUBMISSION_WORD.search(own_name(route)):
        return None
    for call in route.flow.calls(*_COSTLY, "http-request"):
        what = _COSTLY.get(call.kind) or (_COSTLY["llm"] if asks_model(call) else "")
        if what:
            gain = "runs up the bill and speaks in the application's name"
            return Need(what, gain, Severity.MEDIUM, False, ((call.place, "the costly call"),))
    return None


def asks_model(call: Call) -> bool:
    """Whether a request goes to a language model that is billed by use."""
    return any(isinstance(v.const, str) and _MODEL_HOST.match(v.const) for v in (*call.args, *call.kwargs.values()))


def _works(route: Route, surface: Surface) -> Need | None:
    """Work on what anyone sends, in an application that knows its users."""
    if not any(authenticated(each) for each in judged(surface)):
        return None
    for call in route.flow.calls():
        what = _WORK.get(call.kind) or (_WORK["file-save"] if _keeps_upload(call) else "")
        values = (*call.args, *call.kwargs.values(), *([call.receiver] if call.receiver is not None else []))
        if what and any(value.inputs() for value in values):
            gain = "keeps the server busy and tries every weakness of that code"
            return Need(f"{what} that anyone sends", gain, Severity.MEDIUM, False, ((call.place, "the work"),))
    return None


def _keeps_upload(call: Call) -> bool:
    receiver = call.receiver
    return call.name.endswith(".save") and receiver is not None and any(x.startswith("in:file") for x in receiver.may)


def _listens(route: Route, surface: Surface) -> Need | None:
    """A WebSocket that takes messages, in an application that knows its users."""
    if route.kind is not RouteKind.WEBSOCKET or not any(authenticated(each) for each in judged(surface)):
        return None
    takes = next((call for call in route.flow.calls() if ".receive" in call.name or ".iter_" in call.name), None)
    if takes is None:
        return None
    return Need("takes messages", "connects and takes part", Severity.HIGH, False, ((takes.place, "where messages arrive"),))
