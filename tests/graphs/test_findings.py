"""What people found is remembered under the incident's id, once, whoever wrote there before."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from graphs.findings import closed_by_people, remember_finding
from tests.tools.journal.conftest import OPENED_S, incident
from tools.graph_store.embedded import EmbeddedGraph
from tools.journal.journal import Journal
from tools.journal.standing import CLOSED, FOUND, REOPENED
from twin.knowledge.past import PastIncident
from twin.nouns.finding import Finding
from twin.nouns.incident import Phase
from twin.nouns.principal import OS_USER, Principal

ERIN = Principal(name="erin", provider=OS_USER)
INCIDENT, NETWORK = incident().id, incident().network
FINDING = Finding(
    by=ERIN,
    found_s=OPENED_S,
    said="link A-B down",
    faults=("link_down@A-B",),
    resources=("A-B",),
    verdict="unknown",
    diagnosed=(),
)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path / "journal.sqlite") as opened:
        opened.open_incident(incident(), OPENED_S, "a" * 32)
        opened.set_phase(INCIDENT, Phase.ESCALATED)
        yield opened


def test_finding_replaces_the_diagnosed_cause_and_keeps_what_was_done(
    journal: Journal, tmp_path: Path
) -> None:
    graph = EmbeddedGraph.open(tmp_path / "graph.sqlite")
    known = PastIncident(
        id=INCIDENT,
        title=incident().title,
        opened_s=OPENED_S,
        symptoms=(),
        cause="",
        remedy="drain A-B",
        worked=False,
    )
    graph.remember_incident(known)
    remember_finding(graph, journal, INCIDENT)
    assert graph.past_incident(INCIDENT) == known, "nobody has found anything"
    journal.put_artefact(INCIDENT, FOUND, FINDING)
    remember_finding(graph, journal, INCIDENT)
    found = known.model_copy(update={"cause": "link_down@A-B", "found_by": "erin", "decided": True})
    assert EmbeddedGraph.open(tmp_path / "graph.sqlite").past_incident(INCIDENT) == found
    before = graph.snapshot().revision
    remember_finding(graph, journal, INCIDENT)
    assert graph.snapshot().revision == before, "what is known already is not written again"


def test_incidents_that_people_have_closed_are_found_by_whoever_watches_next(
    journal: Journal,
) -> None:
    assert closed_by_people(journal, NETWORK) == ()
    journal.add_persons_event(INCIDENT, OPENED_S, CLOSED, ERIN, "so")
    assert closed_by_people(journal, NETWORK) == (INCIDENT,)
    assert closed_by_people(journal, "another") == ()
    journal.add_persons_event(INCIDENT, OPENED_S, REOPENED, ERIN, "so")
    assert closed_by_people(journal, NETWORK) == ()


def test_finding_agrees_with_a_diagnosis_that_names_the_same_and_no_other_fault() -> None:
    named = FINDING.model_copy(update={"verdict": "found", "diagnosed": ("link_down@A-B",)})
    assert named.agrees
    assert FINDING.agrees is False, "the diagnosis had named nothing"
    assert FINDING.model_copy(update={"verdict": ""}).agrees is None, "there was none"
    assert FINDING.model_copy(update={"faults": ()}).agrees is None
