"""Calls of the abstract machine: functions of the program are entered, libraries are asked for what they do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from counterseal.audit.facts.python import ir
from counterseal.audit.surface.attributes import Attributes
from counterseal.audit.surface.builtin import BUILTIN_CALLS
from counterseal.audit.surface.contracts import promises
from counterseal.audit.surface.core import MAX_DEPTH, Frame
from counterseal.audit.surface.memo import Summary, key_of, moved, rests_on, signature
from counterseal.audit.surface.methods import hands_over_caller, method_of_value
from counterseal.audit.surface.program import Cls, Func
from counterseal.audit.surface.state import State, merge_facts
from counterseal.audit.surface.values import NONE, NULL, UNKNOWN, Labels, Value, join, replace, union
from counterseal.guarantees import Evidence

_PRESENTED = frozenset({"cred", "in:header:authorization"})
CREDENTIAL = Value(may=_PRESENTED, must=_PRESENTED, name="credentials")
"""What a caller presents: not checked yet."""


class Invoke(Attributes):
    """How calls are made."""

    # -- calls ----------------------------------------------------------------------------------------------------

    def call(self, target: Value, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int = 0) -> Value:
        """Call a value."""
        caller = _CALLS.get(target.kind)
        if caller is not None:
            return caller(self, target, args, kwargs, st, line, end)
        if target.kind in ("unknown", "const", "text", "dict", "seq", "row", "exc", "member"):
            given = [*args, *kwargs.values()]
            result = union([target, *given], name=target.name)
            if any(hands_over_caller(a) for a in given):
                return replace(result, may=result.may | {"opaque"}, null=True)
            return result
        return UNKNOWN

    def _call_func(self, target: Value, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int) -> Value:
        ref: Func = target.ref
        if len(self.frames) > MAX_DEPTH or self._running(ref):
            self.gave_up.add("calls nested too deeply") if len(self.frames) > MAX_DEPTH else None
            return union([*args, *kwargs.values()])
        bound = [target.items, *args] if isinstance(target.items, Value) else args
        variables = self.parameters(ref, bound, kwargs, st)
        if ref == self.context.root or target.name == "__init__":
            return self.enter_function(target, variables, st, line)
        closure = tuple([id(scope) for scope in target.extra]) if isinstance(target.extra, tuple) else ()
        key = key_of((ref, closure), variables, st.facts, self.context.websocket)
        if key is None:
            return self.enter_function(target, variables, st, line)
        for known in self.memo.get(key, ()):
            if known.fits(st.heap):
                return self._replay(known, st)
        return self._remember(key, target, variables, st, line)

    def _running(self, ref: Func) -> bool:
        for frame in self.frames:
            func = frame.func
            if func is not None and func.index == ref.index and func.module == ref.module:
                return True
        return False

    def _remember(self, key: Any, target: Value, variables: dict[str, Value], st: State, line: int) -> Value:
        first_event, first_log, reads, gave_up = len(self.events), len(self.log), self.volatile_reads, len(self.gave_up)
        given, before, registered = dict(variables), st.facts, len(self.registrations)
        heap, outer, self.heap_used = dict(st.heap), self.heap_used, set()
        result = self.enter_function(target, variables, st, line)
        used, self.heap_used = self.heap_used, outer
        outer |= used
        basis = rests_on(used, heap)
        if basis is None or self.volatile_reads != reads or len(self.gave_up) != gave_up or len(self.registrations) != registered:
            return result
        if all(
            (v.items is None and v.kind != "seq") or signature(v) == sig
            for (_, sig), v in zip(key[1], given.values(), strict=True)
        ):  # it changed none of its arguments; those without members cannot be changed
            pins = (target.extra, given, [heap.get(name) for name in basis])
            summary = Summary(
                result,
                before,
                st.facts,
                {k: v for k, v in st.heap.items() if heap.get(k) is not v},
                st.dead,
                tuple(self.events[first_event:]),
                tuple(self.log[first_log:]),
                pins,
                basis,
            )
            self.memo.setdefault(key, []).append(summary)
            self.replayed.add(id(summary))
        return result

    def _replay(self, known: Summary, st: State) -> Value:
        now = st.facts
        self.heap_used.update(known.rests_on)
        st.facts = (known.facts - known.before) | now
        st.dead, st.heap = known.dead, {**st.heap, **known.heap}
        if id(known) not in self.replayed:
            # Within one flow the events of a repeated call are the same as the first time.
            self.replayed.add(id(known))
            base = len(self.events)
            self.events.extend(moved(known.events, known.before, now, base))
            self.log.extend(known.log)
        return known.result

    def parameters(self, ref: Func, args: list[Value], kwargs: Mapping[str, Value], st: State) -> dict[str, Value]:
        """The variables with which a function starts."""
        out: dict[str, Value] = {}
        rest = list(args)
        used: set[str] = set()
        extra = kwargs.get("**")
        for name, annotation, default, kind in self.program.function(ref).params:
            if kind == ir.VAR_POSITIONAL:
                out[name] = Value(kind="seq", items=rest, may=union(rest).may)
                rest = []
            elif kind == ir.VAR_KEYWORD:
                out[name] = self._keywords({k: v for k, v in kwargs.items() if k not in used and k != "**"}, extra)
            else:
                value = rest.pop(0) if kind == ir.POSITIONAL and rest else kwargs.get(name)
                used.add(name)
                if value is None and extra is not None:
                    value = self.part(extra, name)
                if value is None:
                    value = self._default(ref, default, st)
                out[name] = self._declared(ref, value, annotation, name, st)
        return out

    def _keywords(self, items: dict[str, Value], extra: Value | None) -> Value:
        may = union(items.values()).may | (extra.may if extra else NONE)
        if extra is not None:
            items = {**items, "**": extra}
        return Value(kind="dict", items=items, may=may, extra="open" if extra is not None else None)

    def _default(self, ref: Func, default: Any, st: State) -> Value:
        if default is None:
            return UNKNOWN
        self.frames.append(Frame(ref.module, None, f"{ref.module}.<defaults>"))
        value = self.evaluate(default, State({}))
        self.frames.pop()
        return value

    def _declared(self, ref: Func, value: Value, annotation: Any, name: str, st: State) -> Value:
        if annotation is not None and value.kind == "unknown" and not value.type:
            value = self.in_module(ref.module, lambda: self.typed(value, self.annotation(annotation, State({}))))
        return value if value.name else replace(value, name=name)

    def in_module(self, module: str, action: Callable[[], Value]) -> Value:
        """Evaluate something in the scope of another module."""
        self.frames.append(Frame(module, None, f"{module}.<module>"))
        try:
            return action()
        finally:
            self.frames.pop()

    def enter_function(
        self, target: Value, variables: dict[str, Value], st: State, line: int, select: Callable[[Value], bool] | None = None
    ) -> Value:
        """Run a function's body; its facts and effects on shared objects are the caller's from then on.

        ``select`` limits which returns count: those of a hook that lets the request go on, for example.
        """
        ref: Func = target.ref
        self.executed.add(ref)
        item = self.program.function(ref)
        closure = target.extra if isinstance(target.extra, tuple) else ()
        cls = Cls(ref.module, item.class_index) if item.class_index >= 0 else None
        frame = Frame(ref.module, ref, self.program.qualname(ref), closure, cls=cls)
        self.frames.append(frame)
        inner = State(variables, st.facts, dict(st.heap))
        end = self.run_block(self.program.body(ref), inner)
        if not end.dead and not (item.is_generator and frame.returns):
            frame.returns.append((NULL, end.facts, item.end_line, end.heap))
            self.emit_return(NULL, end, item.end_line)
        self.frames.pop()
        if select is not None:
            frame.returns = [r for r in frame.returns if select(r[0])]
        if not frame.returns:
            st.dead = True
            return Value(kind="never")
        return self._outcome(frame, st)

    def _outcome(self, frame: Frame, st: State) -> Value:
        value, facts, _, heap = frame.returns[0]
        true, false = self._branch_facts(value, facts)
        for other, other_facts, _, other_heap in frame.returns[1:]:
            other_true, other_false = self._branch_facts(other, other_facts)
            true = _both(true, other_true)
            false = _both(false, other_false)
            value = join(value, other)
            facts = merge_facts(facts, other_facts)
            if other_heap is not heap:
                heap = {
                    k: join(v, other_heap[k]) if k in other_heap else replace(v, null=True, must=NONE) for k, v in heap.items()
                }
        st.facts = facts
        st.heap = dict(heap)
        return replace(value, true=(true or NONE) - facts, false=(false or NONE) - facts)

    def _branch_facts(self, value: Value, facts: Labels) -> tuple[Labels | None, Labels | None]:
        """Facts if this return made the result truthy, and if it made it falsy; ``None``: it cannot."""
        if value.is_const and not (value.may and value.kind != "const"):
            return (facts | value.true, None) if value.const else (None, facts | value.false)
        falsy = facts | value.false if value.null else None
        if isinstance(value.items, list) and value.items and value.kind == "seq":
            falsy = None
        return facts | value.true, falsy

    def _call_lambda(self, target: Value, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int) -> Value:
        variables, frame = target.extra
        inner = State(dict(variables), st.facts, st.heap)
        for (name, _annotation, _default, _kind), value in zip(target.ref[2], args, strict=False):
            inner.vars[name] = value
        if len(self.frames) > MAX_DEPTH:
            return UNKNOWN
        self.frames.append(frame)
        result = self.evaluate(target.ref[3], inner)
        self.frames.pop()
        return result

    def _call_wrapped(self, target: Value, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int) -> Value:
        inner, facts, where, why = target.extra
        if (
            isinstance(target.items, Value)
            and target.items.kind != "contract"
            and "auth" in facts
            and not self._verified(target.items, st, line)
        ):
            facts = NONE
        self.establish_at(st, facts, Evidence(where.file, where.line, why))
        return self.call(inner, args, kwargs, st, line, end)

    def _verified(self, guard: Value, st: State, line: int) -> bool:
        """Whether what an application gave to a library's guard (``@auth.verify_password``) checks the credential."""
        for r in self.registrations:
            when = r.options.get("fixed:when")
            handler = r.handler
            if r.kind != "hook" or when is None or when.const != "verify" or r.owner.site != guard.site or handler is None:
                continue
            if not isinstance(handler.ref, Func) or not self.program.function(handler.ref).params:
                continue
            presented = [CREDENTIAL] * len(self.program.function(handler.ref).params)
            inner = st.copy()
            answer = self.call(handler, presented, {}, inner, line)
            if "auth" not in inner.facts | answer.true and not inner.dead:
                name, place = self.program.qualname(handler.ref), r.place
                self.weak_checks.append((name, place, "it accepts callers without checking what they present"))
                return False
        return True

    def _call_constant(self, target: Value, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int) -> Value:
        result: Value = target.extra
        return result

    def _call_continuation(
        self, target: Value, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int
    ) -> Value:
        target.extra.append(st.copy())
        return Value(kind="response", items={"body": UNKNOWN})

    def _call_class(self, target: Value, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int) -> Value:
        ref: Cls = target.ref
        kind = self.class_kind(ref)
        if kind == "enum":
            return replace(union(args), type="enum", must=args[0].must if args else NONE)
        given = dict(kwargs)
        may = union([*args, *kwargs.values()]).may
        spread = kwargs.get("**")
        value = Value(
            kind="obj",
            ref=ref,
            must=spread.must if spread is not None and len(kwargs) == 1 and not args else NONE,
            items=dict(given),
            may=may if kind != "settings" else NONE,
            name=self.program.cls(ref).name,
            site=f"{self.place(line).file}:{line}",
        )
        if kind == "table":
            value = self.created(value, given, st, line, end)
        init = self.program.method(ref, "__init__")
        if init is not None and kind != "settings":
            self.call(Value(kind="func", ref=init, items=value, extra=()), args, kwargs, st, line)
            st.dead = False
        elif kind != "table":
            self._init_external(value, args, kwargs, st, line, end)
        return value

    def _init_external(self, value: Value, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int) -> None:
        """The constructor of a library's base class: exceptions, applications and middleware of the program's own."""
        for full in self.program.external_bases(value.ref):
            api = self.know.api(full)
            if api is not None and api.kind in ("http-error", "app", "router"):
                receiver = value if api.kind in ("app", "router") else None
                made = self.library_call(api, self.know.canonical(full), receiver, args, kwargs, st, line, end)
                value.items.update(made.items or {})
                return
        fields = [name for name, attr in self.class_attrs(value.ref).items()]
        for name, arg in zip(fields, args, strict=False):
            value.items.setdefault(name, arg)

    def _call_object(self, target: Value, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int) -> Value:
        method = self.program.method(target.ref, "__call__")
        if method is None:
            return union([target, *args, *kwargs.values()])
        return self.call(Value(kind="func", ref=method, items=target, extra=()), args, kwargs, st, line, end)

    def _call_external(self, target: Value, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int) -> Value:
        full: str = target.ref
        if full.startswith("builtins."):
            special = BUILTIN_CALLS.get(full[9:])
            if special is not None:
                return special(self, args, kwargs, st, line)
        api = self.know.api(full)
        receiver = target.extra if isinstance(target.extra, Value) else target if target.may else None
        if api is None:
            api = self.know.methods.get(full.rpartition(".")[2]) if receiver is not None or "." in full else None
            if api is None and target.may:
                return method_of_value(self, target, full.rpartition(".")[2], target, args, kwargs, st, line, end)
        return self.library_call(api, full, receiver, args, kwargs, st, line, end)

    def _call_instance(self, target: Value, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int) -> Value:
        full = f"{target.ref}.__call__"
        return self.library_call(self.know.api(full), full, target, args, kwargs, st, line, end)

    def _call_member(self, target: Value, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int) -> Value:
        return method_of_value(self, target.extra, str(target.ref), target, args, kwargs, st, line, end)

    def _call_registering(
        self, target: Value, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int
    ) -> Value:
        return self.registered(target, args, st)

    def _call_contract(self, target: Value, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int) -> Value:
        """A contract is put on a function: its promises hold before the body runs."""
        subject = args[0] if args else UNKNOWN
        origin = subject.site or (str(subject.ref) if isinstance(subject.ref, Func) else "")
        inside = (subject, promises(target), self.place(line, end), "a contract enforces it")
        return Value(kind="wrapped", ref=subject.ref, extra=inside, site=origin, name=subject.name, items=target)


def _both(a: Labels | None, b: Labels | None) -> Labels | None:
    if a is None:
        return b
    if b is None:
        return a
    return merge_facts(a, b)


_CALLS: Mapping[str, Callable[..., Value]] = {
    "func": Invoke._call_func,
    "lambda": Invoke._call_lambda,
    "wrapped": Invoke._call_wrapped,
    "cls": Invoke._call_class,
    "obj": Invoke._call_object,
    "ext": Invoke._call_external,
    "inst": Invoke._call_instance,
    "member-of": Invoke._call_member,
    "registering": Invoke._call_registering,
    "contract": Invoke._call_contract,
    "constant": Invoke._call_constant,
    "continuation": Invoke._call_continuation,
}
