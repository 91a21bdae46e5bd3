"""Rows are sealed with a key of their own: whoever writes past the journal is found."""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.tools.journal.conftest import OPENED_S, incident
from tests.tools.journal.test_journal import _answer, _plan
from tools.journal.errors import JournalFailed, NotOurJournal
from tools.journal.journal import Journal
from tools.journal.lease_rows import Since
from tools.journal.mark import mark_file
from tools.journal.reading import open_read_only
from tools.journal.records import Signature
from tools.journal.signing_key import KEY_FILE, make_key
from twin.errors import BadInput
from twin.nouns.incident import Phase
from twin.nouns.principal import OS_USER, Principal

DORA = Principal(name="dora", provider=OS_USER)


def _past_us(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        for statement in statements:
            file.execute(statement)


def _key(path: Path) -> Path:
    return path.with_name(KEY_FILE)


def test_everything_that_the_journal_writes_is_sealed(journal: Journal) -> None:
    plan = _plan()
    journal.request_approval(plan, OPENED_S, OPENED_S + 600)
    journal.answer(_answer("erin"))
    journal.set_phase(plan.incident_id, Phase.AWAITING_APPROVAL)
    journal.block("network:x", "why", 1)
    journal.block("network:x", "another reason", -0.0)
    journal.unblock("network:x")
    # REPLACE takes a row out and puts another in.
    for holder in ("one", "two"):
        journal.take_lease("network:x", holder, Since(holder, -0.0), 1.0)
    report = journal.check_seals()
    assert report.sound
    assert report.sealed == 1 + 1 + 1 + 1 + 1 + 1  # incident, plan, question, answer, line, lease
    assert journal.mark_trouble() == ""


def test_transaction_that_is_taken_back_leaves_no_seal(journal: Journal) -> None:
    before = journal.check_seals().sealed
    with suppress(ZeroDivisionError), journal.transaction():
        journal.block("network:x", "why", 1.0)
        raise ZeroDivisionError
    assert journal.check_seals().sound
    assert journal.check_seals().sealed == before


def test_altered_row_is_named_and_stays_found_when_we_write_it_again(
    journal: Journal, path: Path
) -> None:
    _past_us(path, "UPDATE incidents SET trace_id = 'b'")
    [altered] = journal.check_seals().altered
    assert altered.table == "incidents"
    assert "inc-2026-0001" in altered.why
    journal.set_phase("inc-2026-0001", Phase.DIAGNOSING)
    assert not journal.check_seals().sound
    _past_us(path, f"UPDATE incidents SET trace_id = '{'a' * 32}'")
    assert not journal.check_seals().sound


def test_row_that_is_put_back_to_what_was_written_is_what_was_written(
    journal: Journal, path: Path
) -> None:
    _past_us(path, "UPDATE incidents SET trace_id = 'b'")
    _past_us(path, f"UPDATE incidents SET trace_id = '{'a' * 32}'")
    assert journal.check_seals().sound


def test_row_that_goes_with_its_seal_is_missed_in_its_table(journal: Journal, path: Path) -> None:
    journal.block("network:x", "why", 1.0)
    journal.block("network:y", "why", 1.0)
    _past_us(
        path,
        "DELETE FROM seals WHERE tbl = 'blocked' AND row_id = 2",
        "DELETE FROM blocked WHERE rowid = 2",
    )
    [altered] = journal.check_seals().altered
    assert altered.table == "blocked"
    assert "it has 1 rows and had 2" in altered.why


def test_totals_that_somebody_has_adjusted_are_never_signed(journal: Journal, path: Path) -> None:
    _past_us(path, "UPDATE seal_totals SET row_count = 7 WHERE tbl = 'plans'")
    journal.append_audit(1.0, "gate", "pass", "plan")
    _past_us(path, "UPDATE seal_totals SET row_count = 0 WHERE tbl = 'plans'")
    assert "totals" in journal.check_seals().altered[0].why


def test_damaged_row_is_told_and_not_raised_as_it_is(journal: Journal, path: Path) -> None:
    _past_us(path, "UPDATE incidents SET phase = 'nowhere'")
    with pytest.raises(JournalFailed, match=r"a damaged incident: .*last good copy"):
        journal.incident("inc-2026-0001")


# The key


def test_key_is_made_for_its_owner_alone(journal: Journal, path: Path) -> None:
    assert _key(path).stat().st_mode & 0o777 == 0o600
    assert mark_file(_key(path)).stat().st_mode & 0o777 == 0o600


def test_key_that_others_may_read_signs_nothing(journal: Journal, path: Path) -> None:
    _key(path).chmod(0o640)
    with pytest.raises(BadInput, match=f"chmod 600 {_key(path)}"):
        Journal.open(path)
    with open_read_only(path) as reader:
        assert reader.incident("inc-2026-0001").incident == incident()
        assert "chmod 600" in reader.check_seals().unchecked


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_key_of_somebody_else_signs_nothing(journal: Journal, path: Path) -> None:
    os.chown(_key(path), 65_534, 65_534)
    with pytest.raises(BadInput, match="belongs to user 65534, who can sign with it"):
        Journal.open(path)


def test_something_that_is_no_key_signs_nothing(path: Path) -> None:
    path.parent.mkdir()
    _key(path).write_bytes(b"short")
    _key(path).chmod(0o600)
    with pytest.raises(BadInput, match="no signing key of 32 bytes"):
        Journal.open(path)


def test_journal_without_its_key_can_be_read_and_not_written(journal: Journal, path: Path) -> None:
    _key(path).unlink()
    with pytest.raises(NotOurJournal, match=r"signing\.key is missing; .*audit vouch"):
        Journal.open(path)
    with open_read_only(path) as reader:
        assert reader.incident("inc-2026-0001").incident == incident()
        assert "there is no signing key" in reader.check_seals().unchecked


def test_key_may_be_kept_elsewhere(tmp_path: Path) -> None:
    path, key = tmp_path / "state" / "journal.sqlite", tmp_path / "vault" / "noctua.key"
    with Journal.open(path, key) as journal:
        journal.append_audit(1.0, "gate", "pass", "plan")
        assert journal.check_seals().sound
    assert sorted(file.name for file in key.parent.iterdir()) == ["noctua.key", "noctua.key.mark"]
    assert not _key(path).exists()
    with open_read_only(path, key) as reader:
        assert reader.check_seals().sound


def test_key_where_nothing_else_can_be_written_does_without_a_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path, key = tmp_path / "journal.sqlite", tmp_path / "vault" / "noctua.key"
    make_key(key)
    mark_file(key).with_name("noctua.key.mark.part").mkdir()
    with Journal.open(path, key) as journal:
        journal.append_audit(1.0, "gate", "pass", "plan")
        assert journal.mark_trouble() == ""
    assert "cannot be written" in caplog.text


# The mark, and vouching


def test_older_copy_contradicts_the_mark_until_somebody_vouches(
    journal: Journal, path: Path
) -> None:
    journal.append_audit(1.0, "gate", "pass", "one")
    journal.close()
    kept = path.with_name("kept.sqlite")
    shutil.copy(path, kept)
    with Journal.open(path) as again:
        again.append_audit(2.0, "gate", "pass", "two")
    kept.replace(path)
    with Journal.open(path) as put_back:
        assert "had 2 lines and has 1 now" in put_back.mark_trouble()
        put_back.append_audit(3.0, "gate", "pass", "another")
        put_back.append_audit(4.0, "gate", "pass", "and one more")
        assert "line 2 of its audit log is another one" in put_back.mark_trouble()
    Journal.vouch(path, DORA, "backup of Tuesday")
    with Journal.open(path) as vouched:
        assert vouched.mark_trouble() == ""
        assert vouched.check_seals().sound
        last = vouched.audit_lines()[-1]
        assert (last.actor, last.action, last.data["reason"]) == (
            "dora",
            "vouch",
            "backup of Tuesday",
        )


def test_journal_of_before_in_the_place_of_a_marked_one_is_not_sealed(
    journal: Journal, path: Path
) -> None:
    journal.append_audit(1.0, "gate", "pass", "one")
    journal.close()
    path.unlink()
    with pytest.raises(NotOurJournal, match="was never sealed"):
        Journal.open(path)


def test_answers_are_signed_and_under_a_new_key_have_to_be_given_again(
    journal: Journal, path: Path
) -> None:
    journal.request_approval(_plan(), OPENED_S, OPENED_S + 600)
    journal.answer(_answer("erin"))
    assert journal.approval_request(_plan().id, OPENED_S).signatures == (Signature.SIGNED,)
    journal.close()
    _key(path).rename(path.with_name("old.key"))
    Journal.vouch(path, DORA, "the key is changed")
    with Journal.open(path) as changed:
        [request] = changed.attested_requests(OPENED_S)
        assert request.signatures == (Signature.EARLIER,)
        assert [a.by.name for a in request.answers] == ["erin"]
        assert changed.check_seals().sound


def test_answer_that_is_put_in_is_no_answer_to_read(journal: Journal, path: Path) -> None:
    journal.request_approval(_plan(), OPENED_S, OPENED_S + 600)
    forged = _answer("the director").model_dump_json().replace("'", "''")
    _past_us(path, f"INSERT INTO answers VALUES ('{_plan().id}', 1, 'x', '{forged}', '')")
    [request] = journal.attested_requests(OPENED_S, state="waiting")
    assert (request.answers, request.unattested) == ((), 1)


def test_answer_whose_line_was_altered_has_no_signature_that_holds(
    journal: Journal, path: Path
) -> None:
    journal.request_approval(_plan(), OPENED_S, OPENED_S + 600)
    journal.answer(_answer("erin"))
    _past_us(path, "UPDATE answers SET approval = replace(approval, 'erin', 'omar')")
    [request] = journal.attested_requests(OPENED_S)
    assert [a.by.name for a in request.answers] == ["erin"]
    assert request.signatures == (Signature.BROKEN,)
    assert request.unattested == 1
