"""Small applications as tests write them, and what the surface makes of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent

from counterseal.audit.facts.python import ir
from counterseal.audit.facts.python.extract import extract
from counterseal.audit.result import RouteKind
from counterseal.audit.surface.build import build
from counterseal.audit.surface.model import Route, Surface
from counterseal.guarantees import Guarantee, State
from counterseal.policy import Policy

ORACLE = Path(__file__).with_name("oracle.py")


@dataclass(frozen=True)
class Sample:
    """The source of a small application."""

    files: Mapping[str, str]
    app: str = "main:app"
    """Where the framework finds it: ``module:attribute``, with ``()`` when it has to be called."""
    needs: tuple[str, ...] = ()
    """Packages that the sample imports beyond the standard library."""
    documents: Mapping[str, str] = field(default_factory=dict)


def one(source: str, *needs: str, app: str = "main:app") -> Sample:
    """A sample of one file."""
    return Sample({"main.py": dedent(source)}, app, needs)


def many(files: Mapping[str, str], *needs: str, app: str = "main:app", documents: Mapping[str, str] | None = None) -> Sample:
    """A sample of several files."""
    return Sample({p: dedent(s) for p, s in files.items()}, app, needs, {p: dedent(s) for p, s in (documents or {}).items()})


def facts_of(files: Mapping[str, str | bytes]) -> dict[str, ir.Facts]:
    """The facts of source files by path."""
    return {p: ir.load(extract(p, s if isinstance(s, bytes) else dedent(s).encode())) for p, s in files.items()}


def surface_of(
    files: Mapping[str, str | bytes], documents: Mapping[str, str] | None = None, policy: Policy | None = None
) -> Surface:
    """The surface of source files."""
    given = {path: dedent(text).encode() for path, text in (documents or {}).items()}
    return build(facts_of(files), given, frozenset(), policy or Policy(), strict=True)


def surface(source: str) -> Surface:
    """The surface of one file."""
    return surface_of({"main.py": source})


def table(found: Surface) -> dict[str, Route]:
    """Routes by ``METHOD /path``, without those that frameworks add by themselves."""
    return {r.name: r for r in found.routes if r.kind not in (RouteKind.GENERATED, RouteKind.STATIC)}


def state(found: Surface, name: str, guarantee: Guarantee) -> State:
    """The state of one cell."""
    return next(r for r in found.routes if r.name == name).cells[guarantee].state


def guarded(source: str | Mapping[str, str]) -> dict[str, bool]:
    """Whether each route of an application is found to authenticate its callers, by path."""
    return _holding(source, Guarantee.AUTHENTICATED)


def authorized(source: str | Mapping[str, str]) -> dict[str, bool]:
    """Whether each route of an application is found to check a role, by path."""
    return _holding(source, Guarantee.AUTHORIZED)


def owned(source: str | Mapping[str, str]) -> dict[str, State]:
    """The state of ownership of each route, by path."""
    found = surface(source) if isinstance(source, str) else surface_of(source)
    return {r.path: r.cells[Guarantee.OWNED].state for r in table(found).values()}


def _holding(source: str | Mapping[str, str], guarantee: Guarantee) -> dict[str, bool]:
    found = surface(source) if isinstance(source, str) else surface_of(source)
    return {r.path: r.holds(guarantee) for r in table(found).values()}


def write(sample: Sample, root: Path) -> None:
    """Put a sample on the disk."""
    for path, text in {**sample.files, **sample.documents}.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def real_tables(samples: Mapping[str, Sample], root: Path) -> dict[str, set[tuple[str, str]]]:
    """The routing tables that the frameworks themselves build from samples; those whose packages are installed."""
    folders: dict[str, str] = {}
    arguments = []
    for i, (name, sample) in enumerate(samples.items()):
        if all(find_spec(package) is not None for package in sample.needs):
            folder = root / str(i)
            write(sample, folder)
            folders[str(folder)] = name
            arguments.append(f"{folder}={sample.app}")
    done = subprocess.run([sys.executable, str(ORACLE), *arguments], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return {folders[folder]: {(m, p) for m, p in found} for folder, found in json.loads(done.stdout).items()}
