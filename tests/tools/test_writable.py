"""What an error says of a disk, and what becomes of a file that is open."""

import errno
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tools.journal.errors import JournalFailed
from tools.journal.journal import Journal
from tools.writable import Placed, refusal
from twin.errors import NetworkError


def _caused_by(cause: BaseException) -> JournalFailed:
    try:
        raise JournalFailed("nothing of this step was recorded") from cause
    except JournalFailed as error:
        return error


def test_refusals_of_a_disk_are_told_from_all_others(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "small.sqlite")) as small:
        small.execute("PRAGMA max_page_count = 2")
        with pytest.raises(sqlite3.OperationalError) as full:
            small.executescript("CREATE TABLE t (x); CREATE TABLE u (x); CREATE TABLE v (x);")
    assert refusal(full.value) == "full"
    assert refusal(_caused_by(full.value)) == "full"
    assert refusal(JournalFailed(f"journal.sqlite: {full.value}")) == "full"
    assert refusal(_caused_by(OSError(errno.ENOSPC, "no space"))) == "full"
    assert refusal(_caused_by(OSError(errno.EROFS, "read-only"))) == "lost"
    locked = sqlite3.OperationalError("database is locked")
    assert refusal(_caused_by(locked)) == ""
    assert refusal(NetworkError("no collector answers")) == ""


def test_file_that_was_moved_away_or_replaced_is_no_longer_in_its_place(tmp_path: Path) -> None:
    file, away = tmp_path / "file", tmp_path / "away"
    file.write_text("ours")
    placed = Placed(file)
    assert placed.trouble() == ""
    file.rename(away)
    assert placed.trouble() == f"{file} is gone"
    file.write_text("another's")
    assert placed.is_replaced
    assert "was replaced by another file" in placed.trouble()
    file.unlink()
    away.rename(file)
    assert placed.trouble() == ""


def test_nothing_is_written_to_a_journal_that_nobody_will_read(tmp_path: Path) -> None:
    file, away = tmp_path / "journal.sqlite", tmp_path / "away"
    with Journal.open(file) as journal:
        file.rename(away)
        with pytest.raises(JournalFailed, match="is gone; nothing of this step was recorded"):
            journal.append_audit(1.0, "us", "note", "journal")
        away.rename(file)
        journal.append_audit(1.0, "us", "note", "journal")
        assert [line.action for line in journal.audit_lines()] == ["note"]
