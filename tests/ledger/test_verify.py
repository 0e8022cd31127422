from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counterseal.enforce.ledger import (
    Anchor,
    State,
    TamperedError,
    Verification,
    open_ledger,
    parse_key,
    read_anchors,
    reading,
    verify,
)
from counterseal.enforce.ledger import writer as writer_module
from tests.ledger.records import KEY, OTHER_KEY, record

COUNT, SEALED_AT_ONCE = 55, 10
Tamper = Callable[[sqlite3.Connection], object]


@pytest.fixture
def small_seals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkpoints of ten records, so that a small ledger has several."""
    monkeypatch.setattr(writer_module, "SEAL_ROWS", SEALED_AT_ONCE)


def fill(path: Path, *, key: str | None = KEY, count: int = COUNT, start: int = 1, anchor: Path | None = None) -> None:
    with open_ledger(path, key=key, anchor=anchor) as ledger:
        for number in range(start, start + count):
            ledger.append(record(number))


def change(path: Path, tamper: Tamper) -> None:
    """Do what somebody with access to the file can: first the guards go."""
    with closing(sqlite3.connect(path)) as connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        tamper(connection)
        connection.commit()


def check(path: Path, *, key: str | None = KEY, anchors: list[Anchor] | None = None) -> Verification:
    with reading(str(path)) as store:
        return verify(store, [parse_key(key.encode())] if key else [], anchors or [])


def kinds(result: Verification) -> set[str]:
    return {problem.kind for problem in result.problems}


def test_an_untouched_ledger_is_intact(tmp_path: Path, small_seals: None) -> None:
    path = tmp_path / "audit.db"
    fill(path)
    result = check(path)
    assert (result.state, result.problems, result.unchecked) == (State.INTACT, [], [])
    assert result.records == COUNT
    assert result.signed_upto == result.checkpoints >= COUNT // SEALED_AT_ONCE


LINE, OTHER = "UPDATE counterseal_records SET line =", "(SELECT line FROM counterseal_records other WHERE other.position ="
TAMPERS: dict[str, tuple[str, set[int], str]] = {
    "altered": ("altered", {23}, f"{LINE} replace(line, 'user-', 'user_') WHERE position = 23"),
    "deleted": ("deleted", {23}, "DELETE FROM counterseal_records WHERE position = 23"),
    "two deleted": ("deleted", {23, 24}, "DELETE FROM counterseal_records WHERE position IN (23, 24)"),
    "inserted": ("inserted", {0}, f"INSERT INTO counterseal_records VALUES (0, {OTHER} 5))"),  # noqa: S608
    "replaced": ("altered", {23}, f"REPLACE INTO counterseal_records VALUES (23, {OTHER} 5))"),  # noqa: S608
    "reordered": (
        "altered",
        {11, 12},
        (
            "UPDATE counterseal_records SET position = -position WHERE position IN (11, 12);"
            "UPDATE counterseal_records SET position = 23 + position WHERE position < 0"
        ),
    ),
    "moved": ("deleted", {7}, "UPDATE counterseal_records SET position = 900 WHERE position = 7"),
}
BODY = "UPDATE counterseal_checkpoints SET body ="
CHECKPOINT_TAMPERS: dict[str, tuple[str, str]] = {
    "time": ("signature", f"""{BODY} replace(body, '"at":1', '"at":2')"""),
    "first deleted": ("checkpoint-missing", "DELETE FROM counterseal_checkpoints WHERE number = 1"),
    "middle deleted": ("checkpoint-missing", "DELETE FROM counterseal_checkpoints WHERE number = 2"),
    "unreadable": ("checkpoint-altered", f"{BODY} '[' WHERE number = 2"),
    "nested": ("checkpoint-altered", f"{BODY} replace(hex(zeroblob(50000)), '0', '[') WHERE number = 2"),
    "huge count": ("checkpoint-altered", f"""{BODY} replace(body, '"count":', '"count":99999') WHERE number = 2"""),
    "leaves": ("checkpoint-altered", "UPDATE counterseal_checkpoints SET leaves = x'00' WHERE number = 2"),
    "signature": ("signature", "UPDATE counterseal_checkpoints SET signature = 'zz' WHERE number = 2"),
    "no signature": ("signature", "UPDATE counterseal_checkpoints SET signature = ''"),
    "swapped": (
        "checkpoint-altered",
        (
            "UPDATE counterseal_checkpoints SET number = -number WHERE number IN (1, 2);"
            "UPDATE counterseal_checkpoints SET number = 3 + number WHERE number < 0"
        ),
    ),
}


@pytest.mark.parametrize("name", TAMPERS)
def test_tampering_with_records_is_found_and_located(name: str, tmp_path: Path, small_seals: None) -> None:
    kind, records, tamper = TAMPERS[name]
    path = tmp_path / "audit.db"
    fill(path)
    change(path, lambda c: c.executescript(tamper))
    result = check(path)
    assert result.state is State.TAMPERED
    assert {problem.record for problem in result.problems if problem.kind == kind} == records
    assert check(path, key=None).state is State.TAMPERED


@pytest.mark.parametrize("name", CHECKPOINT_TAMPERS)
def test_tampering_with_checkpoints_is_found(name: str, tmp_path: Path, small_seals: None) -> None:
    kind, tamper = CHECKPOINT_TAMPERS[name]
    path = tmp_path / "audit.db"
    fill(path)
    change(path, lambda c: c.executescript(tamper))
    assert kind in kinds(check(path))


def test_records_whose_leaves_and_line_were_changed_are_found(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    fill(path)

    def tamper(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE counterseal_checkpoints SET leaves = zeroblob(length(leaves)) WHERE number = 1")
        connection.execute("UPDATE counterseal_records SET line = '{}' WHERE position = 1")

    change(path, tamper)
    assert kinds(check(path)) == {"checkpoint-altered", "altered"}


def made_anew(path: Path, key: str | None) -> None:
    """Somebody writes the whole ledger again, under the same identifier, without one record."""
    with closing(sqlite3.connect(path)) as connection:
        (identifier,) = connection.execute("SELECT id FROM counterseal_ledger").fetchone()
    path.unlink()
    with open_ledger(path, key=OTHER_KEY):
        pass
    change(path, lambda c: c.execute("UPDATE counterseal_ledger SET id = ?", (identifier,)))
    fill(path, key=key, count=COUNT - 1)


@pytest.mark.parametrize("key", [None, OTHER_KEY])
def test_a_chain_made_anew_without_the_key_is_never_intact(tmp_path: Path, key: str | None) -> None:
    path = tmp_path / "audit.db"
    fill(path)
    made_anew(path, key)
    assert check(path).state is (State.TAMPERED if key is None else State.INCOMPLETE)


def test_anchors_show_a_chain_made_anew_with_the_key(tmp_path: Path, small_seals: None) -> None:
    path, anchor = tmp_path / "audit.db", tmp_path / "anchor.jsonl"
    fill(path, anchor=anchor)
    anchors = read_anchors(anchor)
    assert check(path, anchors=anchors).anchored_upto == len(anchors)
    made_anew(path, KEY)
    assert check(path).state is State.INTACT, "the key alone cannot show it"
    assert "replaced" in kinds(check(path, anchors=anchors))


def test_anchors_show_that_the_end_was_cut_off(tmp_path: Path, small_seals: None) -> None:
    path, anchor = tmp_path / "audit.db", tmp_path / "anchor.jsonl"
    fill(path, anchor=anchor)
    anchors = read_anchors(anchor)

    def tamper(connection: sqlite3.Connection) -> None:
        (body,) = connection.execute("SELECT body FROM counterseal_checkpoints WHERE number = 2").fetchone()
        connection.execute("DELETE FROM counterseal_checkpoints WHERE number > 2")
        connection.execute("DELETE FROM counterseal_records WHERE position > ?", (json.loads(body)["upto"],))

    change(path, tamper)
    assert check(path).state is State.INTACT, "signatures alone cannot show it"
    result = check(path, anchors=anchors)
    assert kinds(result) == {"truncated"}
    assert "records were cut off" in result.problems[0].message


def test_anchors_of_another_ledger_are_not_taken(tmp_path: Path) -> None:
    path, other, anchor = tmp_path / "audit.db", tmp_path / "other.db", tmp_path / "anchor.jsonl"
    fill(path)
    fill(other, anchor=anchor)
    assert kinds(check(path, anchors=read_anchors(anchor))) == {"replaced"}


def test_without_a_key_the_answer_says_what_is_not_proved(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    fill(path, key=None)
    result = check(path, key=None)
    assert result.state is State.INCOMPLETE
    assert "whoever can write the ledger can alter it" in result.unchecked[0]


def test_a_new_key_continues_the_ledger_and_vouches_for_what_is_before(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    fill(path)
    fill(path, key=OTHER_KEY, start=100)
    assert check(path, key=OTHER_KEY).state is State.INTACT
    assert check(path, key=KEY).state is State.INCOMPLETE


def test_records_after_the_last_checkpoint_are_named_as_unsealed(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    fill(path)
    change(path, lambda c: c.execute("INSERT INTO counterseal_records (line) VALUES ('{\"at\":1}')"))
    result = check(path)
    assert (result.state, result.unsealed) == (State.INCOMPLETE, 1)


def test_an_empty_ledger_proves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    fill(path, count=0)
    assert check(path).state is State.INCOMPLETE


def test_pruning_leaves_what_remains_provable(tmp_path: Path, small_seals: None) -> None:
    path, anchor = tmp_path / "audit.db", tmp_path / "anchor.jsonl"
    fill(path, anchor=anchor)
    with open_ledger(path, key=KEY) as ledger:
        pruned = ledger.prune(before=4e9, actor="operator")
        assert pruned.records == COUNT
        ledger.append(record(777))
    result = check(path, anchors=read_anchors(anchor))
    assert (result.state, result.pruned, result.records) == (State.INTACT, COUNT, 2)
    assert result.anchored_upto == pruned.upto_checkpoint
    change(path, lambda c: c.execute("UPDATE counterseal_checkpoints SET body = replace(body, '\"count\":55', '\"count\":54')"))
    assert check(path).state is State.TAMPERED


def test_a_part_can_be_pruned(tmp_path: Path, small_seals: None) -> None:
    path = tmp_path / "audit.db"
    fill(path)
    with closing(sqlite3.connect(path)) as connection:
        (body,) = connection.execute("SELECT body FROM counterseal_checkpoints WHERE number = 3").fetchone()
    statement = json.loads(body)
    with open_ledger(path, key=KEY) as ledger:
        pruned = ledger.prune(before=statement["at"] / 1e6)
    assert pruned.upto_checkpoint == 2
    assert check(path).state is State.INTACT
    change(path, lambda c: c.execute("DELETE FROM counterseal_checkpoints WHERE body LIKE '%prune%'"))
    assert check(path).state is State.TAMPERED


def test_evidence_of_tampering_is_not_pruned(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    fill(path)
    change(path, lambda c: c.executescript(TAMPERS["altered"][2]))
    with open_ledger(path, key=KEY) as ledger, pytest.raises(TamperedError, match="not as sealed"):
        ledger.prune(before=4e9)


def test_rows_cannot_be_changed_by_accident(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    fill(path)
    with closing(sqlite3.connect(path)) as connection:
        for table in ("records", "checkpoints", "ledger"):
            for statement in ("DELETE FROM", "UPDATE"):
                tail = "" if statement == "DELETE FROM" else " SET rowid = rowid"
                with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                    connection.execute(f"{statement} counterseal_{table}{tail}")


COLUMNS = [
    ("counterseal_records", "position"), ("counterseal_records", "line"), ("counterseal_checkpoints", "number"),
    ("counterseal_checkpoints", "body"), ("counterseal_checkpoints", "leaves"), ("counterseal_checkpoints", "signature"),
    ("counterseal_ledger", "id"),
]  # fmt: skip


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("pristine") / "audit.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer_module, "SEAL_ROWS", SEALED_AT_ONCE)
        fill(path)
    return path.read_bytes()


@given(data=st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_single_change_of_a_stored_value_is_found(data: st.DataObject, pristine: bytes, tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    path.write_bytes(pristine)
    table, column = data.draw(st.sampled_from(COLUMNS))

    def tamper(connection: sqlite3.Connection) -> None:
        query = f"SELECT rowid, {column} FROM {table} ORDER BY rowid"  # noqa: S608  names of ours
        rows = connection.execute(query).fetchall()
        rowid, value = data.draw(st.sampled_from(rows))
        changed = data.draw(_another(value).filter(lambda new: new != value and str(new) != str(value)))
        taken = {value for _, value in rows}
        if column in ("position", "number") and changed in taken:
            connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (changed,))  # noqa: S608
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (changed, rowid))  # noqa: S608

    assert check(path).state is State.INTACT
    change(path, tamper)
    result = check(path)
    # Where nothing but the name of the last checkpoint's key was changed, it may as well have been signed with another key.
    assert result.state is State.TAMPERED or "with a key that was not given" in result.unchecked[0]


def _another(value: object) -> st.SearchStrategy[object]:
    if isinstance(value, int):
        return st.one_of(st.integers(-5, 100), st.integers(-(2**63), 2**63 - 1))
    if isinstance(value, bytes):
        return st.one_of(st.binary(max_size=64), _edited(value.hex()).map(lambda text: bytes.fromhex(text[: len(text) // 2 * 2])))
    return st.one_of(st.text(st.characters(codec="utf-8", exclude_characters="\0")), _edited(str(value)), st.binary(max_size=9))


def _edited(text: str) -> st.SearchStrategy[str]:
    """The text with one character exchanged, dropped or doubled."""
    places, puts = st.integers(0, max(0, len(text) - 1)), st.sampled_from(["", "0", "1", "a", "f"])
    return st.builds(lambda place, put: text[:place] + put + text[place + 1 :], places, puts)
