from __future__ import annotations

import csv
import json
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from counterseal.enforce.core.record import Outcome
from counterseal.enforce.ledger import open_ledger
from tests.cli.command import COMMAND, counterseal, environment, one_line
from tests.ledger.records import KEY, START, record
from tests.ledger.test_verify import change

ESCAPE = "\x1b]0;owned\x07\x1b[31malice\u202e"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_text(KEY, encoding="utf-8")
    return path


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "audit.db"
    with open_ledger(path, key=KEY, anchor=tmp_path / "anchor.jsonl") as opened:
        for number in range(20):
            opened.append(record(number))
        opened.append(record(20, outcome=Outcome.DENIED, actor=ESCAPE, reason="not-owner", status=403))
        opened.append(record(21, actor="=cmd|' /C calc'!A0", changes={"newPassword": "hunter2", "email": "a@example.com"}))
    return path


def test_an_intact_ledger_is_0(ledger: Path, key_file: Path, tmp_path: Path) -> None:
    run = counterseal("ledger", "verify", ledger, "--key-file", key_file, "--anchor", tmp_path / "anchor.jsonl")
    assert run.returncode == 0, run.stderr
    assert "22 sealed records" in run.stdout
    assert run.stdout.endswith("Intact: every record is as it was sealed.\n")
    by_variable = counterseal("ledger", "verify", ledger, env={"COUNTERSEAL_LEDGER_KEY_FILE": str(key_file)})
    assert by_variable.returncode == 0


def test_a_changed_one_is_1_and_names_the_record(ledger: Path, key_file: Path) -> None:
    change(
        ledger, lambda c: c.execute("UPDATE counterseal_records SET line = replace(line, 'user-2', 'user-3') WHERE position = 10")
    )
    run = counterseal("ledger", "verify", ledger, "--key-file", key_file, "--format", "json")
    assert run.returncode == 1
    report = json.loads(run.stdout)
    assert report["state"] == "tampered"
    assert [problem["record"] for problem in report["problems"]] == [10]
    assert "record 10 was altered" in counterseal("ledger", "verify", ledger, "--key-file", key_file).stdout


def test_without_the_key_it_is_3_and_says_why(ledger: Path) -> None:
    run = counterseal("ledger", "verify", ledger)
    assert run.returncode == 3
    assert "signed with a key that was not given" in run.stdout


def test_a_public_key_is_enough_to_verify(tmp_path: Path) -> None:
    private = Ed25519PrivateKey.generate()
    public, path = tmp_path / "audit.pub", tmp_path / "audit.db"
    public.write_bytes(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with open_ledger(path, key=private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())) as opened:
        opened.append(record(1))
    assert counterseal("ledger", "verify", path, "--public-key-file", public).returncode == 0
    change(path, lambda c: c.execute("UPDATE counterseal_checkpoints SET signature = replace(signature, 'a', 'b')"))
    assert counterseal("ledger", "verify", path, "--public-key-file", public).returncode == 1


