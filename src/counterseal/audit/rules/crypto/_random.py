"""Values from generators that can be predicted, and what they are used for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from counterseal.audit.findings import Place
from counterseal.audit.rules.crypto._sinks import named
from counterseal.audit.rules.secrets._names import secret_kind
from counterseal.audit.rules.usage import flows, function_name
from counterseal.audit.surface.flow import Call, Event
from counterseal.audit.surface.model import Surface

WEAK = ("random-weak", "uuid-weak")
_LABEL = "random:weak"


@dataclass(frozen=True, slots=True, eq=False)
class WeakValue:
    """One call of a weak generator with what its result becomes."""

    call: Call
    what: str
    """In words: ``"the reset_token"``."""
    route: str | None


def weak_values(surface: Surface, by_name: Callable[[str], bool], by_function: Callable[[str], bool]) -> Iterator[WeakValue]:
    """Calls of weak generators whose result is kept under a telling name, or that stand in a function with one."""
    seen: set[Place] = set()
    settings = _settings(surface) if by_name("signing_secret") or by_name("secret") else None
    for route, flow in flows(surface):
        calls = list(flow.calls(*WEAK))
        if not calls:
            continue
        kept = [(event, name) for event in flow.events for name, value in named(event) if _LABEL in value.may and by_name(name)]
        for call in calls:
            if call.place in seen:
                continue
            what = _purpose(call, kept, calls, by_function)
            if what is None and settings is not None and function_name(call) == "<module>":
                what = settings
            if what is not None:
                seen.add(call.place)
                yield WeakValue(call, what, route)


def _purpose(
    call: Call, kept: Sequence[tuple[Event, str]], calls: Sequence[Call], by_function: Callable[[str], bool]
) -> str | None:
    function = function_name(call)
    if by_function(function):
        return f"what {function} makes"
    for event, name in kept:
        if event.seq >= call.seq and _belongs(call, event, calls):
            return f"the {name}"
    return None


def _belongs(call: Call, event: Event, calls: Sequence[Call]) -> bool:
    """Whether the value of ``event`` can be this call's: it is the only one before it, or stands in the same function."""
    before = [other for other in calls if other.seq < event.seq]
    return len({other.place for other in before}) == 1 or event.function == call.function


def _settings(surface: Surface) -> str | None:
    found = (s.name for s in surface.settings if _LABEL in s.value.may and secret_kind(s.name) is not None)
    return next((f"the {name}" for name in found), None)
