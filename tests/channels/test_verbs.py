"""Verbs, on an incident that was played: nouns come back, and nothing is printed."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import channels.cli
from channels import verbs
from channels.views import IncidentDetails, IncidentView
from graphs.state_directory import StateDirectory
from tests.channels.cli.desk_of_paper import OPENED_S
from tests.channels.conftest import INCIDENT, PLAN
from tools.journal.records import Quarantine
from twin.errors import BadInput, NoctuaError
from twin.nouns.incident import Phase
from twin.nouns.principal import FLAG, OS_USER, Principal

ERIN = Principal(name="erin", provider=OS_USER)

CLI = Path(channels.cli.__path__[0])

HOSTS = {"event_lines.py", "live_table.py", "standing_watch.py", "timeline.py", "watching.py"}
"""They stand for a process that works on a state directory for as long as it lives."""

OPENERS = {"journal", "read_only_journal", "open_read_only", "Journal"}


@pytest.fixture
def directory(state: Path) -> StateDirectory:
    return StateDirectory(state)


def test_every_channel_is_told_the_same_of_an_incident(directory: StateDirectory) -> None:
    (listed,) = verbs.incidents(directory)
    (network,) = verbs.networks(directory)
    (handed_over,) = verbs.handover(directory, 3600.0).networks
    assert listed.waiting_for == f"approval of {PLAN}"
    assert network.incidents == handed_over.incidents == (listed,)
    assert verbs.report(directory, INCIDENT).incident == listed
    details = verbs.incident(directory, INCIDENT)
    assert isinstance(details, IncidentDetails)
    assert {name: getattr(details, name) for name in IncidentView.model_fields} == dict(listed)


def test_details_are_json_and_back(directory: StateDirectory) -> None:
    details = verbs.incident(directory, INCIDENT)
    assert IncidentDetails.model_validate_json(details.model_dump_json()) == details


def test_answer_says_who_gave_it_and_how_they_signed_in(directory: StateDirectory) -> None:
    answered = verbs.reject(directory, INCIDENT, ERIN, "not tonight")
    assert answered.answer.won
    assert answered.request.state == "rejected"
    assert not answered.watched
    with directory.journal() as journal:
        line = journal.audit_lines(subject=PLAN)[-1]
    assert (line.actor, line.action) == ("erin", "answer")
    assert line.data["by"] == {"name": "erin", "provider": OS_USER}


def test_one_person_answers_once_however_they_signed_in(directory: StateDirectory) -> None:
    assert verbs.approve(directory, PLAN, ERIN).answer.won
    again = verbs.approve(directory, PLAN, Principal(name="Erin ", provider=FLAG)).answer
    assert (again.won, again.standing.by) == (False, ERIN)


def test_override_takes_a_reason(directory: StateDirectory) -> None:
    with pytest.raises(BadInput, match="freeze:year-end is overridden"):
        verbs.approve(directory, PLAN, ERIN, " ", ["freeze:year-end"])


def test_what_has_ended_waits_for_nothing_and_says_when(resolved: Path) -> None:
    directory = StateDirectory(resolved)
    (view,) = verbs.incidents(directory)
    assert (view.phase, view.waiting_for) == (Phase.RESOLVED, "")
    assert view.ended_s == verbs.incident(directory, INCIDENT).timeline[-1].time_s
    with pytest.raises(BadInput, match="is closed"):
        verbs.approve(directory, PLAN, ERIN)


def test_lifted_quarantine_is_audited_with_who_vouched(directory: StateDirectory) -> None:
    with directory.journal() as journal:
        entry = Quarantine(network="live", node="Fulda", since_s=OPENED_S, reason="half-way")
        journal.quarantine(entry)
    assert verbs.quarantined(directory) == (entry,)
    assert verbs.lift_quarantine(directory, "live", "Fulda", ERIN, "runs as intended").by == ERIN
    assert verbs.quarantined(directory) == ()
    with pytest.raises(BadInput, match="no device of it is"):
        verbs.lift_quarantine(directory, "live", "Fulda", ERIN, "once more")


def test_question_is_answered_with_what_it_rests_on(directory: StateDirectory) -> None:
    reply = verbs.ask(directory, "how many links are there?")
    assert (reply.network, reply.declined) == ("live", False)
    assert reply.citations


@pytest.mark.parametrize("verb", ["incidents", "networks", "quarantined", "converse"])
def test_directory_in_which_nothing_has_run_is_refused(tmp_path: Path, verb: str) -> None:
    with pytest.raises(BadInput, match="is not a state directory"):
        getattr(verbs, verb)(StateDirectory(tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", ["incident", "report", "approve", "reject"])
def test_unknown_incident_is_refused_with_what_is_near(
    directory: StateDirectory, verb: str
) -> None:
    arguments = (ERIN,) if verb in ("approve", "reject") else ()
    with pytest.raises(NoctuaError, match=INCIDENT):
        getattr(verbs, verb)(directory, "live-001", *arguments)


def test_commands_leave_the_journal_to_the_verbs() -> None:
    """But for hosts, and for `doctor`, which looks at journals that no verb would open."""
    found = {
        f"{file.name}:{line}"
        for file in CLI.glob("*.py")
        if file.name not in HOSTS
        for line in _openings(file.read_text(encoding="utf-8"))
    }
    assert found == set()


@pytest.mark.parametrize(
    "source", ["directory_of(context).journal()", "with state.journal() as j: x", "Journal.open(f)"]
)
def test_walk_finds_a_command_that_opens_the_journal(source: str) -> None:
    assert list(_openings(f"import x\n{source}")) == [2]


def _openings(source: str) -> Iterator[int]:
    """Lines on which a journal is opened or asked."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            parts = list(ast.walk(node.func))
            named = {part.id for part in parts if isinstance(part, ast.Name)}
            named |= {part.attr for part in parts if isinstance(part, ast.Attribute)}
            if named & OPENERS:
                yield node.lineno
