"""Bandit's reports in the form that the scorer reads, to compare on the same applications in the same run.

usage: peer.py --apps DIR --shared ../shared --results DIR [--only APP ...]

Writes ``<app>.sarif`` for every labelled application: one result for every report of Bandit (tests left out, as we leave them
out), with the CWE that Bandit itself names. Score the folder with ``../shared/bench/score.py``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

BANDIT = str(Path(sys.executable).with_name("bandit"))
EXCLUDED = ("tests", "test", ".venv", "node_modules")


def main() -> int:
    """Run Bandit over the applications; 1 when it failed on one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--apps", type=Path, required=True)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=[])
    args = parser.parse_args()
    args.results.mkdir(parents=True, exist_ok=True)
    status = 0
    for labels in sorted((args.shared / "bench" / "labels").glob("*.json")):
        app = labels.stem
        shipped = args.shared / "bench" / "apps" / app
        code = shipped if shipped.is_dir() else args.apps / app
        if code.is_dir() and (not args.only or app in args.only):
            status |= _run(code, args.results / f"{app}.sarif")
    return status


def _run(code: Path, target: Path) -> int:
    left_out = ",".join(f"*/{name}/*" for name in EXCLUDED)
    command = [BANDIT, "-q", "-r", ".", "-f", "json", "--exit-zero", "-x", left_out]
    done = subprocess.run(command, cwd=code, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"bandit failed on {code.name}: {done.stderr.strip()[-200:]}", file=sys.stderr)
        return 1
    results = [
        {
            "ruleId": found["test_id"],
            "message": {"text": found["issue_text"]},
            "properties": {"cwe": [str(found.get("issue_cwe", {}).get("id", ""))]},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": found["filename"].removeprefix("./")},
                        "region": {"startLine": found["line_number"], "endLine": max(found["line_range"])},
                    }
                }
            ],
        }
        for found in json.loads(done.stdout)["results"]
    ]
    driver = {"name": "bandit", "rules": []}
    document = {"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}
    target.write_text(json.dumps(document), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
