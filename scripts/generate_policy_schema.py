"""Write the JSON Schema of the policy beside its model, or compare it with the committed one (``--check``)."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from counterseal.policy import schema

TARGET = Path(__file__).parent.parent / "src" / "counterseal" / "policy" / "counterseal.schema.json"


def main() -> int:
    """Write or compare; 1 when the committed schema is not the current one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when the committed file is out of date")
    wanted = json.dumps(schema(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    if parser.parse_args().check:
        if TARGET.is_file() and TARGET.read_text(encoding="utf-8") == wanted:
            return 0
        print(f"{TARGET.name} is out of date: run python scripts/{Path(__file__).name}", file=sys.stderr)
        return 1
    TARGET.write_text(wanted, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
