"""The facts of all files, linked: which module is which, and what a name means where it is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from counterseal.audit.facts.python import ir
from counterseal.audit.libraries.knowledge import Knowledge
from counterseal.audit.surface.naming import module_names

_MAX_HOPS = 20


@dataclass(frozen=True, slots=True)
class Func:
    """A function of the program."""

    module: str
    index: int

    def __str__(self) -> str:
        return f"{self.module}#{self.index}"


@dataclass(frozen=True, slots=True)
class Cls:
    """A class of the program."""

    module: str
    index: int


@dataclass(frozen=True, slots=True)
class Variable:
    """A name that a module binds by assignment."""

    module: str
    name: str


@dataclass(frozen=True, slots=True)
class Module:
    """A module of the program, as a value."""

    name: str


@dataclass(frozen=True, slots=True)
class External:
    """Something that a library defines, by its full dotted name."""

    name: str


Definition = Func | Cls | Variable | Module | External


@dataclass(slots=True)
class ModuleInfo:
    """One module with the table of the names that it binds."""

    name: str
    facts: ir.Facts
    is_package: bool
    names: dict[str, Definition | tuple[str, str]] = field(default_factory=dict)
    """A tuple is an import still to be followed: ("import", dotted target)."""
    stars: list[str] = field(default_factory=list)
    local_imports: dict[str, str] = field(default_factory=dict)
    _body: tuple[ir.Node, ...] | None = None

    @property
    def body(self) -> tuple[ir.Node, ...]:
        """The module's own statements."""
        if self._body is None:
            self._body = ir.body_of(self.facts.body)
        return self._body


