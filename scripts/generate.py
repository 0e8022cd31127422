"""Write every generated file anew, or compare each with what is committed (``--check``).

What is generated: one script beside this one for each kind, ``generate_*.py``; each takes ``--check`` and then changes nothing.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> int:
    """Run every generator; 1 when one of them failed or found a file out of date."""
    arguments = sys.argv[1:]
    if arguments not in ([], ["--check"]):
        print("usage: generate.py [--check]", file=sys.stderr)
        return 2
    failed = [
        script.name
        for script in sorted(HERE.glob("generate_*.py"))
        if subprocess.run([sys.executable, str(script), *arguments], check=False, cwd=HERE.parent).returncode
    ]
    if failed:
        print(f"failed: {', '.join(failed)}{'; run: make generated' if arguments else ''}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
