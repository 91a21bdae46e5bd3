import json
import sqlite3
from importlib import resources
from pathlib import Path

import pytest

from graphs.state_directory import StateDirectory
from tests.channels.conftest import noctua
from tools.journal.anchors import Anchors
from tools.journal.journal import Journal

LINES = 6


@pytest.fixture
def audited(tmp_path: Path) -> Path:
    """A state directory with six lines in its audit log, and an anchor after four of them."""
    state = tmp_path / "state"
    with Journal.open(state / "journal.sqlite") as journal:
        for i in range(LINES):
            journal.append_audit(1_000.0 + i, "gate", "pass", f"plan-{i}", {"n": i})
            if i == 3:
                Anchors(journal, tmp_path / "anchors.jsonl").note(1_003.0)
    return state


def _tamper(state: Path, sql: str) -> None:
    with sqlite3.connect(state / "journal.sqlite") as raw:
        for trigger in ("audit_is_not_altered", "audit_is_not_deleted"):
            raw.execute(f"DROP TRIGGER {trigger}")
        assert raw.execute(sql).rowcount > 0
    raw.close()


def _anchors(state: Path) -> str:
    return str(state.parent / "anchors.jsonl")


def _head(state: Path, length: int = LINES) -> str:
    with Journal.open(state / "journal.sqlite") as journal:
        return journal.audit_lines()[length - 1].hash


def test_sound_chain_is_told_with_length_and_head(audited: Path) -> None:
    code, output, _ = noctua(audited, "audit", "verify")
    assert code == 0
    assert f"the chain holds: {LINES} lines" in output
    assert f"head {_head(audited)}" in output


def test_first_broken_line_is_named_with_what_is_wrong(audited: Path) -> None:
    _tamper(audited, "UPDATE audit SET actor = 'mallory' WHERE seq = 3")
    code, output, _ = noctua(audited, "audit", "verify")
    assert code == 1
    assert f"broken at line 3 of {LINES}: its hash is not that of its content" in output
    document = json.loads(noctua(audited, "audit", "verify", "--json")[1])
    assert (document["first_broken"], document["sound"]) == (3, False)


def test_anchors_stand_in_a_chain_that_only_grew(audited: Path) -> None:
    code, output, _ = noctua(audited, "audit", "verify", "--against", _anchors(audited))
    assert code == 0
    assert "1 of 1 anchor stands in the chain" in output


def test_cut_tail_is_found_by_seals_and_mark_and_against_the_anchors(audited: Path) -> None:
    _tamper(audited, "DELETE FROM audit WHERE seq > 2")
    code, output, _ = noctua(audited, "audit", "verify")
    assert code == 1
    assert "The table audit is not what was written" in output
    assert "had 6 lines and has 2 now" in output
    code, output, _ = noctua(audited, "audit", "verify", "--against", _anchors(audited))
    assert code == 1
    assert "the chain had 4 lines and has 2 now" in output


def test_head_of_a_report_is_found_where_it_stands(audited: Path) -> None:
    code, output, _ = noctua(audited, "audit", "verify", "--head", _head(audited, 4).upper())
    assert code == 0
    assert "stands at line 4; 2 lines follow it" in output


def test_head_that_was_cut_off_is_missed(audited: Path) -> None:
    head = _head(audited)
    _tamper(audited, f"DELETE FROM audit WHERE seq = {LINES}")
    code, output, _ = noctua(audited, "audit", "verify", "--head", head)
    assert code == 1
    assert "stands nowhere" in output


def test_something_that_is_no_head_is_refused(audited: Path) -> None:
    code, _, error = noctua(audited, "audit", "verify", "--head", "abc")
    assert code == 2
    assert "64 hexadecimal digits" in error


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_exported_file_verifies_without_the_journal(audited: Path, form: str) -> None:
    file = audited.parent / f"audit.{form}"
    assert noctua(audited, "audit", "export", "--out", str(file), "--format", form)[0] == 0
    nowhere = audited.parent / "nowhere"
    arguments = ("--export", str(file), "--against", _anchors(audited), "--head", _head(audited))
    code, output, _ = noctua(nowhere, "audit", "verify", *arguments)
    assert code == 0
    assert f"the chain holds: {LINES} lines" in output
    assert "1 of 1 anchor stands in the chain" in output
    assert f"stands at line {LINES}; 0 lines follow it" in output
    file.write_text(file.read_text("utf-8").replace("plan-2", "plan-9"), encoding="utf-8")
    assert noctua(nowhere, "audit", "verify", "--export", str(file))[0] == 1


