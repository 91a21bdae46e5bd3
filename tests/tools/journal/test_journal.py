"""What the journal has returned from is on disk, and the first answer is the only one."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.tools.change.conftest import FORECAST
from tests.tools.journal.conftest import OPENED_S, incident
from tools.journal.errors import (
    AlreadyRecorded,
    JournalFailed,
    NotAJournal,
    UnknownIncident,
    UnknownPlan,
)
from tools.journal.journal import Journal
from tools.journal.records import Charges, RoleRunRecord
from twin.errors import Refused
from twin.nouns.diagnosis import Diagnosis
from twin.nouns.incident import Phase
from twin.nouns.plan import Approval, BlastRadius, Dispatch, Plan
from twin.nouns.principal import OS_USER

INCIDENT = incident().id


def _plan(plan_id: str = "plan-1", reason: str = "least loss") -> Plan:
    return Plan(
        id=plan_id,
        incident_id=INCIDENT,
        attempt=1,
        purpose="mitigate",
        cause=(),
        actions=(),
        steps=(),
        way_back=(),
        temporary=False,
        forecast=FORECAST,
        do_nothing=FORECAST,
        blast_radius=BlastRadius(devices=(), services=(), moved_bps=0.0),
        state_hash="0" * 64,
        created_s=OPENED_S,
        reason=reason,
        finished_by="playbook",
    )


def _answer(by: str, decision: str = "approve", decided_s: float = OPENED_S + 5) -> Approval:
    plan = _plan()
    return Approval.model_validate(
        {
            "plan_id": plan.id,
            "plan_hash": plan.hash,
            "decision": decision,
            "by": {"name": by, "provider": OS_USER},
            "reason": "seen",
            "decided_s": decided_s,
        }
    )


def test_everything_is_there_after_reopening(journal: Journal, path: Path) -> None:
    dispatch = Dispatch(
        id="d1", incident_id=INCIDENT, place="Mannheim", links=("L1",), text="cut", requested_s=1.0
    )
    run = RoleRunRecord(
        incident_id=INCIDENT,
        role="diagnoser",
        started_s=1.0,
        ended_s=2.0,
        finished_by="playbook",
        data={"swaps": 0},
    )
    diagnosis = Diagnosis(verdict="unknown", hypotheses=(), statement="nothing fits")
    journal.set_phase(INCIDENT, Phase.PLANNING)
    journal.record_plan(_plan())
    journal.record_dispatch(dispatch, "requested", 1.0)
    journal.record_dispatch(dispatch, "repaired", 9.0)
    journal.record_role_run(run)
    journal.put_artefact(INCIDENT, "diagnosis", {"draft": True})
    journal.put_artefact(INCIDENT, "diagnosis", diagnosis)
    journal.add_event(INCIDENT, 3.0, "note", "erin", "on my way", {"eta_s": 600})
    journal.close()

    with Journal.open(path) as again:
        record = again.incident(INCIDENT)
        assert (record.incident, record.phase) == (incident(), Phase.PLANNING)
        assert (record.opened_s, record.trace_id) == (OPENED_S, "a" * 32)
        assert again.plans(INCIDENT) == (_plan(),)
        assert [(d.dispatch, d.state, d.updated_s) for d in again.dispatches(INCIDENT)] == [
            (dispatch, "repaired", 9.0)
        ]
        assert again.role_runs(INCIDENT) == (run,)
        assert again.artefact(INCIDENT, "diagnosis", Diagnosis) == diagnosis
        assert again.artefact(INCIDENT, "forecast", Diagnosis) is None
        event = again.timeline(INCIDENT)[0]
        assert (event.actor, event.text, event.data) == ("erin", "on my way", {"eta_s": 600})


def test_every_commit_waits_for_the_disk(journal: Journal) -> None:
    settings = [
        journal._connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys")
    ]
    assert settings == ["wal", 2, 1]


def test_process_that_is_killed_leaves_what_its_calls_had_returned_from(path: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "from tests.tools.journal.conftest import incident\n"
        "from tools.journal.journal import Journal\n"
        "journal = Journal.open(Path(sys.argv[1]))\n"
        "journal.open_incident(incident(), 1.0, 'a' * 32)\n"
        "journal.append_audit(1.0, 'x', 'y', 'z')\n"
        "with journal.transaction():\n"
        "    journal.append_audit(2.0, 'x', 'never', 'z')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert done.returncode == -9
    with Journal.open(path) as journal:
        assert [line.action for line in journal.audit_lines()] == ["y"]
        assert journal.incident(INCIDENT).phase is Phase.DETECTED


def test_timeline_goes_on_from_where_a_reader_stopped(journal: Journal) -> None:
    first = journal.add_event(INCIDENT, 1.0, "note", "monitor", "one")
    journal.add_event(INCIDENT, 1.0, "note", "monitor", "two")
    assert [e.text for e in journal.timeline(INCIDENT, after_seq=first.seq)] == ["two"]


def test_opening_an_incident_again_does_not_set_it_back(journal: Journal) -> None:
    journal.set_phase(INCIDENT, Phase.SOAKING)
    assert journal.open_incident(incident(), 5.0, "b" * 32).phase is Phase.SOAKING
    assert journal.incident(INCIDENT).trace_id == "a" * 32


def test_incidents_are_listed_by_network_and_phase(journal: Journal) -> None:
    journal.open_incident(incident("inc-2", "abilene"), OPENED_S + 1, "b" * 32)
    journal.set_phase("inc-2", Phase.RESOLVED)
    assert [r.incident.id for r in journal.incidents(network="abilene")] == ["inc-2"]
    assert [r.incident.id for r in journal.incidents(phases=[Phase.DETECTED])] == [INCIDENT]
    assert len(journal.incidents()) == 2


def test_unknown_incident_is_told_with_near_matches(journal: Journal) -> None:
    with pytest.raises(UnknownIncident, match=f'did you mean "{INCIDENT}"'):
        journal.incident("inc-2026-0007")
    with pytest.raises(UnknownIncident):
        journal.add_event("nothing", 1.0, "note", "x", "y")
    with pytest.raises(UnknownIncident):
        journal.put_artefact("nothing", "a", 1)


def test_charges_add_up_by_role_over_restarts(journal: Journal, path: Path) -> None:
    assert journal.charged(INCIDENT) == Charges()
    first = Charges(steps=1, calls=2, input_tokens=300, seconds=0.5, cost=0.02, currency="EUR")
    journal.charge(INCIDENT, "diagnoser", first)
    journal.close()
    with Journal.open(path) as again:
        again.charge(INCIDENT, "diagnoser", Charges(calls=1, output_tokens=50, seconds=0.25))
        again.charge(INCIDENT, "imaginer", Charges(calls=4))
        assert again.charged_roles(INCIDENT) == {
            "diagnoser": Charges(
                steps=1,
                calls=3,
                input_tokens=300,
                output_tokens=50,
                seconds=0.75,
                cost=0.02,
                currency="EUR",
            ),
            "imaginer": Charges(calls=4),
        }
        assert (again.charged(INCIDENT).calls, again.charged(INCIDENT).currency) == (7, "EUR")


def test_what_a_watch_uses_is_counted_by_network_and_day(journal: Journal) -> None:
    evening_s = 1_772_575_200.0  # 2026-03-03T22:00:00Z
    journal.charge_watch("germany50", evening_s, "monitor", Charges(calls=2))
    journal.charge_watch("germany50", evening_s + 3600, "monitor", Charges(calls=1))
    journal.charge_watch("germany50", evening_s + 7200, "monitor", Charges(calls=9))
    journal.charge_watch("abilene", evening_s, "monitor", Charges(calls=5))
    assert journal.charged_watch("germany50", evening_s) == {"monitor": Charges(calls=3)}
    assert journal.charged_watch("germany50", evening_s + 7200) == {"monitor": Charges(calls=9)}
    assert journal.charged(INCIDENT) == Charges()


def test_plan_id_stands_for_one_content(journal: Journal) -> None:
    journal.record_plan(_plan())
    journal.record_plan(_plan())
    with pytest.raises(AlreadyRecorded, match="needs a new id"):
        journal.record_plan(_plan(reason="edited"))
    with pytest.raises(UnknownPlan, match='did you mean "plan-1"'):
        journal.plan("plan-7")


def test_second_answer_is_told_who_was_first(journal: Journal) -> None:
    journal.request_approval(_plan(), OPENED_S, OPENED_S + 60)
    assert journal.approval_requests(OPENED_S, state="waiting")[0].plan_id == "plan-1"
    first = journal.answer(_answer("erin", "reject"))
    second = journal.answer(_answer("omar"))
    assert (first.won, second.won) == (True, False)
    assert (second.standing.by.name, second.standing.decision) == ("erin", "reject")
    assert journal.approval_request("plan-1", OPENED_S).state == "rejected"
    assert [line.action for line in journal.audit_lines()] == ["answer", "answer_second"]


SPELLINGS = (
    "Erin Møller", "erin møller", "ERIN MØLLER", " Erin  Møller ", "Erin\u00a0Møller", "ErinMøller",
    "Erin Mø\u200bller", "\ufeffErin Møller", "Erin Møller\u202e", "\uff25rin Møller",
    "Erin\tMøller", "E\u00adrin Møller", "Erin Møller\n", "Erin\u2003Møller",
    "\u2066Erin Møller\u2069",
)  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_one_person_is_one_person_however_the_name_is_typed(
    journal: Journal, spelling: str
) -> None:
    journal.request_approval(_plan(), OPENED_S, OPENED_S + 60, approvers_needed=2)
    assert journal.answer(_answer("Erin Møller")).still_needed == 1
    again = journal.answer(_answer(spelling))
    assert (again.won, again.still_needed) == (False, 1)
    assert journal.answer(_answer("Erik Møller")).still_needed == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "blank"),
        (" \u200b\u2028\t", "blank"),
        ("Supervisor", "acts for Noctua itself"),
        ("play\u00adbook", "acts for Noctua itself"),
        ("x" * 129, "129 characters"),
    ],
)
def test_name_that_no_person_has_answers_nothing(journal: Journal, name: str, said: str) -> None:
    journal.request_approval(_plan(), OPENED_S, OPENED_S + 60)
    with pytest.raises(Refused, match=said) as caught:
        journal.answer(_answer(name))
    assert caught.value.rule == "name"
    assert journal.approval_request("plan-1", OPENED_S).state == "waiting"
    assert [line.action for line in journal.audit_lines()] == ["answer_by_nobody"]


def test_one_of_many_processes_answers_first(journal: Journal, path: Path) -> None:
    journal.request_approval(_plan(), OPENED_S, OPENED_S + 60)

    def ask(by: str) -> bool:
        with Journal.open(path) as mine:
            return mine.answer(_answer(by)).won

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(ask, [f"person-{i}" for i in range(16)]))
    assert sum(won) == 1
    assert journal.verify_audit().length == 16


def test_late_answer_is_refused_and_not_recorded(journal: Journal) -> None:
    journal.request_approval(_plan(), OPENED_S, OPENED_S + 60)
    with pytest.raises(Refused, match="10 s after the request expired") as caught:
        journal.answer(_answer("erin", decided_s=OPENED_S + 70))
    assert caught.value.rule == "approval_expired"
    assert journal.approval_request("plan-1", OPENED_S + 70).state == "expired"
    assert [line.action for line in journal.audit_lines()] == ["answer_too_late"]


def test_approval_is_used_up_once(journal: Journal) -> None:
    journal.request_approval(_plan(), OPENED_S, OPENED_S + 60)
    assert not journal.use_approval("plan-1", OPENED_S)
    journal.answer(_answer("erin"))
    assert journal.use_approval("plan-1", OPENED_S)
    assert not journal.use_approval("plan-1", OPENED_S)
    assert journal.approval_request("plan-1", OPENED_S).state == "used"


def test_answer_to_a_question_that_nobody_asked_is_refused(journal: Journal) -> None:
    with pytest.raises(UnknownPlan):
        journal.answer(_answer("erin"))


def test_transaction_that_fails_leaves_nothing(journal: Journal) -> None:
    def half_done() -> None:
        with journal.transaction():
            journal.set_phase(INCIDENT, Phase.ACTUATING)
            journal.append_audit(1.0, "x", "y", "z")
            journal.set_phase("nothing", Phase.ACTUATING)

    with pytest.raises(UnknownIncident):
        half_done()
    assert journal.incident(INCIDENT).phase is Phase.DETECTED
    assert journal.verify_audit().length == 0


@pytest.mark.parametrize("content", [b"not a database, but long enough to look at" * 40, None])
def test_file_that_is_something_else_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "other.sqlite"
    if content is None:
        other = sqlite3.connect(path)
        other.execute("CREATE TABLE notes (text)")
        other.close()
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    with pytest.raises(NotAJournal, match=r"other\.sqlite: is .*name another state directory"):
        Journal.open(path)
    assert path.read_bytes() == before


def test_disk_that_refuses_is_told_and_changes_nothing(journal: Journal) -> None:
    pages = journal._connection.execute("PRAGMA page_count").fetchone()[0]
    journal._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(JournalFailed, match=r"full.*nothing of this step was recorded"):
        journal.put_artefact(INCIDENT, "large", "x" * 1_000_000)
    assert journal.artefacts(INCIDENT) == {}
    journal._connection.execute("PRAGMA max_page_count = 1000000")
    journal.put_artefact(INCIDENT, "large", "x" * 1_000_000)
