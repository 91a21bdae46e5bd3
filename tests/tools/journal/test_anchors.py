"""What was written elsewhere shows a chain that holds in itself and is another one."""

import os
import sqlite3
from pathlib import Path

import pytest

from tools.change.policy import default_policy
from tools.journal.anchors import (
    Anchors,
    anchor_file,
    append_anchor,
    read_anchors,
    violation,
)
from tools.journal.journal import Journal
from tools.journal.records import Anchor
from twin.errors import BadInput


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "elsewhere" / "anchors.jsonl"


def _write(journal: Journal, actor: str, count: int) -> None:
    for i in range(count):
        journal.append_audit(1_000.0 + i, actor, "pass", f"plan-{i}")


def _violations(journal: Journal, file: Path) -> list[str]:
    anchors = read_anchors(file).anchors
    found = journal.check_audit({a.head for a in anchors})
    return [why for a in anchors if (why := violation(a, found.report, found.places))]


def test_every_anchor_of_a_chain_that_only_grew_stands(journal: Journal, file: Path) -> None:
    anchors = Anchors(journal, file)
    anchors.note(999.0)
    for _ in range(3):
        _write(journal, "gate", 2)
        anchors.note(1_000.0)
    assert [a.length for a in read_anchors(file).anchors] == [0, 2, 4, 6]
    assert _violations(journal, file) == []


def test_cut_tail_shows_although_the_chain_holds(journal: Journal, path: Path, file: Path) -> None:
    _write(journal, "gate", 4)
    Anchors(journal, file).note(1_000.0)
    with sqlite3.connect(path) as raw:
        raw.execute("DROP TRIGGER audit_is_not_deleted")
        raw.execute("DELETE FROM audit WHERE seq > 2")
    raw.close()
    assert journal.verify_audit().first_broken is None
    [why] = _violations(journal, file)
    assert "had 4 lines and has 2 now" in why


def test_chain_that_was_rewritten_as_a_whole_shows(journal: Journal, file: Path) -> None:
    _write(journal, "gate", 4)
    Anchors(journal, file).note(1_000.0)
    with Journal.open(file.parent / "forged.sqlite") as forged:
        _write(forged, "nobody", 5)
        assert forged.verify_audit().first_broken is None
        [why] = _violations(forged, file)
    assert "line 4 is another one now" in why


def test_head_that_stands_at_another_line_is_no_longer_where_it_was(journal: Journal) -> None:
    _write(journal, "gate", 3)
    head = journal.audit_lines()[1].hash
    report = journal.verify_audit()
    anchor = Anchor(time_s=1.0, length=3, head=head)
    assert "line 3 is another one" in violation(anchor, report, {head: 2})
    assert violation(anchor.model_copy(update={"length": 2}), report, {head: 2}) == ""


def test_nothing_is_noted_inside_a_transaction(journal: Journal, file: Path) -> None:
    anchors = Anchors(journal, file)
    with journal.transaction():
        _write(journal, "gate", 1)
        anchors.note(1_000.0)
    assert not file.exists()
    assert "transaction" in anchors.trouble


def test_anchor_that_cannot_be_written_is_told_and_stops_nobody(
    journal: Journal, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    anchors = Anchors(journal, tmp_path)  # a folder
    anchors.note(1_000.0)
    assert str(tmp_path) in anchors.trouble
    assert anchors.trouble in caplog.text


def test_full_disk_is_told_and_forgotten_once_there_is_room(journal: Journal, file: Path) -> None:
    file.parent.mkdir()
    file.symlink_to("/dev/full")
    anchors = Anchors(journal, file)
    anchors.note(1_000.0)
    assert os.strerror(28) in anchors.trouble
    file.unlink()
    anchors.note(1_001.0)
    assert anchors.trouble == ""
    assert [a.time_s for a in read_anchors(file).anchors] == [1_001.0]


def test_line_that_was_cut_off_is_passed_over_and_the_next_one_is_whole(file: Path) -> None:
    first = Anchor(time_s=1.0, length=1, head="a" * 64)
    append_anchor(file, first)
    with file.open("a", encoding="utf-8") as torn:
        torn.write('{"time_s": 2.0, "len')
    append_anchor(file, first.model_copy(update={"length": 3}))
    found = read_anchors(file)
    assert [a.length for a in found.anchors] == [1, 3]
    assert found.unreadable == (2,)


@pytest.mark.parametrize("content", ["", "not an anchor\n"])
def test_file_without_any_anchor_is_refused(file: Path, content: str) -> None:
    file.parent.mkdir()
    file.write_text(content, encoding="utf-8")
    with pytest.raises(BadInput, match="holds no anchor"):
        read_anchors(file)


def test_policy_that_ships_names_no_file_of_anchors() -> None:
    assert default_policy().audit.anchor_file is None


def test_anchors_go_where_the_policy_says(tmp_path: Path) -> None:
    assert anchor_file(tmp_path, None) is None
    assert anchor_file(tmp_path, "anchors.jsonl") == tmp_path / "anchors.jsonl"
    assert anchor_file(tmp_path, "/mnt/worm/a.jsonl") == Path("/mnt/worm/a.jsonl")
