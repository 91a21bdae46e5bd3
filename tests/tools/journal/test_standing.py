"""An incident that people have is theirs until one of them closes it, or it is over and was had."""

import itertools
from contextlib import suppress
from pathlib import Path

import pytest

from tests.tools.journal.conftest import OPENED_S, incident
from tools.journal.journal import Journal
from tools.journal.standing import (
    CLOSED,
    IMPACT,
    NOTED,
    OVER,
    REOPENED,
    SLO_MINUTES,
    TAKEN,
    PersonsEvent,
    Standing,
    impact_of,
    is_with_people,
    look_over,
    open_incidents,
    standing,
    with_people,
)
from twin.nouns.impact import Impact, ServiceHit
from twin.nouns.incident import Phase
from twin.nouns.principal import OS_USER, Principal

INCIDENT, NETWORK = incident().id, incident().network
ERIN = Principal(name="erin", provider=OS_USER)
HIT = ServiceHit(service="gold-17", customer="Acme")


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


def _played(journal: Journal, *kinds: str) -> Standing:
    """The standing of an escalated incident after events of those kinds, a minute apart."""
    journal.set_phase(INCIDENT, Phase.ESCALATED)
    for minute, kind in enumerate(("escalated", *kinds)):
        at_s = OPENED_S + 60.0 * minute
        if kind in PERSONS:
            journal.add_persons_event(INCIDENT, at_s, kind, ERIN, "so", {"note": "so"})
        else:
            journal.add_event(INCIDENT, at_s, kind, "monitor", "it is so")
    return standing(journal, journal.incident(INCIDENT))


PERSONS: dict[str, PersonsEvent] = {kind: kind for kind in (TAKEN, NOTED, CLOSED, REOPENED)}


@pytest.mark.parametrize(
    ("kinds", "with_people", "unattended", "ending"),
    [
        ((), True, False, ""),
        ((TAKEN,), True, False, ""),
        ((NOTED,), True, False, ""),
        ((OVER,), False, True, ""),
        ((OVER, NOTED), False, True, ""),
        ((TAKEN, OVER), False, False, "over"),
        ((OVER, TAKEN), False, False, "over"),
        ((TAKEN, OVER, "symptom"), True, False, ""),
        ((CLOSED,), False, False, "closed"),
        ((OVER, CLOSED), False, False, "closed"),
        ((CLOSED, "symptom"), True, False, ""),
        ((CLOSED, "escalated"), True, False, ""),
        ((CLOSED, REOPENED), True, False, ""),
        ((OVER, REOPENED), True, False, ""),
        ((TAKEN, OVER, REOPENED), True, False, ""),
        ((CLOSED, REOPENED, "symptom", OVER), False, False, "over"),
        ((CLOSED, REOPENED, CLOSED), False, False, "closed"),
    ],
)
def test_what_was_told_last_decides_where_an_escalated_incident_stands(
    journal: Journal, kinds: tuple[str, ...], with_people: bool, unattended: bool, ending: str
) -> None:
    found = _played(journal, *kinds)
    assert (found.with_people, found.unattended, found.ending) == (with_people, unattended, ending)
    assert (found.ended_s is None) == (ending == "")
    assert is_with_people(journal, journal.incident(INCIDENT)) == with_people
    if ending:
        assert found.ended_s == OPENED_S + 60.0 * len(kinds), "the last thing that it took ended it"


def test_every_history_leaves_an_incident_in_exactly_one_place(journal: Journal) -> None:
    kinds = ("symptom", OVER, TAKEN, CLOSED, REOPENED)
    for told in itertools.product(kinds, repeat=2):
        found = _played(journal, *told)
        assert sum([found.with_people, found.unattended, found.ended_s is not None]) == 1, told


def test_who_has_it_and_what_was_noted_last_are_known(journal: Journal) -> None:
    found = _played(journal, TAKEN, NOTED)
    assert (found.handed_s, found.taken_by, found.taken_s) == (OPENED_S, "erin", OPENED_S + 60.0)
    assert (found.note, found.noted_by, found.noted_s) == ("so", "erin", OPENED_S + 120.0)


def test_what_people_do_stands_in_the_audit_log_under_their_name(journal: Journal) -> None:
    _played(journal, TAKEN, CLOSED)
    lines = journal.audit_lines(INCIDENT)
    assert [(x.actor, x.action, x.data["provider"]) for x in lines] == [
        ("erin", "taken", OS_USER),
        ("erin", "closed", OS_USER),
    ]
    assert journal.verify_audit().first_broken is None
    assert journal.check_seals().sound


def _impact(minutes: float, as_of_s: float, *hit: ServiceHit) -> Impact:
    lost = {"gold-17": minutes} if minutes else {}
    return Impact(as_of_s=as_of_s, hit_now=hit, minutes_lost=lost)


