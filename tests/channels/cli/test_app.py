import json
from pathlib import Path

import pytest

from tests.channels.conftest import INCIDENT, PLAN, noctua
from tools.journal.journal import Journal
from tools.journal.reading import last_entry_s
from twin.nouns.incident import Phase


def test_an_unknown_state_directory_is_named_and_not_created(tmp_path: Path) -> None:
    code, output, error = noctua(tmp_path / "nowhere", "incidents")
    assert (code, output) == (2, "")
    assert "nowhere" in error
    assert "--state" in error
    assert error.count("\n") == 1
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("command", ["show", "report", "approve", "reject", "resume"])
def test_an_unknown_incident_is_answered_with_near_matches(state: Path, command: str) -> None:
    code, output, error = noctua(state, command, "live-001")
    assert (code, output) == (2, "")
    assert f'did you mean "{INCIDENT}"' in error or f'"{INCIDENT}"' in error
    assert "Traceback" not in error
    assert error.count("\n") == 1


def test_an_unknown_option_exits_with_2(state: Path) -> None:
    assert noctua(state, "incidents", "--colour")[0] == 2


def test_incidents_say_what_is_waited_for(state: Path) -> None:
    code, output, _ = noctua(state, "incidents", "--json")
    [row] = json.loads(output)
    assert code == 0
    assert row["id"] == INCIDENT
    assert row["phase"] == "awaiting_approval"
    assert row["waiting_for"] == f"approval of {PLAN}"
    assert row["opened_utc"].startswith("2026-03-03 19:")


def test_networks_are_listed_with_what_is_open_on_them(state: Path) -> None:
    code, output, _ = noctua(state, "networks")
    assert code == 0
    assert [word for word in output.splitlines()[1].split() if ":" not in word] == [
        "live",
        "2026-03-03",
        "nobody",
        INCIDENT,
    ]
    [network] = json.loads(noctua(state, "networks", "--json")[1])
    assert network["incidents"][0]["waiting_for"] == f"approval of {PLAN}"


def test_show_gives_the_plan_with_its_diff_and_how_to_answer(state: Path) -> None:
    code, output, _ = noctua(state, "show", INCIDENT)
    assert code == 0
    assert f"noctua approve {PLAN}" in output
    assert "igp weight" in output
    with Journal.open(state / "journal.sqlite") as journal:
        assert journal.plan(PLAN).hash in output


def test_show_as_json_holds_timeline_plans_and_requests(state: Path) -> None:
    document = json.loads(noctua(state, "show", INCIDENT, "--json")[1])
    assert [plan["id"] for plan in document["plans"]] == [PLAN]
    assert document["approval_requests"][0]["state"] == "waiting"
    assert {"detected", "diagnosed", "planned"} <= {e["kind"] for e in document["timeline"]}


def test_an_approval_is_a_row_with_the_hash_of_the_plan_and_the_time_of_the_network(
    state: Path,
) -> None:
    code, output, _ = noctua(state, "approve", INCIDENT, "--by", "erin", "--json")
    standing = json.loads(output)["standing"]
    with Journal.open(state / "journal.sqlite") as journal:
        request = journal.approval_request(PLAN, standing["decided_s"])
        assert request.approval is not None
        assert request.approval.plan_hash == journal.plan(PLAN).hash
        assert request.requested_s <= request.approval.decided_s <= request.expires_s
    assert code == 0
    assert standing["by"] == {
        "name": "erin",
        "provider": "flag",
        "role": "single user",
        "channel": "command line",
    }


def test_the_second_answer_is_told_that_the_first_one_holds(state: Path) -> None:
    assert noctua(state, "reject", PLAN, "--by", "erin")[0] == 0
    code, output, error = noctua(state, "approve", PLAN, "--by", "fay")
    assert (code, output) == (1, "")
    assert "reject by «erin»" in error
    with Journal.open(state / "journal.sqlite") as journal:
        answer = journal.approval_request(PLAN, 0.0).approval
    assert answer is not None
    assert answer.decision == "reject"


