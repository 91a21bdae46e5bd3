"""An incident is closed when what opened it is over, and not when only its cause is."""

from pathlib import Path

import pytest

from graphs.closing import still_seen
from tests.graphs.stagehand import FIRST, LOSSY, SECOND, Operation, Person, case, operating
from twin.nouns.incident import Phase
from twin.tracking.alarms import Alarm
from twin.tracking.services import BreachSpan

ELSEWHERE = "ATLAng>LOSAng/voice"
"""A path of probes that nothing is wrong with: what is said of it here nothing else takes back."""


def _soaking(operation: Operation) -> None:
    operation.run(
        lambda: operation.phase() is Phase.SOAKING if operation.journal.incidents() else False
    )


def _loses(operation: Operation, path: str) -> None:
    """Probes of `path` are lost from now on, and belong to the incident."""
    tracker, desk = operation.workplace.tracker, operation.workplace.desk
    tracker.book.raise_alarm(Alarm("probe_loss", path, operation.clock.now_s(), 0.1))
    lost = next(s for s in tracker.active_symptoms() if s.resource == path)
    incident = desk.incident(FIRST)
    operation.journal.update_incident(
        incident.model_copy(update={"symptoms": (*incident.symptoms, lost)})
    )


@pytest.mark.slow
def test_what_goes_on_after_the_cause_is_gone_keeps_it_open_until_it_ends(tmp_path: Path) -> None:
    with operating(tmp_path, case((600.0, LOSSY)), person=Person()) as operation:
        _soaking(operation)
        _loses(operation, ELSEWHERE)
        operation.run(lambda: bool(operation.told("lingers")))
        (lingers,) = operation.told("lingers")
        assert lingers.text == f"it is not closed yet: probe_loss:{ELSEWHERE} is seen"
        operation.run(most_s=240.0)
        assert operation.phase() is Phase.SOAKING
        operation.workplace.tracker.book.clear("probe_loss", ELSEWHERE)
        operation.run()
        assert operation.phase() is Phase.RESOLVED


@pytest.mark.slow
def test_what_was_changed_is_taken_out_sooner_where_services_suffer_with_it(tmp_path: Path) -> None:
    with operating(tmp_path, case((600.0, LOSSY)), person=Person()) as operation:
        _soaking(operation)
        name = operation.network.inventory().services[0].id
        hurt = BreachSpan(operation.clock.now_s(), 290.0, frozenset({name}))
        operation.workplace.tracker.services.spans.append(hurt)
        operation.run(lambda: operation.phase() is Phase.RETURNING)
        (repaired,) = operation.told("repaired")
        soak_s = operation.workplace.desk.policy.verification.soak_s
        assert operation.told("planned")[-1].time_s < repaired.time_s + 0.5 * soak_s
        operation.run()
        assert operation.phase() is Phase.RESOLVED


@pytest.mark.slow
def test_what_goes_on_without_its_cause_is_looked_at_anew(tmp_path: Path) -> None:
    with operating(tmp_path, case((600.0, LOSSY)), person=Person()) as operation:
        _soaking(operation)
        _loses(operation, ELSEWHERE)
        operation.run(lambda: len(operation.journal.incidents()) > 1)
        assert operation.phase() is Phase.RESOLVED
        (event,) = operation.told("parted")
        assert event.text == f"probe_loss:{ELSEWHERE} had another cause, and is looked at anew"
        (symptom,) = operation.journal.incident(SECOND).incident.symptoms
        assert symptom.id == f"probe_loss:{ELSEWHERE}"


@pytest.mark.slow
def test_service_that_was_in_breach_before_keeps_nothing_open(tmp_path: Path) -> None:
    with operating(tmp_path, case((600.0, LOSSY)), person=Person()) as operation:
        operation.run()
        incident = operation.workplace.desk.incident(FIRST)
        services = operation.workplace.tracker.services
        assert still_seen(operation.workplace.desk, incident) == ""
        name = operation.network.inventory().services[0].id
        services.in_breach_now = frozenset({name})
        assert still_seen(operation.workplace.desk, incident) == f"services are in breach: {name}"
        late = incident.model_copy(update={"onset_s": services.spans[-1].time_s + 600.0})
        services.in_breach_now = services.spans[-1].services
        assert still_seen(operation.workplace.desk, late) == ""
