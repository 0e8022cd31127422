"""The same program gives the same surface, whatever order its files come in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from counterseal.audit.surface.model import Surface
from tests.surface.apps import surface_of
from tests.surface.fastapi_samples import SAMPLES as FASTAPI
from tests.surface.flask_samples import SAMPLES as FLASK
from tests.surface.test_ownership import CASES

FILES: dict[str, str | bytes] = {
    **{f"a{i}/{path}": text for i, sample in enumerate(FLASK.values()) for path, text in sample.files.items()},
    **{f"b{i}/{path}": text for i, sample in enumerate(FASTAPI.values()) for path, text in sample.files.items()},
    **{f"c{i}/main.py": head + text for i, (head, good, bad) in enumerate(CASES.values()) for text in (good, bad)},
}
ROOT = Path(__file__).resolve().parent.parent.parent
PICTURE = (
    "import hashlib; from tests.surface.test_determinism import FILES, picture; from tests.surface.apps import surface_of; "
    "print(hashlib.sha256(picture(surface_of(FILES)).encode()).hexdigest())"
)


def picture(found: Surface) -> str:
    """What reports and rules see of a surface, as text."""
    lines = []
    for r in found.routes:
        cells = [(g, c.state, [(e.file, e.line, e.why) for e in c.evidence]) for g, c in r.cells.items()]
        lines.append(repr((r.name, r.handler, r.place, r.app, sorted(r.kinds), r.inputs, r.response_model, cells)))
        lines += [f"  {type(e).__name__} {e.place} {e.function} {sorted(e.facts)} {e.seq}" for e in r.flow.events]
    lines += [repr((s.name, s.place, s.owner)) for s in found.settings]
    lines += [repr((f.function, f.place, len(f.events))) for f in found.flows]
    lines += [repr(n) for n in found.not_checked]
    return "\n".join(lines)


def test_the_order_of_the_files_does_not_matter() -> None:
    backwards = dict(reversed(list(FILES.items())))

    assert picture(surface_of(FILES)) == picture(surface_of(backwards))


def test_the_seed_of_hashes_does_not_matter() -> None:
    seen = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", PICTURE], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=True
        )
        seen.add(done.stdout)

    assert len(seen) == 1