WRONG: list[tuple[Sequence[str], str]] = [
    (("verify", "absent.db"), "there is no absent.db"),
    (("verify", "empty.db"), "empty.db cannot be used: no such table"),
    (("verify", "key"), "not a database"),
    (("verify", "audit.db", "--key-file", "absent"), "cannot read the key file absent"),
    (("verify", "audit.db", "--key-file", "short"), "the least"),
    (("verify", "audit.db", "--public-key-file", "key"), "no public key"),
    (("verify", "audit.db", "--anchor", "notes"), "is no anchor"),
    (("verify", "audit.db", "--anchor", "empty.db"), "holds no anchor"),
    (("show", "mysql://u:s3cret@h/d"), "no address of a ledger"),
    (("show", "postgresql://u:s3cret@127.0.0.1:1/d"), "Connection refused"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_a_wrong_call_is_2_in_one_line(arguments: Sequence[str], message: str, ledger: Path, key_file: Path) -> None:
    (ledger.parent / "empty.db").touch()
    (ledger.parent / "notes").write_text("remember the milk\n", encoding="utf-8")
    (ledger.parent / "short").write_text("hunter2hunter2", encoding="utf-8")
    run = counterseal("ledger", *arguments, cwd=ledger.parent)
    assert run.returncode == 2
    assert message in one_line(run.stderr)
    assert "s3cret" not in run.stderr
    assert "hunter2" not in run.stderr


def test_show_shows_the_newest_and_lets_nothing_steer_the_terminal(ledger: Path) -> None:
    run = counterseal("ledger", "show", ledger, "-n", "3")
    assert run.returncode == 0
    assert len(run.stdout.splitlines()) == 4
    assert run.stdout.replace("\n", "").isprintable()
    assert r"\x1b]0;owned\x07\x1b[31malice\u202e" in run.stdout
    assert "hunter2" not in run.stdout


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--actor", "user-3"], ["3", "10", "17"]),
        (["--actor", ESCAPE], ["20"]),
        (["--outcome", "denied"], ["20"]),
        (["--object", "User:7"], ["7"]),
        (["--object", "User", "--since", "2026-09-21T14:13:39Z"], ["19", "20", "21"]),
        (["--since", "2026-09-21T16:13:30+02:00", "--until", "2026-09-21T14:13:32"], ["10", "11"]),
        (["--request", "request-4"], ["4"]),
        (["--action", "profile"], []),
        (["--object", "Invoice"], []),
    ],
)
def test_filters(options: list[str], expected: list[str], ledger: Path) -> None:
    assert START == 1_790_000_000
    run = counterseal("ledger", "export", ledger, *options)
    assert [json.loads(line)["object_id"] for line in run.stdout.splitlines()] == expected


def test_a_record_that_was_made_unreadable_hides_from_no_filter(ledger: Path) -> None:
    change(ledger, lambda c: c.execute("UPDATE counterseal_records SET line = ? WHERE position = 5", ('{"actor":"user-3"}\x1b',)))
    assert r"5         unreadable: {\"actor\":\"user-3\"}\x1b".replace('\\"', '"') in counterseal("ledger", "show", ledger).stdout
    exported = counterseal("ledger", "export", ledger, "--actor", "user-3").stdout.splitlines()
    assert json.loads(exported[1])["unreadable"] == '{"actor":"user-3"}\x1b'


def test_csv_holds_no_formula(ledger: Path) -> None:
    rows = list(csv.DictReader(counterseal("ledger", "export", ledger, "--format", "csv").stdout.splitlines()))
    assert len(rows) == 22
    assert rows[21]["actor"] == "'=cmd|' /C calc'!A0"
    assert json.loads(rows[21]["changes"]) == {"newPassword": "[redacted]", "email": "a@example.com"}
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


def test_exported_anchors_are_what_verify_takes(ledger: Path, key_file: Path, tmp_path: Path) -> None:
    exported = tmp_path / "exported.jsonl"
    exported.write_text(counterseal("ledger", "export", ledger, "--anchors").stdout, encoding="utf-8")
    assert exported.read_text(encoding="utf-8") == (tmp_path / "anchor.jsonl").read_text(encoding="utf-8")
    assert counterseal("ledger", "verify", ledger, "--key-file", key_file, "--anchor", exported).returncode == 0


def test_follow_goes_on_with_what_is_added(ledger: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "ledger", "show", str(ledger), "-n", "1", "--follow"], stdout=subprocess.PIPE, text=True, env=environment()
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("NUMBER")
        assert process.stdout.readline().startswith("22 ")
        with open_ledger(ledger, key=KEY) as opened:
            opened.append(record(99, at=time.time()))
            assert "User:99" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(timeout=10) == 130
        finally:
            process.kill()


def test_in_postgresql_too(postgresql: str, key_file: Path) -> None:
    with open_ledger(postgresql, key=KEY) as opened:
        for number in range(5):
            opened.append(record(number))
        opened.append(record(1790, at=START, actor='a"b\\%s'))
    assert counterseal("ledger", "verify", postgresql, "--key-file", key_file).returncode == 0
    shown = counterseal("ledger", "export", postgresql, "--actor", 'a"b\\%s', "--since", "2020-01-01").stdout
    assert json.loads(shown)["object_id"] == "1790"
    assert len(counterseal("ledger", "show", postgresql, "-n", "2").stdout.splitlines()) == 3
