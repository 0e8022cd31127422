"""The state of the abstract machine, and what all of its parts share."""

from __future__ import annotations

import builtins
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from counterseal.audit.facts.python import ir
from counterseal.audit.findings import Place
from counterseal.audit.libraries.knowledge import Knowledge
from counterseal.audit.result import NotChecked
from counterseal.audit.surface.flow import Branch, Compare, Event
from counterseal.audit.surface.memo import Summary
from counterseal.audit.surface.program import Cls, Definition, External, Func, Module, Program, Variable
from counterseal.audit.surface.state import State
from counterseal.audit.surface.statuses import http_status
from counterseal.audit.surface.values import NONE, UNKNOWN, Labels, Value, const, replace
from counterseal.guarantees import Evidence

MAX_DEPTH = 14
BUDGET = 30_000
"""Statements that one flow may execute; beyond it the flow says that it gave up."""


@dataclass(slots=True, eq=False)
class Frame:
    """One function (or module) that is being executed."""

    module: str
    func: Func | None
    qualname: str
    closure: tuple[dict[str, Value], ...] = ()
    returns: list[tuple[Value, Labels, int, dict[str, Value]]] = field(default_factory=list)
    """(value, facts, line, heap) of every return reached."""
    cls: Cls | None = None
    line: int = 0
    """The line of the call that is being made, for what a library does on its behalf."""


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """Something that was attached to an application or router while the program was executed."""

    kind: str
    """route, websocket, include, mount, hook, middleware, resource, static, error-handler, attach."""
    owner: Value
    place: Place
    path: Value | None = None
    methods: tuple[str, ...] | None = None
    handler: Value | None = None
    child: Value | None = None
    options: Mapping[str, Value] = field(default_factory=dict)
    name: str = ""
    facts: Labels = NONE


@dataclass(frozen=True, slots=True)
class Context:
    """What a flow is analysed for."""

    websocket: bool = False
    root: Func | None = None
    place: Place | None = None
    """Where the route stands: the place of what a library does before any code of the program runs."""


