"""One audit from beginning to end: files -> facts -> surface -> rules -> result.

Each stage is a function of the one before. What an audit rests on has a digest, so an audit of unchanged code with the same
policy, options and tool is read from the cache.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from counterseal.audit import inputs as files
from counterseal.audit import store
from counterseal.audit.errors import AuditError
from counterseal.audit.facts.cache import Cache
from counterseal.audit.facts.cache_key import open_cache
from counterseal.audit.inputs import Inputs
from counterseal.audit.result import AuditResult, NotChecked, RouteReport, Stats
from counterseal.audit.rules.registry import load_rules, rule_files
from counterseal.policy import Policy

# An audit that is read from the cache needs neither the surface nor what runs the rules: they are imported where they are used.
if TYPE_CHECKING:
    from counterseal.audit.facts.python.ir import Facts
    from counterseal.audit.surface.model import Surface

Progress = Callable[[str, int, int], None]
"""``progress(stage, done, total)``; ``stage`` is one of `STAGES`."""
STAGES = ("Reading", "Linking", "Checking")
CONFIRM = "# CONFIRM"
"""The mark of a guess in a proposed policy."""
CacheChoice = Path | Literal[False] | None
"""Folder of the cache; ``None``: the user's; ``False``: no cache."""


@dataclass(slots=True)
class Reading:
    """A back end as it was read."""

    surface: Surface
    not_checked: list[NotChecked]
    files: int
    lines: int
    cached: int
    """Files whose facts came from the cache."""


@dataclass(slots=True)
class _Run:
    """What the stages of one run share."""

    inputs: Inputs
    policy: Policy
    jobs: int | None
    cache: Cache | None
    progress: Progress | None
    debug: bool = False
    started: float = field(default_factory=time.perf_counter)

    def report(self, stage: str, done: int, total: int) -> None:
        if self.progress is not None:
            self.progress(stage, done, total)


def audit(
    root: Path,
    *,
    policy: Policy,
    policy_source: str | None = None,
    policy_text: str = "",
    select: Collection[str] = (),
    ignore: Collection[str] = (),
    jobs: int | None = None,
    cache_dir: CacheChoice = None,
    progress: Progress | None = None,
    debug: bool = False,
) -> AuditResult:
    """Audit the back end in ``root``.

    Args:
        root: a folder, or one Python file.
        policy: the organisation's security model.
        policy_source: the file that it came from, for the report.
        policy_text: what that file says, to see whether guesses in it are still to be confirmed.
        select: ids of the only rules to run; empty: all that the policy leaves on.
        ignore: ids of rules not to run.
        jobs: processes that read files; ``None``: as many as there are processors.
        cache_dir: see `CacheChoice`.
        progress: told how far the work is, unless everything came from the cache.
        debug: let the exception of a failing rule through, rather than putting the rule on record as not checked.

    Raises:
        AuditError: the path, a rule's id or the code is not what an audit can work with.
        RuleDefinitionError: a rule's own file is wrong.

    """
    started = time.perf_counter()
    chosen = _choose(select, ignore, policy)
    found = files.find(root, policy.exclude)
    found = replace(found, skipped=found.skipped + _unconfirmed(policy_source, policy_text))
    cache = _open(root, cache_dir)
    run = _Run(found, policy, jobs, cache, progress, debug, started)
    basis = _basis(run, policy_source, chosen) if cache is not None else b""
    try:
        kept = cache.get_result(basis) if cache is not None else None
        result = None if kept is None else store.load(kept, load_rules())
        if result is None:
            with _no_collection():
                result = _audit(run, policy_source, chosen)
            # Kept only if the files are still what they were when the run began.
            if cache is not None and basis == _basis(run, policy_source, chosen):
                cache.put_result(basis, store.dump(result))
        else:
            result = replace(result, stats=replace(result.stats, cached_files=result.stats.files))
    finally:
        if cache is not None:
            cache.close()
    notices = tuple(cache.notices) if cache is not None else ()
    stats = replace(result.stats, seconds=time.perf_counter() - started)
    return replace(result, stats=stats, not_checked=result.not_checked + notices)


def read(
    root: Path, *, policy: Policy, jobs: int | None = None, cache_dir: CacheChoice = None, progress: Progress | None = None
) -> Reading:
    """Read the back end in ``root`` without judging it. The arguments are those of `audit`.

    Raises:
        AuditError: the path or the code is not what an audit can work with.

    """
    cache = _open(root, cache_dir)
    try:
        with _no_collection():
            return _read(_Run(files.find(root, policy.exclude), policy, jobs, cache, progress), None)
    finally:
        if cache is not None:
            cache.close()


def _open(root: Path, choice: CacheChoice) -> Cache | None:
    if choice is False:
        return None
    return open_cache(root, "", os.environ if choice is None else {"COUNTERSEAL_CACHE": str(choice)})


def _choose(select: Collection[str], ignore: Collection[str], policy: Policy) -> frozenset[str]:
    """The ids of the rules to run. Their files' names say them: nothing is imported."""
    known = {file.rule_id for file in rule_files()}
    for rule_id in (*select, *ignore):
        if rule_id not in known:
            raise unknown_rule(rule_id, known)
    enabled = {rule_id for rule_id in known if policy.rule_setting(rule_id).enabled}
    chosen = frozenset((set(select) or enabled) - set(ignore))
    if not chosen:
        raise AuditError("no rule is left to run", "select another one, or ignore fewer")
    return chosen


