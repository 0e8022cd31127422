"""The layout that docs/architecture.md describes: who may import whom, and how large a part may be."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src"
PACKAGE = "counterseal"
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60

# Lowest first. A package imports from its own floor's package and from lower floors; two packages of one floor are strangers.
FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"guarantees"}),
    frozenset({"policy"}),
    frozenset({"enforce", "audit"}),
    frozenset({"attack", "testing"}),
    frozenset({"report"}),
    frozenset({"gate"}),
    frozenset({"agent"}),
    frozenset({"cli"}),
)
INNER_FLOORS: dict[str, tuple[frozenset[str], ...]] = {
    "audit": (frozenset({"facts", "libraries"}), frozenset({"surface"}), frozenset({"rules"})),
    "enforce": (
        frozenset({"core"}),
        frozenset({"identity", "ledger", "limits"}),
        frozenset({"clauses"}),
        frozenset({"contract"}),
        frozenset({"frameworks"}),
        frozenset({"sealing"}),
        frozenset({"testing"}),
    ),
}
# The two that may meet inside a floor: what the facts are and what is known about libraries describe each other.
ACQUAINTED = {frozenset({"facts", "libraries"})}
# The results of an audit are words that everything above `guarantees` may use.
COMMON = frozenset({f"{PACKAGE}.audit.findings", f"{PACKAGE}.audit.result"})
# These name the types of what a rule is given, for type checkers only.
TYPING_ONLY = {f"{PACKAGE}.audit.findings": (f"{PACKAGE}.audit.surface", f"{PACKAGE}.policy")}


@dataclass(frozen=True)
class Import:
    """One import statement's target, as it stands in the file."""

    module: str
    line: int
    typing_only: bool