class Core(ABC):
    """Shared state. The machine is assembled from this by the modules ``evaluate``, ``execute``, ``invoke`` and ``database``."""

    def __init__(self, program: Program, know: Knowledge, strict: bool = False) -> None:
        self.program = program
        self.know = know
        self.strict = strict
        """Let exceptions that nobody expects through, rather than putting them on record."""
        self.failures: list[NotChecked] = []
        self.events: list[Event] = []
        self.registrations: list[Registration] = []
        self.log: list[tuple[str, Evidence]] = []
        """Facts in the order in which they were established, with the place."""
        self.gave_up: set[str] = set()
        self.steps = 0
        self.frames: list[Frame] = []
        self.module_vars: dict[str, dict[str, Value]] = {}
        self.instances: dict[str, Value] = {}
        self.executed: set[Func] = set()
        """Functions that were entered by some call."""
        self.context = Context()
        self.factory_events: dict[Func, list[Event]] = {}
        self.hook_events: dict[int, tuple[Registration, list[Event]]] = {}
        """Events of hooks that decide nothing about the caller, by the hook's identity: once, not in front of every route."""
        self.module_events: dict[str, list[Event]] = {}
        self.used_instances: set[str] = set()
        """Sites of library instances of which an attribute was used or which were passed on."""
        self.memo: dict[Any, list[Summary]] = {}
        self.hook_memo: dict[Any, Summary] = {}
        self.heap_used: set[str] = set()
        """Attributes of shared objects that the call which is being remembered has read or written."""
        self.replayed: set[int] = set()
        """Summaries whose events this flow already has."""
        self.volatile_reads = 0
        self.development = 0
        """Depth of conditions that hold only where a setting says that this is no production."""
        self.refused_often = 0
        """How many answers "429 Too Many Requests" were met so far."""
        self.results: dict[int, tuple[Value, Value]] = {}
        """What the last statement of a cursor loaded, by the identity of the cursor's value (kept alive here)."""
        self.table_columns: dict[str, tuple[str, ...]] = {}
        """Columns of tables in order, for rows that are read by position."""
        self.weak_checks: list[tuple[str, Place, str]] = []
        """(function, place, why) of checks that were found not to check."""
        self.late_decorators: list[tuple[Func, Place, str, ir.Node]] = []
        """Decorators that stand above the one that registers the route: they wrap a function that no request reaches."""
        self.loop_exits: list[State] = []
        """Where ``break`` and ``continue`` left the innermost loop."""
        self.view_in_turn: Value | None = None
        """The view that the request will reach, for what runs before it and asks."""
        self.settings_modules: list[str] | None = None
        self.replaced: dict[Cls, set[str]] = {}
        """Attributes of classes that were assigned from outside, as class decorators do."""
        self._counter = 0
        self._class_kinds: dict[Cls, str] = {}
        self._class_attrs: dict[Cls, dict[str, Value]] = {}
        self._places: dict[tuple[str, int, int], Place] = {}
        self._globals: dict[tuple[str, str], Value] = {}
        """Values of names that mean the same throughout the run."""
        self._externals: dict[str, Value] = {}

    # -- to be provided by the other parts ------------------------------------------------------------------------

    @abstractmethod
    def evaluate(self, node: Any, st: State) -> Value:
        """The value of an expression."""

    @abstractmethod
    def run_block(self, statements: Sequence[ir.Node], st: State) -> State:
        """Execute statements; the result is dead when the end is not reached."""

    @abstractmethod
    def call(self, target: Value, args: list[Value], kwargs: dict[str, Value], st: State, line: int, end: int = 0) -> Value:
        """Call a value."""

    @abstractmethod
    def attribute(self, base: Value, name: str, st: State, line: int) -> Value:
        """``base.name``."""

    # -- helpers --------------------------------------------------------------------------------------------------

    def failed(self, error: Exception) -> str:
        """Why the analysis of a part broke off. In strict mode, what nobody expects is raised again."""
        if isinstance(error, RecursionError):
            return "the code is nested too deeply"
        if self.strict:
            raise error
        return f"the analysis failed ({type(error).__name__})"

    @property
    def frame(self) -> Frame:
        """The innermost frame."""
        return self.frames[-1]

    def place(self, line: int, end: int = 0) -> Place:
        """A place in the file that is being executed; what a library does happens where the program calls it."""
        if self.frames[-1].module in self.program.modelled:
            return self._place_of_caller(line)
        key = (self.frames[-1].module, line, end)
        known = self._places.get(key)
        if known is None:
            known = self._places[key] = Place(self.program.path(key[0]), line, end)
        return known

    def _place_of_caller(self, line: int) -> Place:
        for frame in reversed(self.frames):
            if frame.module not in self.program.modelled and frame.line:
                return Place(self.program.path(frame.module), frame.line)
        return self.context.place or Place(self.program.path(self.frames[-1].module), line)

    def establish(self, st: State, facts: Labels, line: int, why: str) -> None:
        """Record that ``facts`` hold from here on, with the evidence."""
        where = self.place(line)
        self.establish_at(st, facts, Evidence(where.file, where.line, why))

    def establish_at(self, st: State, facts: Labels, where: Evidence) -> None:
        """Record that ``facts`` hold from here on."""
        if not facts <= st.facts:
            new = facts - st.facts
            st.facts = st.facts | new
            self.log.extend((fact, where) for fact in sorted(new))

    def shared(self, st: State, key: str) -> Value | None:
        """An attribute of a shared object, where something was stored there: what is remembered rests on it."""
        self.heap_used.add(key)
        return st.heap.get(key)

    def note_volatile(self, known: Value | None, *used: Value) -> None:
        """Something was decided by what differs from route to route: the outcome serves this route only."""
        if known is not None and any(v.extra == "volatile" for v in used):
            self.volatile_reads += 1

    def fresh(self, prefix: str) -> str:
        """A new label, unique within the run of the machine for one flow."""
        self._counter += 1
        return f"{prefix}:{self._counter}"

    def common(self, st: State, line: int, end: int = 0) -> tuple[Place, str, Labels, int]:
        """The fields that every event starts with."""
        return self.place(line, end), self.frames[-1].qualname, st.facts, len(self.events)

    def emit_compare(self, st: State, line: int, op: str, left: Value, right: Value) -> None:
        """Record an equality comparison."""
        self.events.append(Compare(*self.common(st, line), op, left, right))

    def emit_branch(self, st: State, line: int, value: Value, refused: bool) -> None:
        """Record a decided condition."""
        self.events.append(Branch(*self.common(st, line), value, refused))

    # -- names ----------------------------------------------------------------------------------------------------

    def name(self, name: str, st: State) -> Value:
        """The value of a name where execution stands."""
        found = st.vars.get(name)
        if found is not None:
            return found
        frame = self.frames[-1]
        for scope in frame.closure:
            if name in scope:
                return scope[name]
        return self.global_name(frame.module, name)

    def global_name(self, module: str, name: str) -> Value:
        """The value of a module's name."""
        known = self._globals.get((module, name))
        if known is not None:
            return known
        definition = self.program.lookup(module, name)
        if definition is None:
            info = self.program.modules[module]
            if name in info.local_imports and name not in info.names:
                definition = self.program.dotted(self.program.absolute(info, info.local_imports[name]))
            else:
                found = Value(kind="ext", ref=f"builtins.{name}", name=name) if name in BUILTINS else replace(UNKNOWN, name=name)
                self._globals[module, name] = found
                return found
        found = self.definition(definition, name)
        if isinstance(definition, External) or (isinstance(definition, Func | Cls) and not self._decorated(definition)):
            self._globals[module, name] = found
        return found

    def _decorated(self, item: Func | Cls) -> bool:
        return bool((self.program.function(item) if isinstance(item, Func) else self.program.cls(item)).decorators)

    def definition(self, item: Definition, name: str) -> Value:
        """The value of something that a module defines."""
        if isinstance(item, External):
            return self.external(item.name)
        if isinstance(item, Module):
            return Value(kind="mod", ref=item.name, name=name)
        if isinstance(item, Variable):
            found = self.variables(item.module).get(item.name)
            return found if found is not None else replace(UNKNOWN, name=item.name)
        if self._decorated(item):
            known = self.variables(item.module).get(name)
            if known is not None:
                return known
        if isinstance(item, Func):
            return Value(kind="func", ref=item, name=name)
        return Value(kind="cls", ref=item, name=name)

    def external(self, full: str) -> Value:
        """A name that a library defines, with what is known about it."""
        known = self._externals.get(full)
        if known is None:
            known = self._external(full)
            if known.kind == "ext":
                self._externals[full] = known
        return known

    def _external(self, full: str) -> Value:
        full = self.know.canonical(full)
        status = http_status(full)
        if status is not None:
            return replace(const(status), name=full.rpartition(".")[2])
        if full in self.know.constants:
            return replace(const(self.know.constants[full]), name=full.rpartition(".")[2])
        labels = frozenset(self.know.source(full))
        cls = self.know.type_of(full)
        last = full.rpartition(".")[2]
        if cls:
            return Value(kind="inst", ref=cls, may=labels, must=labels, name=last, site=full)
        return Value(kind="ext", ref=full, may=labels, must=labels, name=last, null="anonymous?" in labels)

    def variables(self, module: str) -> dict[str, Value]:
        """The names of a module after its body has run. A module that is running offers what it has so far."""
        known = self.module_vars.get(module)
        if known is None:
            known = self.module_vars[module] = {}
            self._run_module(module)
            known = self.module_vars[module]
        return known

    def _run_module(self, module: str) -> None:
        info = self.program.modules[module]
        saved = self.events, self.frames, self.log, self.steps, self.context, self._counter, self.gave_up
        self.events, self.frames, self.log = [], [Frame(module, None, f"{module}.<module>")], []
        self.steps, self.context, self.gave_up = 0, Context(), set()
        st = State(self.module_vars[module])
        here = self.events, self.frames, self.log
        for statement in info.body:
            try:
                after = self.run_block((statement,), st)
            except Exception as error:  # noqa: BLE001 (what goes wrong with one statement must not hide the others)
                self.failures.append(NotChecked(f"module {module}", self.failed(error), info.facts.path, statement[1]))
                self.events, self.frames, self.log = here
                del self.frames[1:]
                continue
            if after.dead:
                after = replace(st, dead=False)
            st = after
            for name in info.facts.rebound:
                if name in st.vars:
                    st.vars[name] = Value(may=st.vars[name].may, name=name)
            self.module_vars[module] = st.vars
        self.module_events[module] = [*self.module_events.get(module, ()), *self.events]
        self.failures += [NotChecked(f"module {module}", why, info.facts.path, 1) for why in sorted(self.gave_up)]
        self.events, self.frames, self.log, self.steps, self.context, self._counter, self.gave_up = saved

    # -- classes --------------------------------------------------------------------------------------------------

    def class_kind(self, ref: Cls) -> str:
        """``table``, ``schema``, ``settings``, ``enum``, or ``""``."""
        kind = self._class_kinds.get(ref)
        if kind is None:
            self._class_kinds[ref] = ""
            kind = self._class_kinds[ref] = self._find_class_kind(ref)
        return kind

    def _find_class_kind(self, ref: Cls) -> str:
        kinds = [self.know.base(name) for name in self.program.external_bases(ref)]
        if any(key == "table" and value[0] == ir.CONST and value[2] is True for key, value in self.program.cls(ref).keywords):
            return "table"
        for kind in ("table", "settings", "enum", "schema"):
            if kind in kinds:
                return kind
        for statement in self.program.cls(ref).body:
            if statement[0] == ir.ASSIGN and statement[2][0][0] == ir.NAME and statement[2][0][2] == "__tablename__":
                return "table"
        return ""

    def class_attrs(self, ref: Cls) -> dict[str, Value]:
        """The class's own attributes by name, evaluated once."""
        known = self._class_attrs.get(ref)
        if known is None:
            known = self._class_attrs[ref] = {}
            self._fill_class_attrs(ref, known)
        return known

    def _fill_class_attrs(self, ref: Cls, out: dict[str, Value]) -> None:
        item = self.program.cls(ref)
        saved = self.events, self.frames, self.log
        self.events, self.log = [], []
        self.frames = [Frame(ref.module, None, f"{ref.module}.{item.qualname}", cls=ref)]
        st = State(out)
        for statement in item.body:
            if statement[0] == ir.ANN and statement[4] is None:
                continue
            st = self.run_block((statement,), st)
            if st.dead:
                st = State(out)
        for name, value in st.vars.items():
            out[name] = replace(value, name=name)
        self.module_events.setdefault(ref.module, []).extend(self.events)
        self.events, self.frames, self.log = saved


BUILTINS = frozenset(dir(builtins))
