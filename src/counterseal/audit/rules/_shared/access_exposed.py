"""What must not leave the application, and does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from counterseal.audit.findings import Place
from counterseal.audit.rules._shared.access_models import model_of
from counterseal.audit.rules._shared.access_needs import asks_model
from counterseal.audit.rules._shared.access_routes import claimed, judged
from counterseal.audit.rules._shared.access_shown import UNKNOWN_PART, WHOLE, Shown, fields_shown, shown
from counterseal.audit.rules._shared.access_words import FINANCIAL_FIELD, is_credential_field
from counterseal.audit.surface.flow import Access, Call, Event, Store
from counterseal.audit.surface.model import Route, Surface
from counterseal.audit.surface.ownership import is_principal
from counterseal.audit.surface.values import Value
from counterseal.audit.surface.vocabulary import PASSWORD_LIKE, snake
from counterseal.policy import Policy

_HANDED_OUT = re.compile(r"token|key|secret|session|invite", re.IGNORECASE)
"""What a caller may get to see of what is their own."""
_RESET_CODE = re.compile(r"pin|code|otp|token|secret|password|passwd|pwd", re.IGNORECASE)
_ENTRY = frozenset({"sign_in", "sign_up"})


@dataclass(frozen=True, slots=True)
class Exposed:
    """One field that leaves."""

    name: str
    model: str
    place: Place
    sort: str
    """``code`` (of a reset), ``credential`` or ``number``."""
    whole: bool
    """It leaves as part of a whole record."""


def exposed(route: Route, surface: Surface, policy: Policy) -> list[Exposed]:
    """Everything that must not leave and does, in the answers of a route."""
    found: dict[str, Exposed] = {}
    for item in shown(route, surface):
        # Flask cannot send a mapped object as it is: a schema that is not known here turns it into an answer.
        if route.framework == "flask" and item.field == WHOLE and item.value.kind == "obj":
            continue
        for each in [*_of_record(item, route, surface, policy), *_of_reset(item, route)]:
            found.setdefault(each.name, each)
    return list(found.values())


def _of_record(item: Shown, route: Route, surface: Surface, policy: Policy) -> Iterator[Exposed]:
    if not item.model or (item.field == UNKNOWN_PART and item.shape is None):
        return
    model = model_of(item.model, surface)
    noun = snake(item.model)
    for field in sorted(fields_shown(item, surface)):
        # What the answer calls it decides when both are columns: rows of SQL are read by position.
        name = item.key if model is not None and item.key in model.fields and item.field != WHOLE else field
        declared = name in policy.sensitive_fields
        if is_credential_field(name, policy) or declared:
            if not _on_purpose(name, item, route):
                yield Exposed(name, noun, item.place, "credential", item.field == WHOLE)
        elif FINANCIAL_FIELD.search(name) and not item.own and is_principal(model, item.model):
            # A card has its number; what a person's record tells along with it is too much.
            yield Exposed(name, noun, item.place, "number", item.field == WHOLE)


def _on_purpose(name: str, item: Shown, route: Route) -> bool:
    """Whether the caller gets it once, or gets what is their own."""
    if not _HANDED_OUT.search(name) or (item.field == WHOLE and not item.own):
        return False
    fresh = any(label.startswith("random:") or label == "new" for label in item.value.may)
    return item.own or fresh or bool(route.kinds & _ENTRY)


def _of_reset(item: Shown, route: Route) -> Iterator[Exposed]:
    """The code that a reset sends, in the answer to whoever asked for it."""
    if "reset" not in route.kinds or "one_time_code" in route.kinds or item.value.type in ("int", "bool"):
        return
    if any(map(_writes_password, route.flow.among(Store, Access))):
        return  # the last step: what it hands out is a session, after the code was checked
    if item.value.name in {call.result.name for call in route.flow.calls("token-encode", "signer-dump")}:
        return
    made = any(label.startswith("random:") for label in item.value.may)
    name = next((name for name in (item.field, item.key, item.value.name) if name and _RESET_CODE.search(name)), "")
    stored = item.model and name and item.field not in (WHOLE, UNKNOWN_PART)
    if (made and item.value.kind != "response") or (stored and _RESET_CODE.search(item.field)):
        yield Exposed(name or item.key or "the code", "", item.place, "code", False)


def _writes_password(event: Event) -> bool:
    names = [event.name] if isinstance(event, Store) else [name for name, _ in event.values] if isinstance(event, Access) else []
    return any(PASSWORD_LIKE.search(name) and "reset" not in name for name in names)


def sent_to_models(surface: Surface) -> Iterator[tuple[Route, str, Place]]:
    """Calls of language models that are given the records of all people: one for each place, the most open route first."""
    routes = sorted(judged(surface), key=claimed)
    seen: set[Place] = set()
    for route in routes:
        for call in route.flow.calls("llm", "http-request"):
            if call.place in seen or (call.kind == "http-request" and not asks_model(call)):
                continue
            names = _people_in(call, route, surface)
            if names:
                seen.add(call.place)
                yield route, " and ".join(names), call.place


def _people_in(call: Call, route: Route, surface: Surface) -> list[str]:
    values: list[Value] = [*call.args, *call.kwargs.values()]
    labels = {label for value in values for label in value.may}
    found = []
    for access in route.flow.accesses("list"):
        name = access.models[0] if access.models else ""
        narrowed = any("who" in condition.value.may for condition in access.conditions)
        if access.label in labels and not narrowed and is_principal(model_of(name, surface), name):
            found.append(f"{snake(name).replace('_', ' ')} records")
    return list(dict.fromkeys(found))
