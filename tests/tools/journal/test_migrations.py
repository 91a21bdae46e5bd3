"""Journals of earlier versions are brought up to date, and nothing in them is lost."""

import json
import sqlite3
from importlib import resources
from pathlib import Path

import pytest

from tests.tools.journal.conftest import OPENED_S, incident
from tests.tools.journal.test_journal import _answer, _plan
from tools.journal import audit, mark
from tools.journal.database import APPLICATION_ID, SCHEMA_VERSION, seal_as_found
from tools.journal.errors import NotAJournal, NotOurJournal
from tools.journal.journal import Journal
from tools.journal.reading import open_read_only
from tools.journal.records import Charges
from tools.journal.seals import state_of
from tools.journal.signing_key import KEY_FILE, make_key
from twin.nouns.plan import Plan
from twin.nouns.principal import AUTOMATIC, OS_USER, Principal


def _old(path: Path) -> sqlite3.Connection:
    """An empty journal of version 1."""
    schema = resources.files("tools.journal").joinpath("migrations/001.sql").read_text("utf-8")
    connection = sqlite3.connect(path)
    connection.executescript(
        f"{schema}\nPRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1;"
    )
    return connection


def test_answers_of_version_1_still_hold(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    plan, script = _plan(), Principal(name="a script", provider=AUTOMATIC)
    approval = _answer("erin").model_copy(update={"by": script})
    old = _old(path)
    row = (plan.incident_id, "germany50", "detected", OPENED_S, "a" * 32)
    text = incident(plan.incident_id).model_dump_json()
    old.execute("INSERT INTO incidents VALUES (?, ?, ?, ?, ?, ?)", (*row, text))
    values = (plan.id, plan.incident_id, plan.hash, plan.model_dump_json())
    old.execute("INSERT INTO plans VALUES (?, ?, ?, ?)", values)
    asked = (plan.id, plan.incident_id, plan.hash, OPENED_S, OPENED_S + 600)
    old.execute("INSERT INTO approval_requests VALUES (?, ?, ?, ?, ?)", asked)
    named = {"by": approval.by.name, "automatic": True}
    given = json.dumps(approval.model_dump(mode="json", exclude={"overrides"}) | named)
    answered = (plan.id, given, OPENED_S + 5)
    old.execute("INSERT INTO approvals VALUES (?, ?, ?)", answered)
    old.commit()
    old.close()
    with Journal.open(path) as journal:
        request = journal.approval_request(plan.id, OPENED_S)
        assert (request.state, request.approval) == ("used", approval)
        assert (request.approvers_needed, request.used_s) == (1, OPENED_S + 5)
        assert not journal.use_approval(plan.id, OPENED_S + 9)
        assert journal.plan(plan.id) == plan
        assert journal.damage() == ""
    with Journal.open(path) as again:
        assert again.incident(plan.incident_id).incident == incident(plan.incident_id)


def _version_2(path: Path) -> sqlite3.Connection:
    old = _old(path)
    old.executescript(
        resources.files("tools.journal").joinpath("migrations/002.sql").read_text("utf-8")
    )
    old.execute("PRAGMA user_version = 2")
    return old


def test_charges_and_requests_of_version_2_are_kept(tmp_path: Path) -> None:
    path, plan = tmp_path / "journal.sqlite", _plan()
    old = _version_2(path)
    row = (plan.incident_id, "germany50", "detected", OPENED_S, "a" * 32)
    text = incident(plan.incident_id).model_dump_json()
    old.execute("INSERT INTO incidents VALUES (?, ?, ?, ?, ?, ?)", (*row, text))
    old.execute("INSERT INTO charges VALUES (?, 3, 4, 500, 6.5)", (plan.incident_id,))
    values = (plan.id, plan.incident_id, plan.hash, plan.model_dump_json())
    old.execute("INSERT INTO plans VALUES (?, ?, ?, ?)", values)
    asked = (plan.id, plan.incident_id, plan.hash, OPENED_S, OPENED_S + 600, 1, "[]", None)
    old.execute("INSERT INTO approval_requests VALUES (?, ?, ?, ?, ?, ?, ?, ?)", asked)
    old.commit()
    old.close()
    with Journal.open(path) as journal:
        kept = Charges(steps=3, calls=4, input_tokens=500, seconds=6.5)
        assert journal.charged_roles(plan.incident_id) == {"": kept}
        journal.charge(plan.incident_id, "monitor", Charges(calls=1))
        assert journal.charged(plan.incident_id).calls == 5
        request = journal.approval_request(plan.id, OPENED_S)
        assert (request.state, request.needs_person) == ("waiting", "")
        assert journal.damage() == ""


OLD_SHAPE_HASH = "684bb9f38f0faa531cc4835ca9e9c8ad8c1833666fd928ed6f7d7ad351ea02a6"
"""Of `_plan()`, computed before plans could say that they need a person."""


def test_plan_that_needs_no_person_keeps_the_hash_and_text_that_it_had() -> None:
    plan = _plan()
    assert plan.hash == OLD_SHAPE_HASH
    assert "needs_person" not in plan.model_dump_json()
    assert Plan.model_validate_json(plan.model_dump_json()) == plan
    asking = plan.model_copy(update={"needs_person": "a mind was lost"})
    assert asking.hash != plan.hash
    assert Plan.model_validate_json(asking.model_dump_json()) == asking


_SEALED_FROM = 7
"""The oldest version from which journals are brought up to date whose rows have seals."""


def _sealed(path: Path) -> None:
    """A journal of that version with an incident and a call to people about it, and its mark."""
    old = _old(path)
    for number in range(2, _SEALED_FROM + 1):
        file = resources.files("tools.journal").joinpath(f"migrations/{number:03d}.sql")
        old.executescript(file.read_text("utf-8"))
    old.execute(f"PRAGMA user_version = {_SEALED_FROM}")
    row = (incident().id, "germany50", "detected", OPENED_S, "a" * 32)
    text = incident().model_dump_json()
    old.execute("INSERT INTO incidents VALUES (?, ?, ?, ?, ?, ?)", (*row, text))
    told = ("msg_1", incident().id, "opened", "", "{}", 5.0, 2, 35.0, "no modem", "")
    old.execute("INSERT INTO outbox VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", told)
    audit.append(old, OPENED_S, "monitor", "open", incident().id, {})
    key = make_key(path.with_name(KEY_FILE))
    seal_as_found(old, key, "journal", "seal", {"reason": "as it was"}, marked=True)
    state = state_of(old)
    assert state is not None
    standing = mark.Standing(state.journal_id, audit.head(old), lambda _: None)
    mark.replace(mark.mark_file(path.with_name(KEY_FILE)), key, standing)
    old.commit()
    old.close()


def test_journal_that_was_sealed_in_an_earlier_version_is_brought_up_to_date(
    tmp_path: Path,
) -> None:
    path = tmp_path / "journal.sqlite"
    _sealed(path)
    for _ in range(2):
        with Journal.open(path) as journal:
            assert journal.incident(incident().id).incident == incident()
            (notice,) = journal.unsent_notices("germany50")
            assert (notice.incident_id, notice.trouble) == (incident().id, "no modem")
            assert journal.check_seals().altered == ()
            assert journal.mark_trouble() == ""
            assert journal.damage() == ""


def test_sealed_journal_that_somebody_altered_is_not_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    _sealed(path)
    past = sqlite3.connect(path)
    past.execute("UPDATE incidents SET phase = 'resolved'")
    past.commit()
    past.close()
    with pytest.raises(NotOurJournal, match=r"somebody has altered it .*noctua audit vouch"):
        Journal.open(path)
    Journal.vouch(path, Principal(name="erin", provider=OS_USER), "it was me")
    with Journal.open(path) as journal:
        assert journal.check_seals().altered == ()


@pytest.mark.parametrize("altered", [False, True])
def test_who_only_reads_a_sealed_journal_of_an_earlier_version_compares_it_as_it_is(
    tmp_path: Path, altered: bool
) -> None:
    path = tmp_path / "journal.sqlite"
    _sealed(path)
    if altered:
        past = sqlite3.connect(path)
        past.execute("UPDATE incidents SET phase = 'resolved'")
        past.commit()
        past.close()
    before = path.read_bytes()
    with open_read_only(path) as journal:
        report = journal.check_seals()
        assert (report.sealed > 0, report.unchecked) == (True, "")
        assert [rows.table for rows in report.altered] == (["incidents"] if altered else [])
        assert journal.mark_trouble() == ""
        assert journal.incident(incident().id).incident == incident()
    assert path.read_bytes() == before


def test_sealed_journal_is_not_brought_up_to_date_without_its_key(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    _sealed(path)
    path.with_name(KEY_FILE).unlink()
    with pytest.raises(NotOurJournal, match=r"its signing key .* is missing"):
        Journal.open(path)


def test_journal_that_was_put_back_before_an_update_contradicts_its_mark(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    _sealed(path)
    earlier = path.read_bytes()
    with Journal.open(path) as journal:
        journal.append_audit(OPENED_S, "gate", "approve", "one", {})
        journal.append_audit(OPENED_S, "gate", "approve", "two", {})
    for file in tmp_path.glob("journal.sqlite*"):
        file.unlink()
    path.write_bytes(earlier)
    with Journal.open(path) as journal:
        assert "put back" in journal.mark_trouble()


def test_journal_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    later = _old(path)
    later.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    later.close()
    before = path.read_bytes()
    with pytest.raises(NotAJournal, match=f"version {SCHEMA_VERSION + 1}"):
        Journal.open(path)
    assert path.read_bytes() == before
