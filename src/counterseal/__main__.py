"""``python -m counterseal``: the command line."""

from __future__ import annotations

import sys

from counterseal.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