def test_an_answer_that_comes_too_late_is_refused(state: Path) -> None:
    with Journal.open(state / "journal.sqlite") as journal:
        late_s = journal.approval_request(PLAN, 0.0).expires_s + 1
        journal.add_event(INCIDENT, late_s, "symptom", "monitor", "time has passed")
        assert last_entry_s(journal, "live") == late_s
    (state / "networks" / "live.sqlite").unlink()  # the journal's last entry is the clock then
    code, output, error = noctua(state, "approve", PLAN)
    assert (code, output) == (2, "")
    assert "expired" in error
    with Journal.open(state / "journal.sqlite") as journal:
        assert journal.approval_request(PLAN, late_s).state == "expired"
        assert journal.audit_lines()[-1].action == "answer_too_late"


@pytest.mark.slow
def test_resume_waits_for_the_person_and_time_stands_still(state: Path) -> None:
    first = json.loads(noctua(state, "resume", "--json")[1])
    second = json.loads(noctua(state, "resume", "--json")[1])
    assert first["waiting"] == [PLAN]
    assert second["now_s"] == first["now_s"]


@pytest.mark.slow
def test_an_approved_plan_is_carried_to_the_end(resolved: Path) -> None:
    with Journal.open(resolved / "journal.sqlite") as journal:
        assert journal.incident(INCIDENT).phase is Phase.RESOLVED
        assert journal.changes(plan_id=PLAN)


def test_with_nothing_open_resume_says_so(resolved: Path) -> None:
    code, output, _ = noctua(resolved, "resume")
    assert code == 0
    assert "no incident is open" in output


@pytest.mark.slow
def test_resume_names_what_is_with_people(state: Path) -> None:
    with Journal.open(state / "journal.sqlite") as journal:
        at_s = journal.timeline(INCIDENT)[-1].time_s
        journal.set_phase(INCIDENT, Phase.ESCALATED)
        journal.add_event(INCIDENT, at_s, "escalated", "supervisor", "a person has to look")
    code, output, _ = noctua(state, "resume")
    assert code == 0
    assert f"with people, and not known to be over: {INCIDENT}" in output
    assert "no incident is open" not in output
    assert json.loads(noctua(state, "resume", "--json")[1])["with_people"] == [INCIDENT]


@pytest.mark.slow
def test_resume_for_a_duration_moves_the_clock_by_it(state: Path) -> None:
    assert noctua(state, "reject", PLAN)[0] == 0
    before = json.loads(noctua(state, "show", INCIDENT, "--json")[1])["now_s"]
    after = json.loads(noctua(state, "resume", "--for", "2m", "--json")[1])
    assert after["now_s"] <= before + 120


@pytest.mark.parametrize("text", ["", "soon", "5 parsecs", "-3m", "0s"])
def test_a_duration_that_makes_no_sense_is_refused(state: Path, text: str) -> None:
    code, _, error = noctua(state, "resume", f"--for={text}")
    assert code == 2
    assert "is not a duration" in error


def test_a_missing_network_is_named_with_the_known_ones(state: Path) -> None:
    file = state / "networks" / "live.sqlite"
    file.rename(file.with_name("lively.sqlite"))
    code, _, error = noctua(state, "resume", INCIDENT)
    assert code == 2
    assert 'network "live"' in error
    assert "lively" in error


@pytest.mark.parametrize(("form", "start"), [("html", "<!DOCTYPE"), ("md", "# "), ("json", "{")])
def test_a_report_is_written_where_it_is_wanted(
    state: Path, tmp_path: Path, form: str, start: str
) -> None:
    file = tmp_path / "deep" / f"report.{form}"
    code, output, _ = noctua(state, "report", INCIDENT, "--format", form, "--out", str(file))
    assert (code, output.strip()) == (0, str(file))
    assert file.read_text(encoding="utf-8").lstrip().startswith(start)


def test_report_as_json_names_the_file_and_the_head_of_the_audit_chain(state: Path) -> None:
    document = json.loads(noctua(state, "report", INCIDENT, "--json")[1])
    with Journal.open(state / "journal.sqlite") as journal:
        assert document["audit_head"] == journal.verify_audit().head
    assert Path(document["path"]).is_file()
