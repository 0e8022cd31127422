"""Every way of registering a route: the framework's own routing table says what is right."""

from __future__ import annotations

import pytest

from tests.surface import aiohttp_samples, fastapi_samples, flask_samples, litestar_samples, starlette_samples
from tests.surface.apps import Sample, real_tables, surface_of

SAMPLES: dict[str, Sample] = {
    f"{framework}: {name}": sample
    for framework, samples in (
        ("flask", flask_samples.SAMPLES),
        ("fastapi", fastapi_samples.SAMPLES),
        ("starlette", starlette_samples.SAMPLES),
        ("aiohttp", aiohttp_samples.SAMPLES),
        ("litestar", litestar_samples.SAMPLES),
    )
    for name, sample in samples.items()
}
HAVE_SEVERAL = {"flask: two applications"}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[tuple[str, str]]]:
    """What the frameworks say."""
    return real_tables(SAMPLES, tmp_path_factory.mktemp("samples"))


@pytest.mark.parametrize("name", SAMPLES)
def test_the_route_table_is_the_frameworks_own(name: str, tables: dict[str, set[tuple[str, str]]]) -> None:
    sample = SAMPLES[name]
    if name not in tables:
        pytest.skip(f"not installed: one of {', '.join(sample.needs)}")
    found = surface_of(sample.files)
    main = next(a.name for a in found.applications)

    assert {(r.method, r.path) for r in found.routes if name not in HAVE_SEVERAL or r.app == main} == tables[name]
    assert not found.not_checked