def test_minutes_are_those_that_were_counted_last(journal: Journal) -> None:
    record = journal.incident(INCIDENT)
    assert impact_of(journal, record) is None
    while_open = _impact(3.0, OPENED_S - 30.0, HIT)
    journal.put_artefact(INCIDENT, IMPACT, while_open)
    assert impact_of(journal, record) == while_open
    _played(journal)
    journal.put_artefact(INCIDENT, SLO_MINUTES, {"gold-17": 4.0})
    assert impact_of(journal, record) == _impact(4.0, OPENED_S, HIT)
    going_on = _impact(9.0, OPENED_S + 300.0, HIT)
    journal.put_artefact(INCIDENT, IMPACT, going_on)
    assert impact_of(journal, record) == going_on


def test_resolved_incident_hits_nobody_any_more(journal: Journal) -> None:
    journal.put_artefact(INCIDENT, IMPACT, _impact(3.0, OPENED_S - 30.0, HIT))
    journal.put_artefact(INCIDENT, SLO_MINUTES, {"gold-17": 4.0})
    journal.set_phase(INCIDENT, Phase.RESOLVED)
    journal.add_event(INCIDENT, OPENED_S, "resolved", "supervisor", "it is over")
    record = journal.incident(INCIDENT)
    assert impact_of(journal, record) == _impact(4.0, OPENED_S)
    found = standing(journal, record)
    assert (found.ended_s, found.ending, found.with_people) == (OPENED_S, "resolved", False)


# What has ended is read once


def _read(journal: Journal) -> list[str]:
    """What one look at who has what reads, of single incidents."""
    told: list[str] = []
    journal._connection.set_trace_callback(told.append)
    open_incidents(journal, NETWORK)
    journal._connection.set_trace_callback(None)
    return [text for text in told if "WHERE id = " in text or "incident_id = " in text]


def _many_ended(journal: Journal) -> None:
    """Ten more incidents that have ended, every other one closed by a person."""
    for number in range(10):
        name = f"inc-{number}"
        journal.open_incident(incident(name), OPENED_S - 9000.0 + number, "b" * 32)
        closed = number % 2 == 0
        for kind in ("escalated", CLOSED) if closed else ("resolved",):
            journal.add_event(name, OPENED_S - 60.0, kind, "erin", "so")
        journal.set_phase(name, Phase.ESCALATED if closed else Phase.RESOLVED)


def test_what_has_ended_is_not_read_again_until_something_is_told_of_it(journal: Journal) -> None:
    _many_ended(journal)
    assert [r.incident.id for r in open_incidents(journal, NETWORK)] == [INCIDENT]
    assert _read(journal) == []
    journal.set_phase("inc-3", Phase.ESCALATED)
    journal.add_persons_event("inc-3", OPENED_S, REOPENED, ERIN, "it is back")
    assert [r.incident.id for r in open_incidents(journal, NETWORK)] == ["inc-3", INCIDENT]
    assert [r.incident.id for r in with_people(journal, NETWORK)] == ["inc-3"]
    assert look_over(journal, NETWORK).settled == {f"inc-{n}" for n in range(10) if n != 3}
    journal.add_persons_event("inc-3", OPENED_S, CLOSED, ERIN, "so")
    assert with_people(journal, NETWORK) == ()
    _tell(journal, "resolved")
    journal.set_phase(INCIDENT, Phase.RESOLVED)
    assert open_incidents(journal, NETWORK) == ()
    assert _read(journal) == []


def test_what_another_process_told_of_it_is_heard(journal: Journal, path: Path) -> None:
    _many_ended(journal)
    assert with_people(journal, NETWORK) == ()
    with Journal.open(path) as elsewhere, elsewhere.transaction():
        elsewhere.set_phase("inc-1", Phase.ESCALATED)
        elsewhere.add_persons_event("inc-1", OPENED_S, REOPENED, ERIN, "it is back")
    assert [r.incident.id for r in with_people(journal, NETWORK)] == ["inc-1"]


class _TakenBack(Exception):
    """Ends a transaction."""


def test_what_was_taken_back_hides_nothing(journal: Journal) -> None:
    """An event that is told next gets the number of one that was taken back."""
    _many_ended(journal)
    assert with_people(journal, NETWORK) == ()
    with suppress(_TakenBack), journal.transaction():
        journal.add_event("inc-0", OPENED_S, NOTED, "erin", "so")
        assert with_people(journal, NETWORK) == ()
        raise _TakenBack
    journal.add_event("inc-0", OPENED_S, "symptom", "monitor", "it is back")
    assert [r.incident.id for r in with_people(journal, NETWORK)] == ["inc-0"]
