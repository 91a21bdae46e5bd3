import json
from pathlib import Path

import pytest

from channels import verbs
from graphs.state_directory import StateDirectory
from tests.channels.cli.desk_of_paper import (
    OPENED_S,
    SECOND,
    open_journal,
    write_incident,
    write_plan,
)
from tests.channels.conftest import PLAN, noctua
from tools.journal.records import Quarantine

TWO = f"{SECOND}.mitigate1"


@pytest.fixture
def asked(state: Path) -> Path:
    """A plan that needs two people, who have to override a freeze; its clock is the journal's."""
    (state / "networks" / "live.sqlite").unlink()
    with open_journal(state) as journal:
        write_incident(journal)
        plan = write_plan(journal, temporary=False)
        journal.request_approval(
            plan,
            OPENED_S,
            OPENED_S + 1800.0,
            approvers_needed=2,
            overrides_needed=("freeze:year-end",),
        )
    return state


def _approve(state: Path, by: str, *more: str) -> tuple[int, str, str]:
    override = ("--override", "freeze:year-end", "--reason", "customers are down")
    return noctua(state, "approve", TWO, "--by", by, *(more or override))


@pytest.mark.slow
def test_first_of_two_is_told_that_somebody_else_has_to_approve(asked: Path) -> None:
    code, output, _ = _approve(asked, "erin")
    assert code == 0
    assert "1 more person must approve as well" in output
    assert f"noctua approve {TWO} --override freeze:year-end --reason WHY" in output
    with open_journal(asked) as journal:
        assert journal.approval_request(TWO, OPENED_S).state == "waiting"


def test_one_person_is_not_two_however_the_name_is_typed(asked: Path) -> None:
    assert _approve(asked, "erin")[0] == 0
    code, output, error = _approve(asked, " Erin ")
    assert (code, output) == (1, "")
    assert "has to be somebody else" in error
    with open_journal(asked) as journal:
        assert len(journal.approval_request(TWO, OPENED_S).answers) == 1


def test_second_person_decides_with_the_overrides_in_the_row(asked: Path) -> None:
    assert _approve(asked, "erin")[0] == 0
    code, output, _ = _approve(asked, "fay")
    assert code == 0
    assert f"noctua resume {SECOND}" in output
    with open_journal(asked) as journal:
        request = journal.approval_request(TWO, OPENED_S)
    assert request.state == "approved"
    assert [answer.overrides for answer in request.answers] == [("freeze:year-end",)] * 2
    code, _, error = _approve(asked, "gil")
    assert code == 1
    assert "approve by «fay»" in error


def test_approval_that_does_not_name_what_it_overrides_is_refused(asked: Path) -> None:
    code, _, error = _approve(asked, "erin", "--reason", "it is urgent")
    assert code == 2
    assert "--override freeze:year-end" in error


def test_override_without_a_reason_is_refused(asked: Path) -> None:
    code, _, error = _approve(asked, "erin", "--override", "freeze:year-end")
    assert code == 2
    assert "--reason" in error
    with open_journal(asked) as journal:
        assert journal.approval_request(TWO, OPENED_S).answers == ()


def test_one_rejection_is_enough_and_needs_no_override(asked: Path) -> None:
    assert _approve(asked, "erin")[0] == 0
    code, output, _ = noctua(asked, "reject", TWO, "--by", "fay", "--json")
    assert (code, json.loads(output)["still_needed"]) == (0, 0)
    assert "reject by «fay»" in _approve(asked, "gil")[2]


def test_what_is_still_needed_stands_in_show_and_in_the_list(asked: Path) -> None:
    assert _approve(asked, "erin")[0] == 0
    shown = noctua(asked, "show", SECOND)[1]
    assert "1 more person must approve" in shown
    assert "approve by «erin» overriding freeze:year-end: «customers are down»" in shown
    row = next(r for r in json.loads(noctua(asked, "incidents", "--json")[1]) if r["id"] == SECOND)
    assert "2 different people (1 so far: «erin»), naming freeze:year-end" in row["waiting_for"]


@pytest.fixture
def isolated(state: Path) -> Path:
    with open_journal(state) as journal:
        entry = Quarantine(network="live", node="Fulda", since_s=OPENED_S, reason="it is half-way")
        journal.quarantine(entry)
    return state


def test_quarantine_is_listed_with_its_reason(isolated: Path) -> None:
    assert "it is half-way" in noctua(isolated, "quarantine", "list")[1]
    [entry] = json.loads(noctua(isolated, "quarantine", "list", "--json")[1])
    assert (entry["network"], entry["node"]) == ("live", "Fulda")


def test_lifted_quarantine_stands_in_the_audit_log_with_who_and_why(isolated: Path) -> None:
    lifted = ("quarantine", "lift", "live", "Fulda", "--by", "erin", "--reason", "runs as intended")
    assert noctua(isolated, *lifted)[0] == 0
    with open_journal(isolated) as journal:
        assert journal.quarantined("live") == ()
        line = journal.audit_lines()[-1]
    assert (line.actor, line.action, line.subject) == ("erin", "lift_quarantine", "live/Fulda")
    assert line.data == {
        "reason": "runs as intended",
        "provider": "flag",
        "role": "single user",
        "channel": "command line",
    }
    assert "No device is in quarantine" in noctua(isolated, "quarantine", "list")[1]


@pytest.mark.parametrize(
    ("network", "node", "hint"),
    [("live", "Kassel", "in quarantine are Fulda"), ("life", "Fulda", 'did you mean "live"')],
)
def test_device_that_is_not_in_quarantine_is_refused(
    isolated: Path, network: str, node: str, hint: str
) -> None:
    code, _, error = noctua(isolated, "quarantine", "lift", network, node, "--reason", "looked")
    assert code == 2
    assert hint in error


def test_quarantine_is_not_lifted_without_saying_what_was_seen(isolated: Path) -> None:
    assert noctua(isolated, "quarantine", "lift", "live", "Fulda")[0] == 2
    assert noctua(isolated, "quarantine", "lift", "live", "Fulda", "--reason", " ")[0] == 2
    with open_journal(isolated) as journal:
        assert len(journal.quarantined("live")) == 1


def test_remedy_to_plan_instead_has_to_be_one_that_was_simulated(state: Path) -> None:
    code, _, error = noctua(state, "reject", PLAN, "--instead", "R99")
    assert code == 2
    assert '"R99" was not simulated in place of live-0001.mitigate1 (these were: R2, ' in error
    ids = [t.remedy.id for t in verbs.alternatives(StateDirectory(state), PLAN)]
    assert "R2" in ids
    assert noctua(state, "reject", PLAN, "--instead", "R2", "--reason", "less to move")[0] == 0
    with open_journal(state) as journal:
        [answer] = journal.approval_request(PLAN, 0.0).answers
    assert (answer.decision, answer.instead) == ("reject", "R2")
