"""What a record becomes: its line, what is left out of it, and that it comes back as it was."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterseal.enforce.core.errors import ConfigurationError
from counterseal.enforce.core.record import Outcome, Record
from counterseal.enforce.core.redaction import Redactor
from counterseal.enforce.ledger import State, open_ledger, parse_key, parse_public_key, reading, verify
from counterseal.enforce.ledger.encoding import FIELDS, MAX_OBJECT, Encoder, decode
from counterseal.policy.sensitive import DEFAULTS
from tests.ledger.records import KEY, record

ENCODE = Encoder(Redactor()).encode
_text = st.text(max_size=40)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | _text,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "email", "naïve", "\x00"]), inner, max_size=4)
    ),
    max_leaves=8,
)
_objects = st.dictionaries(st.sampled_from(["a", "name", "note\n", "Zeile"]), _json, max_size=4)
_optional = st.none() | _text
records = st.builds(
    Record,
    action=_text,
    outcome=st.sampled_from(Outcome),
    at=st.integers(0, 4 * 10**15).map(lambda microseconds: microseconds / 1e6),
    **dict.fromkeys([field.name for field in fields(Record) if "str | None" in str(field.type)], _optional),
    status=st.none() | st.integers(100, 599),
    changes=_objects,
    details=_objects,
)


@given(records)
def test_a_line_is_ascii_on_one_line_and_comes_back_as_the_record(original: Record) -> None:
    line = ENCODE(original)
    assert line.isascii()
    assert line.isprintable()
    assert decode(line) == original
    assert ENCODE(decode(line)) == line


def test_every_field_of_a_record_is_in_its_line() -> None:
    assert {field.name for field in fields(Record)} == set(FIELDS)
    whole = record(1, on_behalf_of="b", reason="r", changes={"a": 1}, details={"b": 2})
    assert set(json.loads(ENCODE(whole))) == set(FIELDS)


@given(st.lists(records, max_size=30))
def test_an_untouched_ledger_always_verifies(tmp_path_factory: pytest.TempPathFactory, many: list[Record]) -> None:
    path = tmp_path_factory.mktemp("untouched") / "audit.db"
    with open_ledger(path, key=KEY) as ledger:
        for each in many:
            ledger.append(each)
    with reading(str(path)) as store:
        result = verify(store, [parse_key(KEY.encode())])
    assert (result.problems, result.records) == ([], len(many))
    assert result.state is (State.INTACT if many else State.INCOMPLETE)


NO_LINES = [
    "", "[]", "{}", "null", "[" * 99_999, '{"at":"x","action":"a","outcome":"denied"}', '{"at":1,"action":"a","outcome":"odd"}',
    '{"at":1,"action":{},"outcome":"denied"}', '{"at":1,"action":"a","outcome":"denied","more":1}',
    '{"at":1' + "0" * 400 + ',"action":"a","outcome":"denied"}', '{"at":1,"action":"a","outcome":"denied","changes":[]}',
]  # fmt: skip


@pytest.mark.parametrize("line", NO_LINES, ids=range(len(NO_LINES)))
def test_what_is_no_line_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"not the line|Expecting|not a valid Outcome"):
        decode(line)


@pytest.mark.parametrize("at", [math.nan, math.inf, -1.0, 1.79e12])
def test_a_time_that_is_none_is_refused(at: float) -> None:
    with pytest.raises(ValueError, match="seconds since the epoch"):
        ENCODE(record(1, at=at))


def kept(changes: Mapping[str, Any]) -> Any:
    return json.loads(ENCODE(record(1, changes=changes)))["changes"]


@pytest.mark.parametrize("name", sorted(DEFAULTS))
def test_sensitive_fields_are_redacted(name: str) -> None:
    camel = "".join(part.title() for part in name.split("_"))
    for written in (name, f"new_{name}", f"{name}_again", camel, name.upper(), name.replace("_", "-")):
        assert kept({"user": [{written: {"value": "s3cret"}}]}) == {"user": [{written: "[redacted]"}]}


def test_other_fields_are_kept() -> None:
    assert kept({"email": "a@b.c", "tokens_used": 3, "spinner": 1}) == {"email": "a@b.c", "tokens_used": 3, "spinner": 1}


def test_the_application_can_say_what_is_sensitive() -> None:
    by_names = Encoder(Redactor({"diagnosis"})).encode(record(1, changes={"mainDiagnosis": 1, "password": 2}))
    assert json.loads(by_names)["changes"] == {"mainDiagnosis": "[redacted]", "password": 2}
    by_test = Encoder(Redactor(lambda name: name.startswith("x_"))).encode(record(1, details={"x_a": 1, "y": 2}))
    assert json.loads(by_test)["details"] == {"x_a": "[redacted]", "y": 2}


class _Secretive:
    def __repr__(self) -> str:
        return "password=s3cret"


def test_what_json_does_not_know_becomes_text_or_a_class_and_never_a_secret() -> None:
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    found = kept(
        {
            "error": ValueError("password=s3cret"),
            "object": _Secretive(),
            "bytes": b"s3cret",
            "nan": math.nan,
            "when": moment,
            "price": Decimal("1.10"),
            "id": UUID(int=1),
            "outcome": Outcome.DENIED,
            "set": {"a"},
        }
    )
    assert found == {
        "error": "[ValueError]",
        "object": "[_Secretive]",
        "bytes": "[6 bytes]",
        "nan": "nan",
        "when": str(moment),
        "price": "1.10",
        "id": str(UUID(int=1)),
        "outcome": "denied",
        "set": ["a"],
    }


def test_everything_is_bounded() -> None:
    deep: Any = "end"
    for _ in range(100_000):
        deep = [deep]
    found = kept({"text": "x" * 10**6, "list": list(range(10**5)), "deep": deep})
    assert len(found["text"]) < 1100
    assert found["list"][50:] == ["[99950 more]"]
    assert "[too deep]" in json.dumps(found["deep"])
    assert kept({str(number): number for number in range(1000)})["[more]"] == 950
    large = kept({f"field{number}": ["x" * 900] * 50 for number in range(50)})
    assert list(large) == ["[too large]"]
    everything = ENCODE(record(1, actor="a" * 10**6, reason="é" * 10**6, changes={"x": ["y" * 999] * 15}, details={}))
    assert len(everything) < 10 * 6 * 1100 + 2 * MAX_OBJECT


def test_identifiers_that_are_no_text_become_one() -> None:
    line: Any = ENCODE(record(1, object_id=42, actor=UUID(int=5)))
    assert (decode(line).object_id, decode(line).actor) == ("42", str(UUID(int=5)))


@pytest.mark.parametrize("weak", ["", "hunter2", "a" * 64, "abab" * 16, "k" * 31])
def test_weak_keys_are_refused_and_not_repeated(weak: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"bytes|random") as caught:
        open_ledger(tmp_path / "audit.db", key=weak)
    assert weak == "" or weak not in str(caught.value)


def test_an_empty_variable_is_a_mistake_and_not_a_ledger_without_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERSEAL_LEDGER_KEY", "")
    with pytest.raises(ConfigurationError):
        open_ledger(tmp_path / "audit.db")


def test_a_key_of_another_kind_is_refused() -> None:
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    private = generate_private_key(65537, 2048)
    with pytest.raises(ConfigurationError, match="another kind"):
        parse_key(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(ConfigurationError, match="another kind"):
        parse_public_key(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(ConfigurationError, match="can be read"):
        parse_key(b"-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----")


@pytest.mark.parametrize("url", ["", ":memory:", "sqlite://", "sqlite:///:memory:", "mysql://h/d", "/no/such/folder/audit.db"])
def test_addresses_that_cannot_work(url: str) -> None:
    with pytest.raises(ConfigurationError):
        open_ledger(url, key=KEY)
