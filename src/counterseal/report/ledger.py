"""The audit trail for people and for other programs.

What it holds came from callers: nothing of it may steer a terminal or a spreadsheet.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from counterseal.enforce.core.record import Record
from counterseal.enforce.ledger import Entry, State, Verification
from counterseal.enforce.ledger.encoding import FIELDS, OBJECTS
from counterseal.enforce.ledger.times import written_time
from counterseal.report.clean import visible

EXIT_CODES = {State.INTACT: 0, State.TAMPERED: 1, State.INCOMPLETE: 3}
COLUMNS = (("number", 8), ("time", 24), ("outcome", 9), ("actor", 16), ("action", 24), ("object", 24), ("status", 6))
"""The columns of the table and how wide they are at least."""
# What makes a spreadsheet take a cell for a formula (OWASP, CSV Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_SAYS = {
    State.INTACT: "Intact: every record is as it was sealed.",
    State.TAMPERED: "TAMPERED: the ledger is not as it was written.",
    State.INCOMPLETE: "Incomplete: nothing wrong was found, and not everything could be checked.",
}


def heading() -> str:
    """The first line of the table."""
    return "  ".join([name.upper().ljust(width) for name, width in COLUMNS] + ["REASON, CLIENT, REQUEST, DETAILS"]) + "\n"


def row(entry: Entry) -> str:
    """One line of the table."""
    record = entry.record
    if record is None:
        return f"{str(entry.number).ljust(COLUMNS[0][1])}  unreadable: {visible(entry.line)}\n"
    thing = ":".join(part for part in (record.object_type, record.object_id) if part is not None)
    actor = record.actor or "-"
    if record.on_behalf_of is not None:
        actor += f" for {record.on_behalf_of}"
    status = "-" if record.status is None else str(record.status)
    cells = [str(entry.number), written_time(record.at), record.outcome, actor, record.action, thing or "-", status]
    padded = [visible(cell).ljust(width) for cell, (_, width) in zip(cells, COLUMNS, strict=True)]
    return ("  ".join([*padded, visible(_rest(record))])).rstrip() + "\n"


def _rest(record: Record) -> str:
    parts = [part for part in (record.reason, record.client, record.request_id) if part]
    parts += [f"{name}={json.dumps(dict(value))}" for name in OBJECTS if (value := getattr(record, name))]
    return "  ".join(parts)


def json_lines(entries: Iterable[Entry]) -> Iterator[str]:
    """One JSON object a line: the record as it is stored, and its number. ASCII only."""
    for entry in entries:
        if entry.record is None:
            yield json.dumps({"number": entry.number, "unreadable": entry.line}) + "\n"
        else:
            yield f'{{"number":{entry.number},{entry.line[1:]}\n'


def comma_separated(entries: Iterable[Entry]) -> Iterator[str]:
    """CSV (RFC 4180) with a heading; cells that a spreadsheet would compute begin with an apostrophe."""
    yield _csv(["number", "time", *FIELDS[1:]])
    for entry in entries:
        record = entry.record
        if record is None:
            yield _csv([str(entry.number), "unreadable", entry.line])
            continue
        cells = [str(entry.number), written_time(record.at)]
        for name in FIELDS[1:]:
            value = getattr(record, name)
            cells.append((json.dumps(dict(value)) if value else "") if name in OBJECTS else "" if value is None else str(value))
        yield _csv(cells)


def _csv(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow([visible(f"'{cell}" if cell.startswith(_FORMULA) else cell) for cell in cells])
    return text.getvalue()


def verification_json(result: Verification) -> str:
    """The outcome for programs."""
    return json.dumps({"state": result.state, **asdict(result)}, indent=2) + "\n"


def verification_text(result: Verification) -> str:
    """The outcome for people: what was checked, what is wrong, what could not be checked, and the answer."""
    lines = [
        f"Ledger {visible(result.ledger)}",
        f"  {result.records:,} sealed records in {result.checkpoints:,} checkpoints",
    ]
    if result.signed_at is not None:
        lines.append(f"  signatures hold up to checkpoint {result.signed_upto}, made {written_time(result.signed_at / 1e6)}")
    if result.anchored_upto:
        lines.append(f"  the anchors' heads are in it, up to checkpoint {result.anchored_upto}")
    if result.pruned:
        lines.append(f"  {result.pruned:,} older records were pruned; a tombstone proves it")
    lines += [f"  {visible(note)}" for note in result.notes]
    lines += [f"  WRONG: {visible(problem.message)}" for problem in result.problems]
    if result.problem_count > len(result.problems):
        lines.append(f"  WRONG: and {result.problem_count - len(result.problems):,} more")
    lines += [f"  not checked: {visible(text)}" for text in result.unchecked]
    return "\n".join([*lines, _SAYS[result.state], ""])
