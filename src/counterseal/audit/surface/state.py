"""Where execution stands, and what holds where branches meet."""

from __future__ import annotations

from dataclasses import dataclass, field

from counterseal.audit.surface.values import NONE, Labels, Value, either, join, replace


@dataclass(slots=True, eq=False)
class State:
    """Where execution stands: variables, facts that hold, and attributes of shared objects (``flask.g.user``)."""

    vars: dict[str, Value]
    facts: Labels = NONE
    heap: dict[str, Value] = field(default_factory=dict)
    dead: bool = False
    """This point is not reached: everything before it raised or returned."""

    def copy(self) -> State:
        """An independent copy."""
        return State(dict(self.vars), self.facts, dict(self.heap), self.dead)


def merge_facts(a: Labels, b: Labels) -> Labels:
    """Facts that hold whichever way was taken.

    A caller whose role was checked needs no link to the object: "the owner or an administrator" keeps the link.
    """
    if a is b or a == b:
        return a
    both = a & b
    if "limit" in a or "limit" in b:
        both |= {"limit"}  # the first calls within a window pass without being refused: that is how limiters look
    if ("auth" in a and "claimed" in b) or ("claimed" in a and "auth" in b):
        both |= {"claimed"}
    if "role" in a and "role" not in b:
        both |= frozenset(f for f in b if f.startswith(("link:", "tie:")))
    elif "role" in b and "role" not in a:
        both |= frozenset(f for f in a if f.startswith(("link:", "tie:")))
    return both


def merge(a: State, b: State) -> State:
    """The state after two branches meet."""
    if a.dead:
        return b
    if b.dead:
        return a
    facts = either(merge_facts(a.facts, b.facts), either(_unloaded(a, b), _unloaded(b, a)))
    return State(_merge_maps(a.vars, b.vars, True), facts, _merge_maps(a.heap, b.heap, False))


def _unloaded(a: State, b: State) -> Labels:
    """Facts of ``a`` about records that ``b`` never loaded: where there is no record, nothing is lost by keeping them."""
    if a.facts is b.facts:
        return NONE
    only = [f for f in a.facts - b.facts if f.startswith(("link:obj:", "tie:obj:"))]
    if not only:
        return NONE
    loaded = {label for v in b.vars.values() for label in v.may if label.startswith("obj:")}
    return frozenset(f for f in only if f.partition(":")[2].partition("~")[0] not in loaded)


def _merge_maps(a: dict[str, Value], b: dict[str, Value], keep: bool) -> dict[str, Value]:
    out = dict(a)
    if a == b:  # values are equal only to themselves
        return out
    for k, v in b.items():
        mine = out.get(k)
        if mine is not None:
            if mine is not v:
                out[k] = join(mine, v)
        elif keep:
            out[k] = v
        else:
            out[k] = replace(v, null=True, must=NONE)
    if not keep:
        for k, v in a.items():
            if k not in b:
                out[k] = replace(v, null=True, must=NONE)
    return out
