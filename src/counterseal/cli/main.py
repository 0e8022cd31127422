"""Where the process begins and ends: every outcome becomes an exit code, every failure one clear line.

Nothing outside the standard library is imported here before it is known to be there: the run-time core is installed without the
analysis, and then the command has to say so.
"""

from __future__ import annotations

import gc
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from counterseal.cli.session import Session

WRONG, INTERRUPTED = 2, 130
"""Exit codes: the call or the configuration is wrong; interrupted (128 and the number of SIGINT)."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. ``arguments``: those of the process when they are not given. Returns the exit code."""
    session = Session()
    gc.disable()  # a run ends within seconds, and nearly all that it makes lives until then
    try:
        from counterseal.cli.app import run

        return run(session, arguments)
    except KeyboardInterrupt:
        return _fail("Interrupted. Nothing was written.", INTERRUPTED)
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        if session.debug or module in ("", "counterseal"):
            return _defect(error, session)
        return _fail(f"Error: this needs {module}, which is not installed; run: pip install 'counterseal[audit]'")
    except Exception as error:  # noqa: BLE001 (the last resort: whatever it is, the user gets a line and the right exit code)
        return _defect(error, session)


def _defect(error: Exception, session: Session) -> int:
    """A failure that nobody foresaw. Its message stays out, because it may quote the audited code."""
    if session.debug:
        traceback.print_exception(error)
        return WRONG
    frame = traceback.extract_tb(error.__traceback__)[-1]
    if isinstance(error, MemoryError):
        return _fail("Error: there is not enough memory; audit a part of the code, or use --jobs 1")
    what = f"{type(error).__name__} in {Path(frame.filename).name}:{frame.lineno}"
    return _fail(f"Error: this is a bug in Counterseal ({what}); please report it with what --debug shows")


def _fail(line: str, code: int = WRONG) -> int:
    sys.stderr.write(f"{line}\n")
    return code
