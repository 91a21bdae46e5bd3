"""Whoever alters or deletes a line of the audit log is found; a cut tail shows against the head."""

import json
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tools.journal.audit import GENESIS
from tools.journal.errors import JournalFailed
from tools.journal.journal import Journal
from tools.journal.reading import open_read_only

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
    with Journal.open(path.with_name("elsewhere") / "forged.sqlite") as forged:
        for i in range(LINES):
            subject = "plan-9" if i == 2 else f"plan-{i}"
            forged.append_audit(1_000.0 + i, "gate", "pass", subject, {"n": i, "text": "ä"})
        digest = forged.audit_lines()[2].hash
    _tamper(path, "UPDATE audit SET subject = 'plan-9', hash = ? WHERE seq = 3", digest)
    with open_read_only(path) as journal:
        assert journal.verify_audit().first_broken == 4


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("UPDATE audit SET actor = 'somebody' WHERE seq = ?", "not that of its content"),
        ("DELETE FROM audit WHERE seq = ?", "it is missing; line 4 stands in its place"),
    ],
)
def test_what_is_wrong_with_the_first_broken_line_is_said(
    written: Journal, path: Path, sql: str, why: str
) -> None:
    _tamper(path, sql, 3)
    report = written.verify_audit()
    assert report.first_broken == 3
    assert why in report.why


def test_text_that_is_not_utf8_breaks_the_chain_and_not_its_verification(
    written: Journal, path: Path
) -> None:
    _tamper(path, "UPDATE audit SET actor = CAST(x'ff' AS TEXT) WHERE seq = ?", 2)
    with open_read_only(path) as journal:
        assert journal.verify_audit().first_broken == 2


def test_head_that_is_sought_is_found_where_it_stands(written: Journal) -> None:
    hashes = [line.hash for line in written.audit_lines()]
    places = written.check_audit([hashes[0], hashes[4], "f" * 64]).places
    assert places == {hashes[0]: 1, hashes[4]: 5}


def test_long_chain_is_read_in_batches_and_none_is_missed(journal: Journal) -> None:
    with journal.transaction():
        for i in range(2500):
            journal.append_audit(1.0, "x", "y", "z", {"n": i})
    assert [row.seq for row in journal.audit_rows()] == list(range(1, 2501))
    assert [row.seq for row in journal.audit_rows(2400)] == list(range(2400, 2501))
    report = journal.verify_audit()
    assert (report.length, report.first_broken) == (2500, None)


def test_head_is_not_told_inside_a_transaction_that_may_be_taken_back(written: Journal) -> None:
    before = written.audit_head()
    with written.transaction():
        written.append_audit(2_000.0, "x", "y", "z")
        assert written.audit_head() is None
        written._connection.rollback()
        written._connection.execute("BEGIN")
    assert written.audit_head() == before
    assert before is not None
    assert (before.length, before.head) == (LINES, written.verify_audit().head)


def test_journal_is_read_without_a_trace_where_nobody_has_it_open(
    written: Journal, path: Path
) -> None:
    head = written.verify_audit().head
    written.close()
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    with open_read_only(path) as journal:
        assert journal.verify_audit().head == head
        with pytest.raises(JournalFailed):
            journal.append_audit(1.0, "x", "y", "z")
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == before


def test_journal_that_is_being_written_is_read_as_it_is_now(written: Journal, path: Path) -> None:
    with open_read_only(path) as journal:
        written.append_audit(2_000.0, "x", "y", "z")
        assert journal.verify_audit() == written.verify_audit()


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
