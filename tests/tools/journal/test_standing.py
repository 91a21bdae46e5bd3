"""An incident that people have is theirs until a watch has seen nothing of it any more."""

from tests.tools.journal.conftest import OPENED_S, incident
from tools.journal.journal import Journal
from tools.journal.standing import OVER, is_with_people, with_people
from twin.nouns.incident import Phase

INCIDENT, NETWORK = incident().id, incident().network


def _tell(journal: Journal, kind: str) -> None:
    journal.add_event(INCIDENT, OPENED_S + 60.0, kind, "monitor", "it is so")


def _has_people(journal: Journal) -> bool:
    return is_with_people(journal, journal.incident(INCIDENT))


def test_open_and_resolved_incidents_are_not_with_people(journal: Journal) -> None:
    assert not _has_people(journal)
    journal.set_phase(INCIDENT, Phase.RESOLVED)
    assert not _has_people(journal)
    assert with_people(journal, NETWORK) == ()


def test_escalated_incident_is_with_people_until_it_is_over_and_again_when_it_returns(
    journal: Journal,
) -> None:
    _tell(journal, "escalated")
    journal.set_phase(INCIDENT, Phase.ESCALATED)
    assert [r.incident.id for r in with_people(journal, NETWORK)] == [INCIDENT]
    assert with_people(journal, "another") == ()
    _tell(journal, OVER)
    assert not _has_people(journal)
    _tell(journal, "symptom")
    assert _has_people(journal)
