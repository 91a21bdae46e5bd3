"""How long an incident waits, for what, and when a person is called instead."""

from collections.abc import Iterator

import pytest

from graphs.deliberation import supervise
from graphs.pages import watch_services
from graphs.recovery import await_repair
from graphs.state import IncidentState
from tests.graphs.stagehand import FIRST, LOSSY, Operation, Person, case, operating
from twin.nouns.diagnosis import Diagnosis
from twin.nouns.incident import Phase
from twin.tracking.tracker import CONVERGENCE_S

ROUND_S, FLOW_ROUND_S = 30.0, 300.0
"""How often the emulated network sends counters and flow records."""

DAY_S = 86_400.0


@pytest.fixture(scope="module")
def repairing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operation]:
    """The remedy is confirmed; the field was sent out and has not come back."""
    folder = tmp_path_factory.mktemp("repairing")
    with operating(folder, case((300.0, LOSSY)), person=Person()) as operation:
        operation.run(
            lambda: (
                bool(operation.journal.incidents()) and operation.phase() is Phase.AWAITING_REPAIR
            )
        )
        yield operation


def _state(operation: Operation, **more: object) -> IncidentState:
    (record,) = operation.journal.dispatches(FIRST)
    diagnosis = operation.journal.artefact(FIRST, "diagnosis", Diagnosis)
    assert diagnosis is not None
    return {
        "incident_id": FIRST,
        "dispatch_id": record.dispatch.id,
        "diagnosis": diagnosis.model_dump(mode="json"),
        "send_backs": 0,
        # Which keys they are, each test says.
        **more,  # type: ignore[typeddict-item]
    }


@pytest.mark.slow
@pytest.mark.parametrize(("since_s", "goes_to"), [(DAY_S - 60, "wait"), (DAY_S + 60, "escalate")])
def test_repair_that_takes_longer_than_a_day_is_a_persons_to_chase(
    repairing: Operation, since_s: float, goes_to: str
) -> None:
    waiting_since_s = repairing.clock.now_s() - since_s
    done = await_repair(
        repairing.workplace.desk, _state(repairing, waiting_since_s=waiting_since_s)
    )
    assert done.goto == goes_to


@pytest.mark.parametrize(("hurt_for_s", "is_called"), [(290.0, False), (310.0, True)])
def test_person_is_called_for_services_that_were_in_breach_for_five_minutes(
    repairing: Operation, hurt_for_s: float, is_called: bool
) -> None:
    services = repairing.workplace.desk.situation.tracker.services
    before, calls = services.in_breach_now, len(repairing.told("paged"))
    services.in_breach_now = frozenset({"svc-1"})
    try:
        since_s = repairing.clock.now_s() - hurt_for_s
        update = watch_services(
            repairing.workplace.desk, _state(repairing, hurt_since_s=since_s), FIRST
        )
    finally:
        services.in_breach_now = before
    assert update.get("paged", False) is is_called
    assert len(repairing.told("paged")) - calls == is_called


def test_diagnosis_waits_for_two_rounds_of_counters_after_convergence(
    repairing: Operation,
) -> None:
    incident = repairing.journal.incident(FIRST).incident
    asked_s = [e.time_s for e in repairing.told("diagnosed")]
    assert asked_s
    assert min(asked_s) >= incident.onset_s + CONVERGENCE_S + 2 * ROUND_S


def test_two_looks_again_see_at_least_one_new_flow_record(repairing: Operation) -> None:
    diagnosis = repairing.journal.artefact(FIRST, "diagnosis", Diagnosis)
    assert diagnosis is not None
    unknown = diagnosis.model_copy(update={"verdict": "unknown", "hypotheses": ()})
    state = _state(
        repairing,
        phase=Phase.DIAGNOSING.value,
        diagnosis=unknown.model_dump(mode="json"),
    )
    done = supervise(repairing.workplace.desk, state)
    assert done.goto == "wait"
    assert isinstance(done.update, dict)
    assert done.update["wait_then"] == "diagnoser"
    waits_s = done.update["wait_until_s"] - repairing.clock.now_s()
    assert 2 * waits_s >= FLOW_ROUND_S
    assert waits_s < FLOW_ROUND_S, "it is not looked at again later than one would be"
