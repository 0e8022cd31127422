"""What a route answers when a record exists and when it does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from counterseal.audit.surface.flow import Access, Branch, Call, Event, Flow, Raise, Return
from counterseal.audit.surface.values import Value

_DEEPEST = 5


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """One way in which a route ends, or one message that it leaves for the next page."""

    event: Event
    refuses: bool
    shape: str
    """Status and text; equal for answers that a caller cannot tell apart."""
    text: str
    """The constant words in it, empty when there are none."""


def answers(flow: Flow) -> Iterator[Answer]:
    """What the caller can be told, in the order of the code. Answers to a crash are left out: they say something else."""
    for event in flow.among(Raise, Return, Call):
        if isinstance(event, Raise):
            if "error" not in event.message.may and (event.status or 400) < 500:
                shape = f"{event.status or event.name}:{_shape(event.message)}"
                yield Answer(event, True, shape, _text(event.message))
        elif isinstance(event, Return):
            if "error" not in event.value.may and (event.status or 200) < 500:
                yield Answer(event, event.refuses, f"{event.status or 200}:{_shape(event.value)}", _text(event.value))
        elif isinstance(event, Call) and event.name == "flask.flash" and event.args:
            yield Answer(event, False, f"flash:{_shape(event.args[0])}", _text(event.args[0]))


def dependent(flow: Flow, access: Access) -> tuple[list[Answer], list[Answer]]:
    """(answers that depend on whether the record exists, answers for an existing record), both after the access."""
    unknown, known = [], []
    for answer in answers(flow):
        if answer.event.seq <= access.seq:
            continue
        if exists(access, answer.event):
            known.append(answer)
        elif access.label in decided_by(flow, answer.event):
            unknown.append(answer)
    return unknown, known


def exists(access: Access, event: Event) -> bool:
    """Whether the record is known to exist where the event happens."""
    return any(fact.startswith(f"tie:{access.label}~") for fact in event.facts)


def deciding(flow: Flow, event: Event) -> Branch | None:
    """The innermost condition around an event. Conditions are recorded after both of their sides."""
    return next((later for later in flow.of(Branch) if later.seq > event.seq), None)


def decided_by(flow: Flow, event: Event) -> frozenset[str]:
    """What the innermost condition around an event depends on."""
    condition = deciding(flow, event)
    return condition.value.may if condition is not None else frozenset()


def _shape(value: Value, depth: int = 0) -> str:
    if depth > _DEEPEST:
        return "..."
    if value.is_const:
        return repr(value.const)
    if value.kind == "response":
        status, body = value.item("status"), value.item("body")
        code = status.const if status is not None and status.is_const else ""
        return f"{code}[{_shape(body, depth + 1) if body is not None else '?'}]"
    if isinstance(value.items, dict):
        members = (f"{key}={_shape(item, depth + 1)}" for key, item in sorted(value.items.items()) if isinstance(item, Value))
        return "{" + ", ".join(members) + "}"
    if isinstance(value.items, list):
        return "[" + ", ".join(_shape(item, depth + 1) if isinstance(item, Value) else repr(item) for item in value.items) + "]"
    return f"<{value.kind} {value.name}>"


def _text(value: Value, depth: int = 0) -> str:
    if isinstance(value.const, str):
        return value.const
    if depth > _DEEPEST:
        return ""
    items = value.items.values() if isinstance(value.items, dict) else value.items if isinstance(value.items, list) else ()
    words = (_text(item, depth + 1) if isinstance(item, Value) else str(item) for item in items)
    return max((w for w in words if w), key=len, default="")