class Program:
    """All modules of one audited tree. Names are resolved lazily and remembered."""

    def __init__(self, files: Mapping[str, ir.Facts]) -> None:
        self.modules: dict[str, ModuleInfo] = {}
        self.by_path: dict[str, str] = {}
        self._cache: dict[tuple[str, str], Definition | None] = {}
        self._bodies: dict[Func, tuple[ir.Node, ...]] = {}
        self._resolving: set[Variable] = set()
        self._telling: dict[tuple[str, str, frozenset[str]], bool] = {}
        self._mro: dict[Cls, tuple[Cls | External, ...]] = {}
        self._unsettled: set[Cls] = set()
        """Classes whose bases are being looked up."""
        self._methods: dict[Cls, dict[str, Func]] = {}
        self._qualnames: dict[Func | Cls, str] = {}
        self.packages: set[str] = set()
        """Every dotted prefix of a module's name: packages, with or without ``__init__.py``."""
        for path, name in module_names(files).items():
            info = _module(name, files[path])
            self.modules[name] = info
            self.by_path[path] = name
            while name:
                self.packages.add(name)
                name = name.rpartition(".")[0]

    # -- access -------------------------------------------------------------------------------------------------

    def function(self, ref: Func) -> ir.Function:
        """The facts of a function."""
        return self.modules[ref.module].facts.functions[ref.index]

    def cls(self, ref: Cls) -> ir.Class:
        """The facts of a class."""
        return self.modules[ref.module].facts.classes[ref.index]

    def path(self, module: str) -> str:
        """The file of a module."""
        return self.modules[module].facts.path

    def body(self, ref: Func) -> tuple[ir.Node, ...]:
        """The statements of a function."""
        body = self._bodies.get(ref)
        if body is None:
            body = self._bodies[ref] = ir.body_of(self.function(ref).body)
        return body

    def qualname(self, ref: Func | Cls) -> str:
        """``module.Class.method``."""
        known = self._qualnames.get(ref)
        if known is None:
            item = self.function(ref) if isinstance(ref, Func) else self.cls(ref)
            known = self._qualnames[ref] = f"{ref.module}.{item.qualname}"
        return known

    def functions(self) -> Iterator[Func]:
        """Every function of the program."""
        for name, info in self.modules.items():
            for index in range(len(info.facts.functions)):
                yield Func(name, index)

    def classes(self) -> Iterator[Cls]:
        """Every class of the program."""
        for name, info in self.modules.items():
            for index in range(len(info.facts.classes)):
                yield Cls(name, index)

    # -- names --------------------------------------------------------------------------------------------------

    def lookup(self, module: str, name: str) -> Definition | None:
        """What ``name`` means at the top level of ``module``; ``None`` when nothing binds it."""
        key = (module, name)
        if key not in self._cache:
            self._cache[key] = None  # breaks import cycles
            self._cache[key] = self._lookup(module, name)
        return self._cache[key]

    def _lookup(self, module: str, name: str) -> Definition | None:
        info = self.modules[module]
        found = info.names.get(name)
        if found is None:
            for star in info.stars:
                target = self.absolute(info, star)
                if target in self.modules:
                    hit = self.lookup(target, name)
                    if hit is not None:
                        return hit
            if info.is_package and f"{module}.{name}" in self.modules:
                return Module(f"{module}.{name}")
            return None
        if isinstance(found, tuple):
            return self.dotted(self.absolute(info, found[1]))
        return found

    def absolute(self, info: ModuleInfo, target: str) -> str:
        """The absolute form of an import target with leading dots."""
        if not target.startswith("."):
            return self._project_prefix(info, target)
        level = len(target) - len(target.lstrip("."))
        parts = info.name.split(".")
        if not info.is_package:
            parts = parts[:-1]
        parts = parts[: len(parts) - (level - 1)] if level > 1 else parts
        rest = target[level:]
        return ".".join([*parts, rest]) if rest else ".".join(parts)

    def _project_prefix(self, info: ModuleInfo, target: str) -> str:
        """Resolve ``import app.x`` in a tree whose root lies above ``app``: try the folders that hold the importing file."""
        head = target.partition(".")[0]
        parts = info.name.split(".")[:-1]
        while parts:
            if ".".join([*parts, head]) in self.packages and ".".join([*parts, head]) != info.name:
                return ".".join([*parts, target])
            parts.pop()
        return target

    def dotted(self, name: str, hops: int = 0) -> Definition:
        """What a full dotted name means: something of the program, else something external."""
        if name in self.modules:
            return Module(name)
        head, _, last = name.rpartition(".")
        if not head or hops > _MAX_HOPS:
            return External(name)
        owner = self.dotted(head, hops + 1)
        if isinstance(owner, Module):
            return self.lookup(owner.name, last) or External(name)
        if isinstance(owner, External):
            return External(f"{owner.name}.{last}")
        return self.member(owner, last) or External(name)

    def member(self, owner: Definition, name: str) -> Definition | None:
        """An attribute of a module, or a method of a class (bases included)."""
        if isinstance(owner, Module):
            return self.lookup(owner.name, name)
        if isinstance(owner, External):
            return External(f"{owner.name}.{name}")
        if isinstance(owner, Cls):
            return self.method(owner, name)
        return None

    def telling(self, module: str, call: str, know: Knowledge, kinds: frozenset[str]) -> bool:
        """Whether a callee as written (``jwt.decode``, ``.set_cookie``) is described by a library as one of ``kinds``."""
        key = (module, call, kinds)
        known = self._telling.get(key)
        if known is None:
            known = self._telling[key] = self._is_telling(module, call, know, kinds)
        return known

    def _is_telling(self, module: str, call: str, know: Knowledge, kinds: frozenset[str]) -> bool:
        head, _, rest = call.partition(".")
        tail = call.rpartition(".")[2]
        if tail in know.telling:
            return True
        if not head:
            return False
        found = self.lookup(module, head)
        if found is None and head in self.modules[module].local_imports:
            found = External(self.modules[module].local_imports[head])
        if isinstance(found, External):
            api = know.api(f"{found.name}.{rest}" if rest else found.name)
            return api is not None and api.kind in kinds
        # A method of an object made elsewhere (``app.get``, ``bp.route``): only the name tells.
        return isinstance(found, Variable) and tail in know.registering and bool(kinds & {"route-decorator"})

    # -- classes ------------------------------------------------------------------------------------------------

    def bases(self, ref: Cls) -> tuple[Cls | External, ...]:
        """Direct bases that could be resolved."""
        out: list[Cls | External] = []
        for base in self.cls(ref).bases:
            node = base[2] if base[0] == ir.SUB else base
            name = ir.dotted(node)
            found = self.resolve(ref.module, name) if name else None
            if isinstance(found, Cls | External):
                out.append(found)
            elif isinstance(found, Variable) and name:
                out.append(External(self._instance_attr(found, "") or name))
        return tuple(out)

    def resolve(self, module: str, name: str) -> Definition | None:
        """What a dotted name as written in ``module`` means."""
        head, *rest = name.split(".")
        found = self.lookup(module, head)
        for part in rest:
            if found is None:
                return None
            if isinstance(found, Variable):
                text = self._instance_attr(found, part)
                found = External(text) if text else None
            else:
                found = self.member(found, part)
        return found

    def _instance_attr(self, variable: Variable, attr: str) -> str | None:
        """``db.Model`` where ``db = SQLAlchemy()``: the constructor's name with the attribute."""
        if variable in self._resolving:
            return None  # it is defined by way of itself
        self._resolving.add(variable)
        try:
            return self._constructor(variable, attr)
        finally:
            self._resolving.discard(variable)

    def _constructor(self, variable: Variable, attr: str) -> str | None:
        for statement in self.modules[variable.module].body:
            if statement[0] == ir.ASSIGN and any(t[0] == ir.NAME and t[2] == variable.name for t in statement[2]):
                value = statement[3]
            elif statement[0] == ir.ANN and statement[2][0] == ir.NAME and statement[2][2] == variable.name and statement[4]:
                value = statement[4]
            else:
                continue
            name = ir.dotted(value[2]) if value[0] == ir.CALL else ir.dotted(value)
            found = self.resolve(variable.module, name) if name and name != variable.name else None
            if isinstance(found, External):
                return f"{found.name}.{attr}" if attr else found.name
        return None

    def mro(self, ref: Cls) -> tuple[Cls | External, ...]:
        """The class and all its bases, nearest first (depth first; enough for attribute look-up here)."""
        known = self._mro.get(ref)
        if known is not None:
            return known
        self._mro[ref] = (ref,)
        self._unsettled.add(ref)
        out: list[Cls | External] = [ref]
        for base in self.bases(ref):
            for item in self.mro(base) if isinstance(base, Cls) else (base,):
                if item not in out:
                    out.append(item)
        self._mro[ref] = tuple(out)
        self._unsettled.discard(ref)
        return self._mro[ref]

    def method(self, ref: Cls, name: str) -> Func | None:
        """A method by name, searched in the bases too."""
        known = self._methods.get(ref)
        if known is None:
            known = {}
            for item in self.mro(ref):
                if isinstance(item, Cls):
                    for method, index in self.cls(item).methods:
                        known.setdefault(method, Func(item.module, index))
            if ref not in self._unsettled:
                self._methods[ref] = known
        return known.get(name)

    def external_bases(self, ref: Cls) -> Iterable[str]:
        """Full names of all library classes among the bases."""
        return [item.name for item in self.mro(ref) if isinstance(item, External)]


