"""Whoever alters or deletes a line of the audit log is found; a cut tail shows against the head."""

import json
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tools.journal.audit import GENESIS
from tools.journal.journal import Journal

LINES = 6


@pytest.fixture
def written(journal: Journal) -> Journal:
    """Six lines; the incident is opened without one."""
    for i in range(LINES):
        journal.append_audit(1_000.0 + i, "gate", "pass", f"plan-{i}", {"n": i, "text": "ä"})
    return journal


def _tamper(path: Path, sql: str, *values: object) -> None:
    """As somebody with the file in their hands would: the triggers do not hold them."""
    raw = sqlite3.connect(path)
    for trigger in ("audit_is_not_altered", "audit_is_not_deleted"):
        raw.execute(f"DROP TRIGGER {trigger}")
    assert raw.execute(sql, values).rowcount == 1
    raw.commit()
    raw.close()


def test_whole_chain_verifies_and_its_head_is_the_last_hash(written: Journal) -> None:
    report = written.verify_audit()
    assert (report.length, report.first_broken) == (LINES, None)
    lines = written.audit_lines()
    assert report.head == lines[-1].hash
    assert [line.previous for line in lines] == [GENESIS, *(line.hash for line in lines[:-1])]


def test_empty_chain_verifies(journal: Journal) -> None:
    report = journal.verify_audit()
    assert (report.head, report.length, report.first_broken) == (GENESIS, 0, None)


@pytest.mark.parametrize("seq", range(1, LINES + 1))
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("time_s", 5.0),
        ("actor", "somebody"),
        ("action", "refuse"),
        ("subject", "plan-9"),
        ("data", json.dumps({"n": 99})),
        ("data", b"\xff\xfe"),
        ("previous", "f" * 64),
        ("hash", "e" * 64),
        ("seq", 77),
    ],
)
def test_altered_line_is_found(
    written: Journal, path: Path, seq: int, column: str, value: object
) -> None:
    _tamper(path, f"UPDATE audit SET {column} = ? WHERE seq = ?", value, seq)
    assert written.verify_audit().first_broken == seq


@pytest.mark.parametrize("seq", range(1, LINES))
def test_deleted_line_is_found(written: Journal, path: Path, seq: int) -> None:
    _tamper(path, "DELETE FROM audit WHERE seq = ?", seq)
    assert written.verify_audit().first_broken == seq


def test_cut_tail_shows_against_the_head_of_an_earlier_report(written: Journal, path: Path) -> None:
    before = written.verify_audit()
    _tamper(path, "DELETE FROM audit WHERE seq = ?", LINES)
    after = written.verify_audit()
    assert after.first_broken is None
    assert (after.head, after.length) != (before.head, before.length)


def test_altered_line_with_its_own_hash_made_anew_breaks_at_the_next(
    written: Journal, path: Path
) -> None:
    written.close()
    with Journal.open(path.with_name("forged.sqlite")) as forged:
        for i in range(LINES):
            subject = "plan-9" if i == 2 else f"plan-{i}"
            forged.append_audit(1_000.0 + i, "gate", "pass", subject, {"n": i, "text": "ä"})
        digest = forged.audit_lines()[2].hash
    _tamper(path, "UPDATE audit SET subject = 'plan-9', hash = ? WHERE seq = 3", digest)
    with Journal.open(path) as journal:
        assert journal.verify_audit().first_broken == 4


def test_journal_itself_cannot_alter_or_delete_a_line(written: Journal) -> None:
    for sql in ("UPDATE audit SET actor = 'x'", "DELETE FROM audit"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            written._connection.execute(sql)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.text(),
    st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text()),
    st.floats(0, 4e9),
)
def test_any_content_that_is_json_keeps_the_chain_whole(
    journal: Journal, text: str, data: dict[str, int | str | None], time_s: float
) -> None:
    line = journal.append_audit(time_s, "x", "y", text, dict(data))
    report = journal.verify_audit()
    assert (report.head, report.first_broken) == (line.hash, None)
    assert journal.audit_lines()[-1].data == data
