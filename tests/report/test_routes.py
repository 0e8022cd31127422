"""The route table of ``counterseal routes``."""

from __future__ import annotations

import importlib.util
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from counterseal.audit.result import AuditResult, RouteReport
from counterseal.guarantees import Guarantee
from counterseal.report import ReportError, render
from counterseal.report.json_report import schema
from counterseal.report.routes import FORMATS, normalise, render_routes
from tests.report import factory

OPENAPI = json.loads((Path(__file__).parent / "data" / "openapi-3.1-schema.json").read_text("utf-8"))
SCORE = Path(__file__).parents[3] / "shared" / "bench" / "score.py"


def table(result: AuditResult) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = json.loads(render_routes(result, "json"))
    return made


def openapi(result: AuditResult) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(render_routes(result, "openapi"))
    return made


@pytest.mark.parametrize("result", [factory.result(), factory.hostile_result(), factory.empty_result()])
def test_json_is_a_list_of_routes_as_the_schema_says(result: AuditResult) -> None:
    rows = table(result)
    shape = {"type": "array", "items": {"$ref": "#/$defs/route"}, "$defs": schema()["$defs"]}
    jsonschema.Draft202012Validator(shape).validate(rows)
    assert len(rows) == len(result.routes)


def test_json_rows_say_where_and_why() -> None:
    row = table(factory.result())[0]
    assert (row["method"], row["path"], row["kind"], row["framework"]) == ("GET", "/api/users", "http", "fastapi")
    assert row["guarantees"]["authenticated"] == "found"
    assert row["guarantees"]["owned"] == "missing"
    assert row["evidence"]["owned"] == [{"file": "app/routes/users.py", "line": 21, "why": factory.WHY[factory.SIGNS["x"]]}]
    assert "authorized" not in row["evidence"]


@pytest.mark.needs_shared
@pytest.mark.skipif(not SCORE.exists(), reason="the shared benchmark is not on this machine")
def test_the_benchmark_reads_routes_and_findings(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("score", SCORE)
    assert spec
    assert spec.loader
    score = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(score)
    result = factory.result()
    authenticated = [route.guarantees[Guarantee.AUTHENTICATED].state.holds for route in result.routes]
    truth = {
        "routes": [{"method": r.method, "path": r.path, "authn": a} for r, a in zip(result.routes, authenticated, strict=True)]
    }
    scored = score.score_routes(truth, table(result))
    assert scored["authn_right"] == scored["both"] == scored["want"] == len(result.routes)
    sarif = tmp_path / "app.sarif"
    sarif.write_text(render(result, "sarif"), "utf-8")
    found = score.sarif_results(sarif)
    assert [f["route"] for f in found] == [f.route for f in result.findings]
    assert [f["cwes"] for f in found] == [{str(n) for n in f.cwe} for f in result.findings]


@pytest.mark.parametrize("result", [factory.result(300), factory.hostile_result(), factory.empty_result()])
def test_openapi_is_valid_and_loses_no_route(result: AuditResult) -> None:
    made = openapi(result)
    jsonschema.Draft202012Validator(OPENAPI).validate(made)
    operations = [key for item in made["paths"].values() for key in item if key != "parameters"]
    assert len(operations) + len(made["x-counterseal-other-routes"]) == len(result.routes)
    keys = [re.sub(r"\{\w+\}", "{}", path) for path in made["paths"]]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("path", "normal"),
    [
        ("/users/{user_id}", "/users/{user_id}"),
        ("/users/<int:user_id>", "/users/{user_id}"),
        ("/users/<user_id>", "/users/{user_id}"),
        ("/files/{rest:path}", "/files/{rest}"),
        ("/pick/<any(a, b):what>", "/pick/{what}"),
        (r"^users/(?P<pk>[0-9]+)/$", "/users/{pk}/"),
        ("/both/{id}/and/{id}", "/both/{id}/and/{id_}"),
        ("/plain", "/plain"),
    ],
)
def test_path_parameters_are_normalised(path: str, normal: str) -> None:
    assert normalise(path)[0] == normal


def test_openapi_types_follow_the_converters() -> None:
    base = factory.clean_result()
    paths = ("/a/<int:one>", "/b/{two:uuid}", "/c/<float:three>", "/d/{four:path}")
    result = replace(base, routes=tuple(replace(base.routes[0], path=path) for path in paths))
    types = [item["parameters"][0]["schema"] for item in openapi(result)["paths"].values()]
    assert types == [{"type": "integer"}, {"type": "string", "format": "uuid"}, {"type": "number"}, {"type": "string"}]


def test_openapi_keeps_what_it_cannot_express_aside() -> None:
    base = factory.clean_result()

    def named(method: str, path: str) -> RouteReport:
        return replace(base.routes[0], method=method, path=path)

    result = replace(
        base, routes=(named("GET", "/x/{a}"), named("GET", "/x/{b}"), named("WEBSOCKET", "/ws"), named("PURGE", "/cache"))
    )
    made = openapi(result)
    assert list(made["paths"]) == ["/x/{a}"]
    assert [(r["method"], r["path"]) for r in made["x-counterseal-other-routes"]] == [
        ("GET", "/x/{b}"),
        ("WEBSOCKET", "/ws"),
        ("PURGE", "/cache"),
    ]


def test_text_names_every_route_with_its_states() -> None:
    result = factory.result()
    made = render_routes(result, "text", width=200, color=False)
    for route in result.routes:
        assert re.search(rf"^{route.method} +{re.escape(route.path)}$", made, re.MULTILINE)
    assert "found: authenticated, validated, shaped, contained; missing: owned, audited" in made
    assert made.endswith("30 routes, 2 things not checked\n")
    assert "\x1b" not in made
    assert "No routes found" in render_routes(factory.empty_result(), "text", width=80, color=False)


def test_text_of_hostile_code_is_harmless() -> None:
    made = render_routes(factory.hostile_result(), "text", width=100, color=False)
    assert "\x1b" not in made
    assert "\u202e" not in made


def test_unknown_format_names_those_there_are() -> None:
    with pytest.raises(ReportError, match=", ".join(FORMATS)):
        render_routes(factory.clean_result(), "yaml")
