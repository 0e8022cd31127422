"""How much of what people found by hand the audit finds, and how much of what it reports is right.

usage: accuracy.py --apps DIR --shared ../shared [--results DIR] [--classes release|NAME[,NAME...]] [--only APP ...]

DIR holds checkouts of the labelled applications, one folder each, named as in the labels (``vulnbank``, ``dvrestaurant``); those
that ship with the labels need no checkout. Each application is audited with the defaults (no policy), and the scorer that comes
with the labels, ``bench/score.py``, compares the outcome with them.

Two readings of precision when ``--classes`` narrows the labels: *strict* counts every report that fits no label of these
classes as false; *fair* leaves out reports that fit a label of another class, because they are neither hits nor false.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COUNTERSEAL = str(Path(sys.executable).with_name("counterseal"))
FINISHED = {0, 1, 3}  # pass, findings, incomplete

# The labels' classes that this release claims to find. Not among them: what takes data flow (injections, uploads, requests to
# other hosts), business rules, races, dependencies, and the audit trail, which is reported only when a policy asks for it.
RELEASE = frozenset(
    {
        "broken-session",
        "cors-misconfig",
        "csrf",
        "debug-enabled",
        "denial-of-service",
        "excessive-data-exposure",
        "hardcoded-secret",
        "information-leak",
        "insecure-cookie",
        "jwt-misuse",
        "mass-assignment",
        "missing-authentication",
        "missing-authorization",
        "missing-ownership",
        "missing-rate-limit",
        "plaintext-password",
        "predictable-identifier",
        "security-misconfiguration",
        "session-expiration",
        "session-fixation",
        "token-not-revoked",
        "user-enumeration",
        "weak-crypto",
        "weak-password-hash",
        "weak-random",
    }
)

Json = dict[str, Any]


@dataclass(frozen=True)
class App:
    """One labelled application."""

    name: str
    labels: Json
    code: Path


def main() -> int:
    """Audit, score, print; 1 when an application is absent or its audit failed."""
    args = _arguments()
    apps, absent = _applications(args.shared / "bench", args.apps, args.only)
    with tempfile.TemporaryDirectory(prefix="counterseal-accuracy-") as scratch:
        results = args.results or Path(scratch) / "results"
        results.mkdir(parents=True, exist_ok=True)
        failed = [app.name for app in apps if not _audit(app, results)]
        readings = _readings(apps, args.classes, Path(scratch))
        for title, labels in readings.items():
            if title:
                print(f"\n{title}")
            flags = [*(["-v"] if args.verbose else []), *(["--by-class"] if args.by_class else [])]
            score = [sys.executable, str(args.shared / "bench" / "score.py"), str(results), *map(str, labels), *flags]
            sys.stdout.flush()
            subprocess.run(score, check=True)
    for problem, names in {"no checkout": absent, "audit failed": failed}.items():
        if names:
            print(f"{problem}: {', '.join(names)}", file=sys.stderr)
    return 1 if absent or failed or not apps else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--apps", type=Path, required=True, help="folder of checkouts")
    parser.add_argument("--shared", type=Path, default=Path("../shared"), help="folder with bench/labels and bench/score.py")
    parser.add_argument("--results", type=Path, help="keep <app>.sarif and <app>.routes.json here")
    parser.add_argument("--classes", default="", help="'release', or classes of the labels, joined by commas")
    parser.add_argument("--only", nargs="+", default=[], help="these applications only")
    parser.add_argument("-v", "--verbose", action="store_true", help="list what was missed and what was false")
    parser.add_argument("--by-class", action="store_true")
    return parser.parse_args()


def _applications(bench: Path, checkouts: Path, only: list[str]) -> tuple[list[App], list[str]]:
    """The labelled applications whose code is at hand, and the names of the others."""
    apps, absent = [], []
    for file in sorted((bench / "labels").glob("*.json")):
        labels = json.loads(file.read_text(encoding="utf-8"))
        name = labels["app"]
        if only and name not in only:
            continue
        code = next((place for place in (checkouts / name, bench / "apps" / name) if place.is_dir()), None)
        if code is None:
            absent.append(name)
        else:
            apps.append(App(name, labels, code))
    return apps, absent + sorted(set(only) - {app.name for app in apps} - set(absent))


def _audit(app: App, results: Path) -> bool:
    """Write the findings and the route table of one application; only what lies in the labelled part can be judged."""
    sarif, table = results / f"{app.name}.sarif", results / f"{app.name}.routes.json"
    for command in (
        ["audit", str(app.code), "--no-cache", "--quiet", "--format", "sarif", "-o", str(sarif)],
        ["routes", str(app.code), "--format", "json", "-o", str(table)],
    ):
        run = subprocess.run([COUNTERSEAL, *command], capture_output=True, text=True, check=False)
        if run.returncode not in FINISHED:
            print(f"{app.name}: counterseal {command[0]} ended with {run.returncode}\n{run.stderr[-2000:]}", file=sys.stderr)
            return False
        if run.returncode == 3:
            print(f"{app.name}: counterseal {command[0]}: incomplete (exit code 3)", file=sys.stderr)
    if part := app.labels.get("subdir"):
        _narrow(sarif, table, f"{part.strip('/')}/")
    return True


def _narrow(sarif: Path, table: Path, part: str) -> None:
    log = json.loads(sarif.read_text(encoding="utf-8"))
    for run in log["runs"]:
        run["results"] = [result for result in run.get("results", []) if _file(result).startswith(part)]
    sarif.write_text(json.dumps(log), encoding="utf-8")
    routes = json.loads(table.read_text(encoding="utf-8"))
    table.write_text(json.dumps([route for route in routes if str(route["file"]).startswith(part)]), encoding="utf-8")


def _file(result: Json) -> str:
    return str(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])


def _readings(apps: list[App], classes: str, scratch: Path) -> dict[str, list[Path]]:
    """Label files for each reading, by its title."""
    if not classes:
        return {"": [_write(scratch / "all", app, app.labels["findings"]) for app in apps]}
    wanted = RELEASE if classes == "release" else frozenset(classes.split(","))
    if unknown := wanted - RELEASE - {label["class"] for app in apps for label in app.labels["findings"]}:
        print(f"no label has the class: {', '.join(sorted(unknown))}", file=sys.stderr)
    strict, fair = {}, {}
    for app in apps:
        strict[app.name] = _write(
            scratch / "strict", app, [label for label in app.labels["findings"] if label["class"] in wanted]
        )
        # A report that fits an optional label is neither a hit nor false. A trap stays a trap, whatever its class.
        eased = [
            label if label["class"] in wanted or not label["is_vulnerable"] else {**label, "optional": True}
            for label in app.labels["findings"]
        ]
        fair[app.name] = _write(scratch / "fair", app, eased)
    named = f"{len(wanted)} classes" if classes == "release" else classes
    return {f"strict, {named}:": list(strict.values()), f"fair, {named}:": list(fair.values())}


def _write(folder: Path, app: App, findings: list[Json]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{app.name}.json"
    target.write_text(json.dumps({**app.labels, "findings": findings}), encoding="utf-8")
    return target


if __name__ == "__main__":
    sys.exit(main())