def test_partial_export_says_which_anchors_it_cannot_be_compared_with(audited: Path) -> None:
    file = audited.parent / "tail.jsonl"
    since = ("--since", "6", "--out", str(file))
    assert noctua(audited, "audit", "export", *since)[0] == 0
    against = ("--export", str(file), "--against", _anchors(audited))
    code, output, _ = noctua(audited, "audit", "verify", *against)
    assert code == 0
    assert "1 line from line 6 on, which follows" in output
    assert "1 anchor is of lines that the exported file lacks" in output


def test_export_goes_to_standard_output_line_by_line(audited: Path) -> None:
    lines = noctua(audited, "audit", "export")[1].splitlines()
    assert [json.loads(line).get("seq") for line in lines] == [1, 2, 3, 4, 5, 6, None]
    assert json.loads(lines[-1]) == {"end": True, "length": LINES, "head": _head(audited)}
    assert noctua(audited, "audit", "export", "--out", "-")[1].splitlines() == lines


def test_export_beyond_the_end_is_refused(audited: Path) -> None:
    code, output, error = noctua(audited, "audit", "export", "--since", "7")
    assert (code, output) == (2, "")
    assert "has 6 lines" in error


def test_export_that_fails_half_way_leaves_the_old_one(audited: Path) -> None:
    file = audited.parent / "audit.jsonl"
    file.write_text("the old one", encoding="utf-8")
    file.with_name("audit.jsonl.new").symlink_to("/dev/full")
    code, _, error = noctua(audited, "audit", "export", "--out", str(file))
    assert code == 2
    assert "cannot be written" in error
    assert file.read_text("utf-8") == "the old one"


def test_verifying_writes_nothing(audited: Path) -> None:
    before = {file.name: file.read_bytes() for file in audited.iterdir()}
    assert noctua(audited, "audit", "verify", "--against", _anchors(audited))[0] == 0
    assert noctua(audited, "audit", "export")[0] == 0
    assert {file.name: file.read_bytes() for file in audited.iterdir()} == before


def test_alteration_of_what_a_page_shows_is_found_with_its_row(audited: Path) -> None:
    with StateDirectory(audited).journal() as journal:
        journal.block("network:live", "no collector answers", 1.0)
    assert "All 7 rows" in noctua(audited, "audit", "verify")[1]
    _tamper(audited, "UPDATE blocked SET reason = 'all is well'")
    code, output, _ = noctua(audited, "audit", "verify")
    assert code == 1
    assert "The table blocked is not what was written: altered or put in: row 1" in output
    document = json.loads(noctua(audited, "audit", "verify", "--json")[1])
    assert "blocked" in {rows["table"] for rows in document["seals"]["altered"]}


def test_what_cannot_be_compared_is_not_called_sound(audited: Path) -> None:
    (audited / "signing.key").unlink()
    code, output, _ = noctua(audited, "audit", "verify")
    assert code == 1
    assert "were not compared with their seals: there is no signing key" in output


def test_person_vouches_for_a_journal_with_a_name_and_a_reason(audited: Path) -> None:
    (audited / "signing.key").unlink()
    assert noctua(audited, "audit", "vouch", "--by", "dora", "--reason", " ")[0] == 2
    assert noctua(audited, "audit", "vouch", "--by", "gate", "--reason", "so it is")[0] == 2
    assert noctua(audited, "audit", "vouch", "--by", "dora", "--reason", "the key was lost")[0] == 0
    code, output, _ = noctua(audited, "audit", "verify")
    assert (code, f"the chain holds: {LINES + 1} lines" in output) == (0, True)


def test_anchors_that_the_policy_names_are_compared_without_being_asked_for(
    audited: Path,
) -> None:
    shipped = resources.files("tools.change").joinpath("policy.yaml").read_text("utf-8")
    policy = shipped.replace("anchor_file: null", f"anchor_file: {_anchors(audited)}")
    (audited / "policy.yaml").write_text(policy, encoding="utf-8")
    assert "1 of 1 anchor stands in the chain" in noctua(audited, "audit", "verify")[1]