def _module(name: str, facts: ir.Facts) -> ModuleInfo:
    info = ModuleInfo(name, facts, facts.path.endswith("/__init__.py") or facts.path == "__init__.py")
    for local, target, _line, top in facts.imports:
        if local == "*":
            info.stars.append(target)
        elif top:
            info.names[local] = ("import", target)
        else:
            info.local_imports.setdefault(local, target)
    _bind(info, info.body)
    return info


def _bind(info: ModuleInfo, statements: Iterable[ir.Node]) -> None:
    for s in statements:
        tag = s[0]
        if tag == ir.DEF:
            info.names[info.facts.functions[s[2]].name] = Func(info.name, s[2])
        elif tag == ir.CLASS:
            info.names[info.facts.classes[s[2]].name] = Cls(info.name, s[2])
        elif tag == ir.ASSIGN:
            for target in s[2]:
                _bind_target(info, target)
        elif (tag == ir.ANN and (s[4] is not None or s[2][2] not in info.names)) or tag == ir.AUG:
            _bind_target(info, s[2])
        elif tag in (ir.IF, ir.WHILE):
            _bind(info, s[3])
            _bind(info, s[4])
        elif tag == ir.FOR:
            _bind_target(info, s[2])
            _bind(info, s[4])
        elif tag == ir.WITH:
            for _context, target in s[2]:
                if target:
                    _bind_target(info, target)
            _bind(info, s[3])
        elif tag == ir.TRY:
            _bind_try(info, s)


def _bind_try(info: ModuleInfo, s: ir.Node) -> None:
    _bind(info, [*s[4], *s[5]])
    for _type, _name, body in s[3]:
        _bind(info, body)
    # Last, so that ``try: import x; except ImportError: x = None`` means the import.
    _bind(info, s[2])
    for inner in s[2]:
        if inner[0] == ir.IMPORT:
            for local, target in inner[2]:
                if local != "*":
                    info.names[local] = ("import", target)


def _bind_target(info: ModuleInfo, target: ir.Node) -> None:
    if target[0] == ir.NAME:
        if not isinstance(info.names.get(target[2]), Func | Cls):
            info.names[target[2]] = Variable(info.name, target[2])
    elif target[0] == ir.SEQ:
        for element in target[3]:
            _bind_target(info, element)