def _unconfirmed(source: str | None, text: str) -> tuple[NotChecked, ...]:
    """A proposal that nobody has confirmed is no security model: what it excuses is not known to be meant."""
    lines = [number for number, line in enumerate(text.splitlines(), 1) if CONFIRM in line]
    if not lines:
        return ()
    guesses = f"line {lines[0]} says" if len(lines) == 1 else f"{len(lines)} lines, the first is {lines[0]}, say"
    why = f"{guesses} {CONFIRM.strip('# ')}: a person has to check each of these guesses and remove the mark"
    return (NotChecked(source or "the policy", why),)


def unknown_rule(rule_id: str, known: Collection[str]) -> AuditError:
    """The error for an id that no rule has."""
    from difflib import get_close_matches

    close = get_close_matches(rule_id.lower().replace("_", "-"), sorted(known), n=1)
    hint = f"did you mean {close[0]}?" if close else "'counterseal rules' lists them"
    return AuditError(f"there is no rule {rule_id!r}", hint)


def _basis(run: _Run, policy_source: str | None, chosen: Collection[str]) -> bytes:
    return files.manifest(run.inputs, (run.policy.model_dump_json(), policy_source or "", *sorted(chosen)))


def _audit(run: _Run, policy_source: str | None, chosen: Collection[str]) -> AuditResult:
    from counterseal.audit.assess import assess
    from counterseal.audit.findings import Severity
    from counterseal.audit.snippets import redacted_cells, snippets

    reading = _read(run, load_rules)
    rules = tuple(rule for rule in load_rules() if rule.id in chosen)
    outcome = assess(
        reading.surface, run.policy, rules, debug=run.debug, progress=lambda done, total: run.report("Checking", done, total)
    )
    routes = tuple(
        RouteReport(
            route.method, route.path, route.handler, route.place.file, route.place.line, route.kind, route.framework,
            redacted_cells(route.cells, outcome.redactor),
        )
        for route in sorted(reading.surface.routes, key=lambda r: (r.place.file, r.place.line, r.path, r.method))
    )  # fmt: skip
    return AuditResult(
        root=run.inputs.name,
        routes=routes,
        findings=outcome.findings,
        not_checked=(*reading.not_checked, *outcome.not_checked),
        rules=tuple(
            rule if level is None else replace(rule, severity=Severity[level.name])
            for rule in rules
            for level in (run.policy.rule_setting(rule.id).severity,)
        ),
        policy_source=policy_source,
        stats=Stats(
            files=reading.files,
            lines=reading.lines,
            cached_files=reading.cached,
            seconds=time.perf_counter() - run.started,
            frameworks=reading.surface.frameworks,
        ),
        snippets=snippets(run.inputs, outcome.findings, routes, outcome.redactor),
    )


def _read(run: _Run, meanwhile: Callable[[], object] | None) -> Reading:
    """Files -> facts -> surface, with everything that was not read on record.

    ``meanwhile``: what this process may do while others read files.
    """
    from counterseal.audit.backend import doubts
    from counterseal.audit.surface.build import build

    facts, cached, problems = _facts(run, meanwhile)
    documents, unread = files.read_documents(run.inputs)
    problems += unread
    run.report("Linking", 0, 1)
    surface = build(facts, documents, run.inputs.tests, run.policy, strict=run.debug)
    run.report("Linking", 1, 1)
    problems = [*run.inputs.skipped, *problems, *surface.not_checked]
    return Reading(
        surface=surface,
        not_checked=doubts(surface, facts, problems) + problems,
        files=len(facts),
        lines=sum(each.lines for each in facts.values()),
        cached=cached,
    )


def _facts(run: _Run, meanwhile: Callable[[], object] | None) -> tuple[dict[str, Facts], int, list[NotChecked]]:
    """The facts of every file, how many of them were in the cache, and what could not be read."""
    from counterseal.audit.facts.gather import default_jobs, gather
    from counterseal.audit.facts.python import ir
    from counterseal.audit.facts.python.extract import extract

    records = gather(
        run.inputs.code,
        jobs=run.jobs or default_jobs(),
        cache=run.cache,
        extract=extract,
        progress=lambda done, total: run.report("Reading", done, total),
        meanwhile=meanwhile,
    )
    if run.cache is not None:
        run.cache.save()
    problems = [record.error for record in records.values() if record.error is not None]
    facts = {path: ir.load(record.facts) for path, record in records.items() if record.error is None}
    for path, each in facts.items():
        problems += [
            NotChecked(path, f"partly read: lines {first} to {last} were not: {why}", path, first)
            for first, last, why in each.lost
        ]
    return facts, sum(record.cached for record in records.values()), problems


@contextmanager
def _no_collection() -> Iterator[None]:
    """The surface is millions of objects that live as long as the run: looking for garbage among them only costs time.

    What encloses this must not hold the surface any more when it ends.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
