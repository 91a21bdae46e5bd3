"""Two troubles are two incidents, however close; one trouble is one, however it was noticed."""

from pathlib import Path

import pytest

from graphs.field import send_field
from graphs.merging import same_trouble
from graphs.state import IncidentState
from tests.graphs.stagehand import (
    FIRST,
    LOSSY,
    SECOND,
    WESTERN_LINK,
    Operation,
    Person,
    case,
    operating,
)
from twin.events.faults.link_down import LinkDown
from twin.nouns.diagnosis import Diagnosis
from twin.nouns.incident import Incident, Phase, Severity
from twin.tracking.alarms import Alarm

LOSSY_LINK = LinkDown(link=LOSSY.link)
LONG_S = 3 * 3600.0


def _cause(operation: Operation, incident_id: str) -> list[str]:
    diagnosis = operation.journal.artefact(incident_id, "diagnosis", Diagnosis)
    return [] if diagnosis is None else [f.id for f in diagnosis.cause]


def _links_sent_to(operation: Operation, incident_id: str) -> list[tuple[str, ...]]:
    return [d.dispatch.links for d in operation.journal.dispatches(incident_id)]


@pytest.mark.slow
@pytest.mark.parametrize("later_s", [300.0, 1500.0])
def test_second_fault_during_the_repair_of_the_first_is_diagnosed_alone(
    tmp_path: Path, later_s: float
) -> None:
    faults = case((600.0, WESTERN_LINK), (600.0 + later_s, LOSSY), repair_s=LONG_S)
    with operating(tmp_path, faults, person=Person()) as operation:
        operation.run(
            lambda: (
                len(operation.journal.incidents()) > 1
                and operation.phase(SECOND) is Phase.AWAITING_REPAIR
            )
        )
        assert _cause(operation, FIRST) == [WESTERN_LINK.id]
        assert _cause(operation, SECOND) == [LOSSY.id]
        assert _links_sent_to(operation, FIRST) == [(WESTERN_LINK.link,)]
        assert _links_sent_to(operation, SECOND) == [(LOSSY.link,)]


@pytest.mark.slow
def test_field_is_sent_for_what_is_found_to_be_down_besides_and_for_nothing_twice(
    tmp_path: Path,
) -> None:
    with operating(tmp_path, case((600.0, LOSSY), repair_s=LONG_S), person=Person()) as operation:
        operation.run(lambda: operation.has_begun() and operation.told("dispatched") != [])
        desk = operation.workplace.desk
        found = desk.journal.artefact(FIRST, "diagnosis", Diagnosis)
        assert found is not None
        first = found.hypotheses[0]
        both = first.model_copy(update={"faults": (*first.faults, WESTERN_LINK)})
        state: IncidentState = {
            "incident_id": FIRST,
            "dispatch_id": f"{FIRST}.dispatch1",
            "diagnosis": found.model_copy(update={"hypotheses": (both,)}).model_dump(mode="json"),
        }
        assert send_field(desk, state) == {"dispatch_id": f"{FIRST}.dispatch2"}
        assert _links_sent_to(operation, FIRST) == [(LOSSY.link,), (WESTERN_LINK.link,)]
        assert send_field(desk, state) == {}
        assert len(_links_sent_to(operation, FIRST)) == 2
        assert send_field(desk, state, again=True) == {"dispatch_id": f"{FIRST}.dispatch3"}
        assert _links_sent_to(operation, FIRST)[-1] == tuple(
            sorted([LOSSY.link, WESTERN_LINK.link])
        )


@pytest.mark.slow
def test_link_that_comes_back_and_loses_is_a_trouble_of_its_own(tmp_path: Path) -> None:
    faults = case((600.0, LOSSY_LINK), (2700.0, LOSSY), repair_s=600.0)
    with operating(tmp_path, faults, person=Person()) as operation:
        before = operation.running()
        operation.run(lambda: len(operation.journal.incidents()) > 1)
        assert operation.told("repaired")
        assert operation.told("rolled_back") == [], "it has come back drained"
        operation.run()
        (taken_back,) = operation.told("rolled_back")
        assert "worse" in taken_back.text
        assert _cause(operation, SECOND) == [LOSSY.id]
        assert _links_sent_to(operation, SECOND) == [(LOSSY.link,)]
        assert _links_sent_to(operation, FIRST) == [(LOSSY.link,)], "it waits for the other order"
        assert operation.phase(FIRST) is operation.phase(SECOND) is Phase.RESOLVED
        assert operation.running() == before


@pytest.mark.slow
def test_what_is_seen_of_a_known_cause_is_part_of_its_incident(tmp_path: Path) -> None:
    faults = case((600.0, WESTERN_LINK), repair_s=LONG_S)
    with operating(tmp_path, faults, person=Person()) as operation:
        operation.run(lambda: operation.has_begun() and operation.told("dispatched") != [])
        desk, now_s = operation.workplace.desk, operation.clock.now_s()
        book = operation.workplace.tracker.book
        for path in ("DNVRng>KSCYng/voice", "ATLAM5>ATLAng/voice"):
            book.raise_alarm(Alarm("probe_loss", path, now_s, 0.1))
        crossing, elsewhere = (
            Incident(
                id=SECOND,
                network="live",
                onset_s=now_s,
                detected_s=now_s,
                severity=Severity.MAJOR,
                title=f"probe loss: {path}",
                symptoms=tuple(s for s in book.active() if s.resource == path),
            )
            for path in ("DNVRng>KSCYng/voice", "ATLAM5>ATLAng/voice")
        )
        operation.journal.open_incident(crossing, now_s, f"{1:032x}")
        assert same_trouble(desk, crossing) == FIRST
        assert same_trouble(desk, elsewhere) == ""
        book.clear("probe_loss", "ATLAM5>ATLAng/voice")
        operation.run(lambda: operation.phase(SECOND) is Phase.RESOLVED)
        (merged,) = operation.told("merged", SECOND)
        assert merged.data == {"into": FIRST}
        assert "probe_loss:DNVRng>KSCYng/voice" in {
            s.id for s in operation.journal.incident(FIRST).incident.symptoms
        }
        assert _links_sent_to(operation, SECOND) == []
