"""Every way of registering a route: the framework's own routing table says what is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.surface import fastapi_samples, flask_samples, starlette_samples
from tests.surface.apps import Sample, real_table, surface_of

SAMPLES: dict[str, Sample] = {
    f"{framework}: {name}": sample
    for framework, samples in (
        ("flask", flask_samples.SAMPLES),
        ("fastapi", fastapi_samples.SAMPLES),
        ("starlette", starlette_samples.SAMPLES),
    )
    for name, sample in samples.items()
}
HAVE_SEVERAL = {"flask: two applications"}


@pytest.mark.parametrize("name", SAMPLES)
def test_the_route_table_is_the_frameworks_own(name: str, tmp_path: Path) -> None:
    sample = SAMPLES[name]
    found = surface_of(sample.files)
    apps = {r.app for r in found.routes}
    main = next((a.name for a in found.applications), "")
    routes = {(r.method, r.path) for r in found.routes if name not in HAVE_SEVERAL or r.app == main}

    assert routes == real_table(sample, tmp_path)
    assert len(apps) >= 1
    assert not found.not_checked