@cache
def _modules() -> dict[str, Path]:
    found = {}
    for path in sorted((SOURCE / PACKAGE).rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _is_type_checking(test: ast.expr) -> bool:
    return ast.unparse(test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def _statements(node: ast.AST, *, typing_only: bool = False) -> Iterator[tuple[ast.AST, bool]]:
    """Every node below, with whether it stands under ``if TYPE_CHECKING``."""
    for child in ast.iter_child_nodes(node):
        inside = typing_only or (isinstance(node, ast.If) and _is_type_checking(node.test) and child in node.body)
        yield child, inside
        yield from _statements(child, typing_only=inside)


def _targets(name: str, path: Path, node: ast.AST) -> list[str]:
    """The modules that a node imports, local imports and literal dynamic ones included."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
            base = ".".join([*package[: len(package) - node.level + 1], *([node.module] if node.module else [])])
        return [f"{base}.{alias.name}" if f"{base}.{alias.name}" in _modules() else base for alias in node.names]
    if isinstance(node, ast.Call) and ast.unparse(node.func) in {"importlib.import_module", "import_module", "__import__"}:
        return [arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    return []


@cache
def _imports(name: str) -> tuple[Import, ...]:
    path = _modules()[name]
    return tuple(
        Import(target, getattr(node, "lineno", 0), inside)
        for node, inside in _statements(_tree(path))
        for target in _targets(name, path, node)
        if target == PACKAGE or target.startswith(f"{PACKAGE}.")
    )


def _floor(floors: tuple[frozenset[str], ...], part: str) -> int | None:
    return next((number for number, names in enumerate(floors) if part in names), None)


def _wrong(importer: list[str], imported: list[str], floors: tuple[frozenset[str], ...]) -> bool:
    """Whether the first parts of two names stand the wrong way round. What is on no floor stands above all of them."""
    below = _floor(floors, imported[0]) if imported else len(floors)
    above = _floor(floors, importer[0]) if importer else len(floors)
    if importer[:1] == imported[:1]:
        return False
    below = len(floors) if below is None else below
    above = len(floors) if above is None else above
    if below == above:
        return below < len(floors) and frozenset({importer[0], imported[0]}) not in ACQUAINTED
    return below > above


def _breaks_floors(name: str, target: Import) -> bool:
    importer, imported = name.split(".")[1:], target.module.split(".")[1:]
    if not imported:  # the package itself: its version
        return False
    if target.module in COMMON:
        return importer[:1] == ["guarantees"]
    if target.typing_only and target.module.startswith(TYPING_ONLY.get(name, ())):
        return False
    if name in COMMON:
        return imported[0] != "guarantees"
    if _wrong(importer, imported, FLOORS):
        return True
    inner = INNER_FLOORS.get(importer[0]) if importer[:1] == imported[:1] else None
    return inner is not None and _wrong(importer[1:2], imported[1:2], inner)


def test_every_part_stands_on_a_floor() -> None:  # __main__ stands above them all
    known = {"__init__", "__main__", *(part for floor in FLOORS for part in floor)}
    parts = {path.stem for path in (SOURCE / PACKAGE).iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert parts <= known, f"on no floor: {sorted(parts - known)}: give it one in FLOORS and in docs/architecture.md"


def test_lower_floors_never_import_higher_ones() -> None:
    offences = [
        f"{_modules()[name].relative_to(ROOT)}:{target.line} imports {target.module}"
        for name in _modules()
        for target in _imports(name)
        if _breaks_floors(name, target)
    ]
    assert not offences, "\n".join(offences)


@pytest.mark.parametrize(
    ("importer", "imported", "wrong"),
    [
        ("counterseal.policy.load", "counterseal.audit.engine", True),
        ("counterseal.policy.load", "counterseal.audit.findings", False),
        ("counterseal.guarantees", "counterseal.audit.findings", True),
        ("counterseal.audit.engine", "counterseal.policy", False),
        ("counterseal.audit.engine", "counterseal.report.text", True),
        ("counterseal.audit.facts.python", "counterseal.audit.surface.link", True),
        ("counterseal.audit.surface.link", "counterseal.audit.facts.python", False),
        ("counterseal.audit.surface.link", "counterseal.audit.rules.access", True),
        ("counterseal.audit.facts.python", "counterseal.audit.engine", True),
        ("counterseal.audit.libraries.load", "counterseal.audit.facts.model", False),
        ("counterseal.audit.engine", "counterseal.audit.rules", False),
        ("counterseal.audit.findings", "counterseal.audit.facts", True),
        ("counterseal.enforce.contract", "counterseal.audit.result", False),
        ("counterseal.enforce.contract", "counterseal.audit.surface", True),
        ("counterseal.enforce.clauses.auth", "counterseal.enforce.contract", True),
        ("counterseal.cli.audit", "counterseal.report.text", False),
        ("counterseal.report.text", "counterseal", False),
    ],
)
def test_the_floors_are_read_as_the_design_says(importer: str, imported: str, wrong: bool) -> None:
    assert _breaks_floors(importer, Import(imported, 1, typing_only=False)) is wrong


def test_imports_have_no_cycle() -> None:
    graph = {
        name: sorted({t.module for t in _imports(name) if not t.typing_only and t.module in _modules() and t.module != name})
        for name in _modules()
    }
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> list[str]:
        if name in trail:
            return [" -> ".join((*trail[trail.index(name) :], name))]
        if name in done:
            return []
        found = [cycle for target in graph[name] for cycle in walk(target, (*trail, name))]
        done.add(name)
        return found

    cycles = [cycle for name in graph for cycle in walk(name, ())]
    assert not cycles, "\n".join(cycles)


def test_product_code_never_asserts() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in _modules().values()
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Assert)
    ]
    assert not found, f"`python -O` would drop these checks: {found}"


def test_files_and_functions_stay_small() -> None:
    large = [
        f"{path.relative_to(ROOT)}: {lines} lines"
        for path in _modules().values()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MAX_FILE_LINES
    ]
    large += [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {length} lines"
        for path in _modules().values()
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (length := _length(node)) > MAX_FUNCTION_LINES
    ]
    limits = f"a file up to {MAX_FILE_LINES} lines, a function up to {MAX_FUNCTION_LINES}"
    assert not large, "\n".join([f"split these ({limits}):", *large])


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    last = function.end_lineno or function.lineno
    first = function.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    return last - function.lineno + 1 - ((first.end_lineno or first.lineno) - first.lineno + 1 if documented else 0)


PAGES = sorted(
    [*ROOT.glob("*.md"), *(page for part in ("docs", "examples", "benchmarks") for page in (ROOT / part).rglob("*.md"))]
)
_MENTION = re.compile(r"`((?:src|docs|tests|examples|benchmarks|scripts|requirements|\.ci)/[^`\s]*)`")
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_that_the_documentation_mentions_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    ours = [] if page.parent.name == "rules" else _MENTION.findall(text)  # pages of rules speak of other people's code
    absent = [mention for mention in ours if not _exists(ROOT / _fixed_part(mention))]
    absent += [link for link in _LINK.findall(text) if not _exists(page.parent / link)]
    assert not absent, f"{page.relative_to(ROOT)} mentions what does not exist: {absent}"


def _fixed_part(mention: str) -> str:
    """The part of a mentioned path before its first placeholder: ``src/x/<area>/<rule>.py`` -> ``src/x``."""
    parts = mention.split("/")
    fixed = next((number for number, part in enumerate(parts) if re.search(r"[<>{}*…]", part)), len(parts))
    return "/".join(parts[:fixed]).split(":")[0]


def _exists(path: Path) -> bool:
    return path.exists()
