"""The report for programs."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from counterseal.report import render
from counterseal.report.json_report import SCHEMA, schema
from tests.report import factory
from tests.report.test_render import SAMPLES

VALIDATOR = jsonschema.Draft202012Validator(schema())


def report(sample: str, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(render(SAMPLES[sample], "json", **more))
    return made


def test_the_schema_is_a_schema_and_is_strict_about_states() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    broken = report("small")
    broken["routes"][0]["guarantees"]["owned"] = "fine"
    assert not VALIDATOR.is_valid(broken)
    del broken["routes"][0]["guarantees"]["owned"]
    assert not VALIDATOR.is_valid(broken)


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("code", [None, 0, 1, 3])
def test_every_report_fits_its_schema(sample: str, code: int | None) -> None:
    made = report(sample, exit_code=code)
    VALIDATOR.validate(made)
    assert made["schema"] == SCHEMA == "counterseal-audit/1"
    assert made["exit_code"] == code


def test_the_schema_knows_every_field_that_is_written() -> None:
    """A field that the schema does not name would be undocumented."""

    def unknown(value: Any, shape: dict[str, Any], at: str) -> list[str]:
        if "$ref" in shape:
            shape = shape | schema()["$defs"][shape["$ref"].rsplit("/", 1)[1]]
        if isinstance(value, list):
            return [name for item in value for name in unknown(item, shape.get("items", {}), at)]
        if not isinstance(value, dict) or ("additionalProperties" in shape and "properties" not in shape):
            return []
        known = shape["properties"]
        own = [f"{at}.{name}" for name in value if name not in known]
        return own + [n for name, item in value.items() if name in known for n in unknown(item, known[name], f"{at}.{name}")]

    assert unknown(report("usual"), schema(), "") == []


def test_the_audited_text_is_exact() -> None:
    made = report("hostile")
    paths = [route["path"] for route in made["routes"]]
    exact = [f"/x/{text}" for text in factory.HOSTILE]
    same = [one == other for one, other in zip(paths, exact, strict=True)]
    assert same.count(False) == 1  # lone surrogates, which no JSON parser but ours accepts
    assert paths[same.index(False)] == r"/x/bad bytes \udc80\udcff\ud800"


def test_incomplete_is_a_value() -> None:
    assert report("usual")["incomplete"] is True
    assert report("empty")["incomplete"] is True
    assert report("clean")["incomplete"] is False


def test_findings_carry_code_and_every_detail() -> None:
    finding = report("usual")["findings"][0]
    assert finding["code"][0] == {
        "line": finding["line"],
        "text": '@router.put("/api/invoices/{invoice_id}/members/{member_id}")',
    }
    assert finding["severity"] == "critical"
    assert finding["priority"] == 1
    assert finding["cwe"] == [306, 284]
    assert finding["fingerprint"]
