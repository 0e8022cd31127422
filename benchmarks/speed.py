"""How fast the audit is, against what its input costs to parse, and against Bandit. Same files, same run.

usage: speed.py CODE [CODE ...] [--repeat N] [--no-bandit] [--json FILE]

CODE is a folder. It is copied to a temporary folder first (without its version control), so that nothing in it is touched, and a
file can be changed. Times are the best of N runs (default 3); Bandit and the memory run are done once. Prints Markdown.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from measure import CommandError, Cost, run

from counterseal.audit.facts.discover import discover

COUNTERSEAL = str(Path(sys.executable).with_name("counterseal"))
FINISHED = frozenset({0, 1, 3})  # pass, findings, incomplete
START_UP = 0.5  # seconds of parsing below which a code base says little
PARSE = """
import ast, gc, json, sys, time
texts = [open(name, "rb").read() for name in json.load(open(sys.argv[1]))]
if sys.argv[2] == "off":
    gc.disable()
refused = 0
cpu, wall = time.process_time(), time.perf_counter()
for text in texts:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        refused += 1
print(json.dumps({"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall, "refused": refused}))
"""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    cpu: float
    wall: float
    memory: int = 0


@dataclass(frozen=True)
class Table:
    """What was measured on one code base."""

    name: str
    files: int
    lines: int
    unparsed: int
    rows: tuple[Row, ...]

    def cost(self, what: str) -> Row:
        """The row of that name."""
        return next(row for row in self.rows if row.what == what)


class Bench:
    """One code base, copied, and everything that is run on it."""

    def __init__(self, source: Path, work: Path, repeat: int) -> None:
        self.name = source.resolve().name
        self.code = work / "code" / self.name
        self.work = work
        self.repeat = repeat
        shutil.copytree(source, self.code, symlinks=True, ignore=shutil.ignore_patterns(".git", ".venv"))
        found = [file for file in discover(self.code).files if file.kind == "python" and not file.test]
        self.files = [str(file.absolute) for file in found]
        if not self.files:
            raise CommandError(f"{source}: the audit finds no Python file there")
        self.lines = sum(Path(file).read_bytes().count(b"\n") for file in self.files)
        (work / "files.json").write_text(json.dumps(self.files), encoding="utf-8")

    def measure(self, *, bandit: bool) -> Table:
        """Run everything, one after the other."""
        refused, rows = self._parse()
        for jobs in (1, 2):
            rows.append(self._audit(f"audit, cold, {jobs} job{'s' * (jobs > 1)}", jobs, before=self._forget))
        self._check_files()
        rows.append(self._audit("audit, nothing changed", 2))
        rows.append(self._audit("audit, one file changed", 2, before=self._change_one_file))
        self._forget()
        watched = self._run(2, watch_memory=True)  # watching costs time: a run of its own
        rows.append(Row("audit, cold, 2 jobs, memory watched", watched.cpu, watched.wall, watched.memory))
        if bandit:
            rows.append(self._bandit())
        return Table(self.name, len(self.files), self.lines, refused, tuple(rows))

    def _parse(self) -> tuple[int, list[Row]]:
        rows, refused = [], 0
        for collector in ("on", "off"):
            figures = []
            for _ in range(self.repeat):
                log = self.work / "parse.log"
                command = [sys.executable, "-W", "ignore", "-c", PARSE, str(self.work / "files.json"), collector]
                run(command, accept=frozenset({0}), env=os.environ, cwd=self.work, log=log)
                figures.append(json.loads(log.read_text(encoding="utf-8")))
            best = min(figures, key=lambda figure: figure["cpu"])
            refused = best["refused"]
            rows.append(Row(f"ast.parse, garbage collector {collector}", best["cpu"], best["wall"]))
        return refused, rows

    def _audit(self, what: str, jobs: int, before: Callable[[], None] | None = None) -> Row:
        costs = []
        for _ in range(self.repeat):
            if before:
                before()
            costs.append(self._run(jobs))
        return Row(what, min(cost.cpu for cost in costs), min(cost.wall for cost in costs))

    def _run(self, jobs: int, *, watch_memory: bool = False) -> Cost:
        command = [
            COUNTERSEAL,
            "audit",
            str(self.code),
            "--jobs",
            str(jobs),
            "--format",
            "json",
            "-o",
            str(self.work / "report.json"),
        ]
        return run(
            command,
            accept=FINISHED,
            env=self._environment(),
            cwd=self.work,
            log=self.work / "audit.log",
            watch_memory=watch_memory,
        )

    def _check_files(self) -> None:
        """The audit has read the very files that everything else is measured on."""
        read = json.loads((self.work / "report.json").read_text(encoding="utf-8"))["stats"]["files"]
        if read != len(self.files):
            raise CommandError(f"{self.name}: the audit read {read} files, not the {len(self.files)} that it is compared on")

    def _environment(self) -> dict[str, str]:
        """The cache is in the temporary folder."""
        return os.environ | {"COUNTERSEAL_CACHE": str(self.work / "cache")}

    def _forget(self) -> None:
        shutil.rmtree(self.work / "cache", ignore_errors=True)

    def _change_one_file(self) -> None:
        """Add a line to the file of median size: an edit like any other."""
        sizes = {file: Path(file).stat().st_size for file in self.files}
        middle = statistics.median_low(sizes.values())
        chosen = next(file for file in self.files if sizes[file] == middle)
        with Path(chosen).open("a", encoding="utf-8") as text:
            text.write("\n# one more line\n")

    def _bandit(self) -> Row:
        command = [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "bandit",
            "-q",
            "-f",
            "json",
            "-o",
            str(self.work / "bandit.json"),
            *self.files,
        ]
        cost = run(command, accept=frozenset({0, 1}), env=self._environment(), cwd=self.work, log=self.work / "bandit.log")
        return Row("Bandit", cost.cpu, cost.wall)


def markdown(table: Table) -> str:
    """The figures of one code base, and the ratios that are asked for."""
    lines = [
        f"### {table.name}: {table.files:,} files, {table.lines:,} lines",
        "",
        "| run | CPU s | wall s | peak memory |",
        "|---|---:|---:|---:|",
        *(f"| {row.what} | {_seconds(row.cpu)} | {_seconds(row.wall)} | {_mebibytes(row.memory)} |" for row in table.rows),
        "",
    ]
    parse, cold = table.cost("ast.parse, garbage collector on"), table.cost("audit, cold, 1 job")
    two = table.cost("audit, cold, 2 jobs")
    parse_off = table.cost("ast.parse, garbage collector off")
    lines += [
        f"- cold CPU / `ast.parse` CPU: {cold.cpu / parse.cpu:.2f} (collector off: {cold.cpu / parse_off.cpu:.2f})",
        f"- one job / two jobs, wall: {cold.wall / two.wall:.2f}",
    ]
    if any(row.what == "Bandit" for row in table.rows):
        bandit = table.cost("Bandit")
        lines.append(f"- Bandit / cold, CPU: {bandit.cpu / cold.cpu:.2f}; wall against two jobs: {bandit.wall / two.wall:.2f}")
    if parse.cpu < START_UP:
        lines.append("- too little code for these ratios to mean anything: starting the processes is most of the time")
    if table.unparsed:
        lines.append(
            f"- {table.unparsed} of the files do not parse with this interpreter; the audit reads them as far as possible"
        )
    return "\n".join([*lines, ""])


def _seconds(value: float) -> str:
    return f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def _mebibytes(value: int) -> str:
    return f"{value / 2**20:.0f} MiB" if value else ""


def main() -> int:
    """Measure and print; 1 when a run failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("code", type=Path, nargs="+")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--no-bandit", action="store_true")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    bandit = not args.no_bandit and importlib.util.find_spec("bandit") is not None
    print(f"{platform.python_implementation()} {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores\n")
    tables = []
    for source in args.code:
        with tempfile.TemporaryDirectory(prefix="counterseal-speed-") as work:
            try:
                table = Bench(source, Path(work), args.repeat).measure(bandit=bandit)
            except CommandError as error:
                print(f"speed.py: {error}", file=sys.stderr)
                return 1
        tables.append(table)
        print(markdown(table), flush=True)
    if args.json:
        args.json.write_text(json.dumps([asdict(table) for table in tables], indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
